"""What a formatted number is called: labels of the expressions in f-strings, `%`, `str.format` and the arguments of `print`."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import replace

from nbtrack.capture.own_name import own_name, snake
from nbtrack.capture.weave.kinds import path_of
from nbtrack.capture.weave.words import is_measure
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex
from nbtrack.records import dataclass


@dataclass(frozen=True)
class Labelled:
    """One expression that is shown, with its label."""

    label: str
    """In snake_case, such as `test_accuracy`; letters of any script. Empty where the text around it says nothing."""
    node: ast.expr
    """What is formatted: the expression in the tree itself, so that it can be found there again."""
    is_percent: bool = False
    """A percent sign follows."""
    about: ast.expr | None = None
    """What is shown before it, and may be a word that tells of what this is: a name, or `f.__name__`."""
    is_count: bool = False
    """A sentence counts mistakes by it."""
    context: str = ""
    """What stands before the label in its text, such as `greedy` in `Greedy - mean reward = `."""
    split: str = ""
    """What the text begins with, where that is a part of the data: `Test: epoch 3, accuracy 0.9`."""


Piece = str | ast.expr
_SHORTENED = "".join(
    f"(?<!{word})" for word in ("adj", "Adj", "avg", "Avg", "acc", "Acc", "std", "Std", "val", "Val", "max", "Max", "min", "Min", "log", "Log")
)
_BREAK = regex(rf"[,;|/\n\t()\[\]{{}}•·]|\s[-–—]+\s|{_SHORTENED}[.!?]\s|\s{{2,}}|={{2,}}|-{{2,}}|\*{{2,}}|#{{1,}}|>{{2,}}")  # noqa: RUF001 - dashes as people type them
_QUALIFIED = regex(r"(\w)\s*\(([^()]*)\)\s*$")
"""`RMSE (test)`: what stands in brackets before the value belongs to the label."""
_TAIL = regex(r"[\s:=≈~<>$€£^*#+\uff1a\uff1d-]+$")
_WORD_TAIL = regex(
    r"\s+(is|are|was|were|equals?|equal to|of|at|to|now|about|approximately|after|in|for|over|with|on|by|from|until|achieved|reached"
    r"|ist|sind|war|waren|liegt( bei)?|lag( bei)?|betr(ä|ae)gt|betrug|est( de)?|sont|était( de)?|es( de)?|son|era( de)?|fue( de)?|è|é( de)?|foi( de)?)$",
    re.IGNORECASE,
)
_PARTICLE = regex(r"(?<=[\u3040-\u30ff\u4e00-\u9fff])[は为為是]$|(?<=[\uac00-\ud7a3])[은는]$")
"""`正解率は`, `准确率为`, `정확도는`: what stands between a name and its value."""
_ARTICLE = regex(
    r"^((the|a|an|our|my|this|and|with|has|have|got|of|in|at|is|for|on|to"
    r"|der|die|das|ein|eine|le|la|les|un|une|el|los|las|una|il|lo|gli|o|os|as|um|uma)\s+|l['’]\s*(?=\w{3}))",  # noqa: RUF001 - an apostrophe as people type it
    re.IGNORECASE,
)
_UNITS = frozenset(
    ("epochs", "iterations", "iters", "its", "steps", "batches", "samples", "trials", "folds", "rounds", "episodes", "generations", "updates", "sec", "secs",
     "second", "seconds", "s", "ms", "min", "minutes", "images", "examples", "points", "rows", "observations", "instances", "items", "words", "tokens")
)  # fmt: skip
"""What a number counts, where such a word follows it."""
_ABOUT = regex(r"(.+?)_(?:after|at|for|in|on|with|when|using|of|over|by|by_the|pour|après|para|con|nach|bei|für)_(.+)")
"""`cost_after_iteration`, of which the first number is the iteration and the second the cost."""
_FILLERS = frozenset(
    ("", "is", "was", "are", "were", "equals", "gives", "gave", "got", "is_about", "es", "est", "ist", "war", "liegt_bei", "lag_bei", "beträgt", "è", "é",
     "是", "为")
)  # fmt: skip
_ALIGNED = regex(r"(?<=\w) {2,}(?=\w)")
"""Blanks by which people put the numbers of several lines below each other."""
_BRACKET = regex(r"[(\[]\s*$")
_THERE_ARE = regex(r"(^|\s)((there|it) (is|are|was|were)|made|makes|has|had|found|got|gives|gave)\s+$", re.IGNORECASE)
_MISTAKES = regex(r"\s+(mis[s-]? ?classifi\w*|mis-?label+ed|mistakes?|errors?|(wrong|incorrect|false) \w+)(?![\w]|\s*[:=])", re.IGNORECASE)
"""What a sentence counts: "there were {n} misclassifications"."""
_OUT_OF = regex(r"\s+(for|in|on|of|out of|from|with|among)(\s+the)?\s+$", re.IGNORECASE)
_UNTOLD = regex(r"[^()\[\]]*[)\]](?!\s*[:=])")
"""Behind a number in brackets: what they hold is not told by a sign that follows."""
SPLITS = frozenset(("train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval", "holdout", "oof"))
_PAIR = regex(r"(\w+) ?/ ?(\w+)((?: [^\W\d]\w*)*)\s*[:=]?\s*$")
"""`train/test accuracy: {a}/{b}`."""

_LEADS = regex(r"\W*(\w+)\s*(:|\||\s-|\))")
"""The word that a text begins with, apart from what follows: `Test: `, `[train] | `."""
_FORMULA = regex(r"\s?\*?\s?(?!s\b)[a-zA-Z]\w{0,2}(\^\d|\*\*\d|²)?\s*[+−-](\s|$)")  # noqa: RUF001 - a sign as people type it
"""Behind a number that is a coefficient, and before one that is added: `y = {a}x + {b}`."""
_FROM, _TO = regex(r"\sfrom\s+[$€£]?$", re.IGNORECASE), regex(r"\s*%?\s+(down |up )?to\s+[$€£]?", re.IGNORECASE)
"""`Loss decreased from {a} to {b}`."""
_CHANGES = regex(
    r"_(has_|was_|is_)?((de|in)creased|reduced|improved|dropped|fell|went|rose|grew|goes|moved|changed|declined|lowered|raised|shrank|drops|falls|rises)$"
    r"|^((de|in)creased|reduced|improved|changed|lowered|raised)_(the_)?"
)
_PLUS_MINUS = regex(r"(\+\s*/?\s*[-–−]|±|\\pm)[\s$({\[]*$")  # noqa: RUF001 - dashes as people type them
"""What stands between a mean and its deviation."""
_DEVIATES = regex(
    r"(stds?|st_?devs?|std_?dev(iation)?|standard_dev(iation)?|deviation|sd|sigma|σ|desviaci[oó]n(_(est[aá]ndar|t[ií]pica))?|desvio(_padr[aã]o)?"  # noqa: RUF001 - a letter people use
    r"|standardabweichung|[eé]cart_?type|deviazione_standard|标准差|標準差|標準偏差)"
)
_DEVIATIONS = frozenset(("std", "stdev", "pstdev", "nanstd"))
_INTERVALS = regex(r"(^|_)(ci|conf\w*|interval|margin|err|error|errors|sem|se|half)($|_|\d)", re.IGNORECASE)
"""Names of what stands behind the sign and is another thing."""
_MEAN = regex(r"(^|_)(mean|avg|average|media|m[eé]dia|moyenne|mittelwert|平均)(?=_|$)")


def labelled(node: ast.expr) -> list[Labelled]:
    """Labelled expressions of one text: an f-string, `"..." % values`, `"...".format(...)`, `a + str(b)`, or a call of `print` with its arguments."""
    return _label(pieces(node))


_TEXT_CALLS = frozenset(("str", "repr"))
_OF_TEXTS = frozenset(("replace", "strip", "lstrip", "rstrip", "upper", "title", "capitalize", "center", "ljust", "rjust", "expandtabs"))
"""Methods by which a text that is shown is only shown otherwise."""


def pieces(node: ast.expr) -> list[Piece]:
    """Literal texts and expressions in the order they are shown; nothing where it is no text we can read."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return [
            piece
            for part in node.values
            for piece in (pieces(part) if isinstance(part, ast.Constant) else [part.value] if isinstance(part, ast.FormattedValue) else [])
        ]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
        return list(_percent(node.left.value, node.right))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = pieces(node.left), pieces(node.right)
        return [*left, *right] if any(isinstance(it, str) for it in (*left, *right)) else []
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "format" and isinstance(node.func.value, ast.Constant):
            return list(_format(node.func.value.value, node)) if isinstance(node.func.value.value, str) else []
        if isinstance(node.func, ast.Name) and node.func.id in _TEXT_CALLS and len(node.args) == 1:
            return [node.args[0]]
        if isinstance(node.func, ast.Name) and node.func.id in ("print", "pprint", "display"):
            return _spaced(node.args)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _OF_TEXTS:
            return pieces(node.func.value)
        match node:
            case ast.Call(func=ast.Attribute(value=shown, attr="astype"), args=[ast.Name(id="str") | ast.Constant(value="str")]):
                return [shown]
    return []


def _spaced(arguments: Iterable[ast.expr]) -> list[Piece]:
    found: list[Piece] = []
    for argument in arguments:
        if isinstance(argument, ast.Starred):
            continue
        found.extend([*([" "] if found else []), *(pieces(argument) or [argument])])
    return found


def _percent(text: str, values: ast.expr) -> Iterator[Piece]:
    nodes = iter(values.elts if isinstance(values, ast.Tuple) else [values])
    keys = (
        {key.value: value for key, value in zip(values.keys, values.values, strict=True) if isinstance(key, ast.Constant)}
        if isinstance(values, ast.Dict)
        else {}
    )
    at = 0
    for found in re.finditer(r"%(\((\w+)\))?[-+ #0]*(\*|\d+)?(\.(\*|\d+)?)?[diouxXeEfFgGcrsa%]", text):
        yield text[at : found.start()]
        at = found.end()
        if found.group().endswith("%"):
            yield "%"
            continue
        for star in (found[3], found[5]):
            if star == "*":
                next(nodes, None)
        node = keys.get(found[2]) if found[2] else next(nodes, None)
        if node is not None:
            yield node
    yield text[at:]


def _format(text: str, call: ast.Call) -> Iterator[Piece]:
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    automatic = 0
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return
    for literal, field, spec, _ in fields:
        yield literal
        if field is None:
            continue
        which = re.split(r"[.\[]", field)[0] or str(automatic)  # "{loss.avg}" of an object that keeps a mean
        automatic += not field
        if which.isdigit():
            if int(which) < len(call.args) and not any(isinstance(it, ast.Starred) for it in call.args):
                yield call.args[int(which)]
        elif which in keywords:
            yield keywords[which]
        if spec and spec.endswith("%"):
            yield "%"


def _label(pieces: list[Piece]) -> list[Labelled]:
    joined: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        else:
            joined.append(piece)
    found: list[Labelled] = []
    lead = _LEADS.match(joined[0]) if joined and isinstance(joined[0], str) else None
    begins = lead[1].lower() if lead and lead[1].lower() in SPLITS else ""
    phrase = said = split = pair = changed = ""
    shown: ast.expr | None = None
    for at, piece in enumerate(joined):
        if isinstance(piece, str):
            continue
        before = joined[at - 1] if at and isinstance(joined[at - 1], str) else ""
        after = joined[at + 1] if at + 1 < len(joined) and isinstance(joined[at + 1], str) else ""
        assert isinstance(before, str) and isinstance(after, str)
        if _FORMULA.match(after) or _FORMULA.fullmatch(before):
            continue
        if _FROM.search(before) and _TO.fullmatch(after) and (changed := _changed(_words(_FROM.sub("", before))[-1])):
            continue  # where it began
        if changed and _TO.fullmatch(before):
            before, changed = f"{changed}: ", ""
        if found and found[-1].is_count and (mistakes := _MISTAKES.match(before)):
            before = _OUT_OF.sub("", before[mistakes.end() :])  # that was said of the number before
        is_count = bool(_THERE_ARE.search(before) and _MISTAKES.match(after))
        words = _words(_QUALIFIED.sub(_qualifying, _TAIL.sub("", before)))
        label = words[-1] if words[-1] not in _FILLERS and not _is_itself(before, piece) else ""
        told = [it for it in words if it]
        if is_count:
            label = "errors"
        elif not label and told and (is_measure(told[-1]) or _reads_measure(piece)) and _BRACKET.search(before) and _UNTOLD.match(after):
            label = told[-1]  # "Best accuracy ({a:.2f}) for {n} trees"
        if at > 1 and phrase and told and all(set(it.split("_")) <= _UNITS for it in told):
            label = phrase  # "loss after {n} epochs: {loss}"
        elif meant := [it for it in told if not set(it.split("_")) <= _UNITS and it not in _FILLERS]:
            phrase = meant[-1]
        if pair and before.strip() == "/":
            label = pair
        elif (both := _PAIR.search(before)) and after.strip() == "/" and at + 2 < len(joined):
            label, pair = _clean(both[1] + both[3]), _clean(both[2] + both[3])
        elif not label and said and re.sub(r"\s+", "_", before.strip(" \t:=~≈>-").lower()) in _FILLERS and (about := _ABOUT.fullmatch(said)):
            found = [replace(it, label=about[2]) if it.label == said else it for it in found]
            label, said = about[1], ""
        elif label in SPLITS and split:
            label = "_".join(label if it in SPLITS else it for it in split.split("_"))  # "MSE train: {a}, test: {b}"
        deviating = deviation_of(piece) if found else None
        is_deviation = deviating is not None and bool(_PLUS_MINUS.search(before) or _DEVIATES.fullmatch(label))
        label = _of_mean(found[-1].label) if is_deviation else label
        if label:
            said = label
        if label and SPLITS.intersection(label.split("_")) and not set(label.split("_")) <= SPLITS:
            split = label
        if not label and len([it for it in joined if not isinstance(it, str)]) == 1:
            label = _clean(re.split(r"[,;(\n]|[.!?](\s|$)", after.lstrip(" %:="))[0]) if after.strip() else ""
        node = deviating if is_deviation and deviating is not None else piece
        context = told[-2] if len(told) > 1 and label == told[-1] else ""
        found.append(Labelled(label or snake(own_name(piece)), node, after.lstrip().startswith("%"), shown, is_count, context, begins))
        if _may_be_word(piece) and not is_measure(found[-1].label):
            shown = piece
    return found


def _changed(label: str) -> str:
    """What a sentence says to have changed: `loss` of `loss_decreased`; empty where it says another thing, such as a range."""
    name = _CHANGES.sub("", label)
    return name if name != label and is_measure(name) else ""


def _reads_measure(node: ast.expr) -> bool:
    return any(is_measure(it.id if isinstance(it, ast.Name) else it.attr if isinstance(it, ast.Attribute) else "") for it in walk(node))


def deviation_of(node: ast.expr) -> ast.expr | None:
    """`s.std()` of `s.std()`, `round(2 * s.std(), 2)` and `np.std(s)`, and what a name, an item or an attribute holds; None of what is no deviation."""
    core = node
    while True:
        if isinstance(core, ast.Call) and (path_of(core.func) or [""])[-1] in ("round", "float", "around", "item"):
            core = core.args[0] if core.args else core.func.value if isinstance(core.func, ast.Attribute) else ast.Constant(None)
        elif isinstance(core, ast.BinOp) and isinstance(core.op, ast.Mult) and isinstance(core.left, ast.Constant):
            core = core.right
        elif isinstance(core, ast.BinOp) and isinstance(core.op, ast.Mult) and isinstance(core.right, ast.Constant):
            core = core.left
        else:
            break
    if isinstance(core, ast.Call):
        is_it = (path_of(core.func) or [""])[-1] in _DEVIATIONS
    else:
        is_it = isinstance(core, (ast.Name, ast.Attribute, ast.Subscript)) and not _INTERVALS.search(own_name(core))
    is_percent = isinstance(node, ast.BinOp) and any(isinstance(it, ast.Constant) and it.value in (100, 100.0) for it in (node.left, node.right))
    return (node if is_percent else core) if is_it else None


def std_of(node: ast.expr) -> str:
    """`scores_std` of `scores.std()` and `np.std(scores)`; else empty."""
    core = deviation_of(node)
    if not isinstance(core, ast.Call):
        return ""
    name = own_name(core.args[0] if core.args else core.func.value if isinstance(core.func, ast.Attribute) else core)
    return f"{name}_std" if name else ""


def _of_mean(label: str) -> str:
    """What the deviation is called of what has a mean of this name: `accuracy_std` of `accuracy` and `mean_accuracy`."""
    about = _MEAN.sub("", label).strip("_")
    return f"{about}_std" if about else "std"


def _words(text: str) -> list[str]:
    """Labels of the parts of a text; blanks that only align part nothing where what stands behind them says no measure, and the whole does."""
    words = [_clean(it) for it in _BREAK.split(text)]
    if not is_measure(words[-1]) and (joined := _ALIGNED.sub(" ", text)) != text and is_measure((whole := [_clean(it) for it in _BREAK.split(joined)])[-1]):
        return whole
    return words


def _qualifying(found: re.Match[str]) -> str:
    """`Accuracy 1 distance weights` of `Accuracy (1/distance weights)`: no part of what stands in brackets is a label alone."""
    return f"{found[1]} {re.sub(r'[,;|/]', ' ', found[2])}"


def _is_itself(before: str, node: ast.expr) -> bool:
    """Whether the text is the expression's own, as `{model.score(X, y)=}` shows it."""
    text = re.sub(r"\s", "", before)
    return text.endswith(")=") and text[:-1].endswith(re.sub(r"\s", "", ast.unparse(node)))


def _may_be_word(node: ast.expr) -> bool:
    """A name, `f.__name__` or `type(f).__name__`: to read it once more changes nothing."""
    while isinstance(node, ast.Attribute) and node.attr in ("__name__", "__class__"):
        node = node.value
    if isinstance(node, ast.Call) and path_of(node.func) == ["type"] and len(node.args) == 1:
        node = node.args[0]
    return isinstance(node, ast.Name)


def _clean(text: str) -> str:
    text = text.strip()
    for _ in range(4):
        shorter = _ARTICLE.sub("", _WORD_TAIL.sub("", _TAIL.sub("", text).strip()))
        if shorter == text:
            break
        text = shorter
    name = snake(_PARTICLE.sub("", text))
    return name if len(name) <= 60 and re.search(r"[^\W\d_]", name) else ""
