"""Metrics from what is printed: numbers in `print`, f-strings, `%` and `format`, at full precision, with the label the text gives them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from nbtrack.capture.about import arguments_of, setting_of
from nbtrack.capture.curves import Kept
from nbtrack.capture.known import module_of
from nbtrack.capture.labels import SPLITS, labelled
from nbtrack.capture.measures import Measured, ends_curve, is_equal, is_equal_or_share, key_of, known, metrics, number, told
from nbtrack.capture.own_name import own_name, snake
from nbtrack.capture.program import program_of
from nbtrack.capture.provenance import Origins, origins_of, through
from nbtrack.capture.sites import is_repeated
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.capture.unnamed import said_above, unlabelled
from nbtrack.capture.weave import taps
from nbtrack.capture.weave.functions import is_compiled
from nbtrack.capture.weave.insert import Transformer, wrap
from nbtrack.capture.weave.kinds import Kind, kind_of, path_of
from nbtrack.capture.weave.taps import Shape, Tap
from nbtrack.capture.weave.values import Parts
from nbtrack.capture.weave.words import is_coefficient, is_measure
from nbtrack.entities.ledger import Entry
from nbtrack.notebooks.nodes import children, walked
from nbtrack.patterns import regex
from nbtrack.records import dataclass

SHOWS = frozenset(("print", "display", "pprint"))
_DRAWS = frozenset(("title", "set_title", "suptitle", "text", "figtext", "annotate", "plot", "scatter", "legend", "axhline", "axvline"))
"""Methods that put a text into a figure."""
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
WHOLE = regex(
    r"(^|_)(errors?|mistakes?|correct|misclassified|mislabell?ed|rewards?|returns?|score|loss|cost|energy|distance|fitness"
    r"|best_iter(ation)?|best_epoch|best_round|recompensas?|pr[eê]mios?|r[eé]compenses?|belohnung(en)?|ricompens[ae]|награда)($|_)|奖励|報酬|보상"
)
"""Measures that may be whole numbers; other whole numbers are counts."""
_TRAILING = regex(r"(_(of|on|the|for|in|at|with|a|over))+$")
_ASIDE = regex(r"(^|_)(time|times|seconds?|secs?|elapsed|duration|runtime|memory|mem|date|lr|learning_rate|version)($|_)")
"""What a report tells beside its results."""
SERIES = 3
"""Values that one print of a function gave from which on they are a curve."""
_ITEMS = 60
"""Most items of a dict of results."""
_MANY = 20
"""Items of what holds data rather than results."""
_SHOWN = regex(r"['\"]|" + "|".join(sorted(SHOWS | {"format"})))
"""What the code of a cell has that shows something, or draws a text."""
_SPOTS = 200
"""Most printed expressions of a cell that are tapped."""


@dataclass(frozen=True)
class Spot:
    """One expression that is printed outside loops."""

    label: str
    node: ast.expr
    is_percent: bool
    place: str
    """Function it stands in; empty at top level."""
    text: str
    """The expression as it was written."""
    group: int = 0
    """Same for the expressions of one print."""
    word: str = ""
    """The word that was shown before its value."""
    about: ast.expr | None = None
    """What may hold a word that tells of what it is, see `Labelled`."""
    is_count: bool = False
    """A sentence counts mistakes by it."""


class Printed(Source):
    """Weaves a tap into every printed expression outside loops; what a loop prints, or a function that a loop calls, is a curve."""

    name = "printed numbers"
    kind = "metrics"

    def __init__(self) -> None:
        self.transformer = Transformer(self._weave)
        self._woven: dict[str, list[tuple[Spot, Tap]]] = {}
        """By the code of the cell; the taps of functions stay when other cells call them."""
        self._active: Cell | None = None

    def start(self, shell: Any) -> None:
        self.transformer.start(shell)

    def stop(self) -> None:
        for tap in self._taps():
            tap.off()
        self.transformer.stop()

    def enter(self, entry: Entry) -> None:
        if _SHOWN.search(entry.code):
            self.transformer.arm(entry)

    def leave(self, entry: Entry) -> None:
        self.transformer.disarm()
        active = self._active
        if active is not None and active.entry is entry:
            self._active = None
            entry.facts[self.name] = [(spot, tap.drain()) for them in self._woven.values() for spot, tap in them]
            for tap in self._taps():
                tap.off()

    def before(self, cell: Cell) -> Iterable[Finding]:
        if self._active is None and not cell.is_preview:
            self._active = cell
            for tap in self._taps():
                tap.on()
        return ()

    def after(self, cell: Cell) -> Iterable[Finding]:
        if cell.is_preview:
            yield from _foreseen(cell)
            return
        seen: list[tuple[Spot, Any]] = []
        kept = Kept(cell) if "curves" in cell.choice.kinds else None
        for spot, values in _counted(map(_as_one, cell.entry.facts.get(self.name, ()))):
            is_told = spot.about is not None and any(type(it) is Parts for it in values)
            if kept is not None and not is_told and len(values) >= SERIES and is_repeated(program_of(cell), spot.place):
                yield from _curve(kept, spot, values)
            elif is_told:
                seen.extend(_by_word(spot, values))
            elif values and type(values[-1]) is Parts:
                seen.extend(_of_tuple(cell, spot, values[-1]))
            elif values and not (len(values) > 1 and _ends_a_curve(cell, values[-1])):
                seen.append((spot, values[-1]))
        yield from metrics(cell, _measured(cell, seen))

    def _weave(self, tree: ast.Module, entry: Entry) -> bool:
        spots = list(spots_in(tree))[:_SPOTS] if taps.NAME not in entry.code else []
        if not spots:
            return False  # perhaps of what stands around the cell, such as the call of %%time
        fresh = [(spot, Tap(Shape.VALUE)) for spot in spots]
        for _, tap in self._woven.get(entry.code, ()):
            tap.off()
        wrap(tree, {id(spot.node): tap.index for spot, tap in fresh}, {id(spot.node): spot.about for spot, _ in fresh if spot.about is not None})
        self._woven[entry.code] = fresh
        if self._active is not None and self._active.entry is entry:
            for _, tap in fresh:
                tap.on()
        return True

    def _taps(self) -> list[Tap]:
        return [tap for them in self._woven.values() for _, tap in them]


def spots_in(tree: ast.AST, place: str = "") -> Iterator[Spot]:
    """Printed expressions outside loops; of functions too."""
    for node in children(tree):
        if isinstance(node, (*_LOOPS, ast.Lambda)):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and is_compiled(node):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from spots_in(node, node.name)
        elif isinstance(node, ast.Expr) and _is_text(node.value):
            yield from _spots(node.value, place)
        elif isinstance(node, ast.Expr) and (texts := _texts_drawn(node.value)):
            yield from (it for text in texts for spot in _spots(text, place) if (it := _drawn(spot)) is not None)
        else:
            yield from spots_in(node, place)


def _texts_drawn(node: ast.expr) -> list[ast.expr]:
    """Formatted titles, texts and labels of a plot: `plt.title(f"accuracy {acc:.2f}")`, `plt.plot(x, y, label="AUC = %.2f" % auc)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _DRAWS:
        return []
    given = [*node.args, *(it.value for it in node.keywords if it.arg in ("label", "s", "text"))]
    return [it for it in given if _is_text(it) and not (isinstance(it, ast.Call) and isinstance(it.func, ast.Name))]


def _drawn(spot: Spot) -> Spot | None:
    """A number of a plot's text, by the label that says a measure, or by its name; None where neither does."""
    if is_measure(spot.label):
        return spot
    return replace(spot, label="") if is_measure(own_name(spot.node)) else None


def labels_in(cell: Cell) -> dict[str, list[tuple[int, str]]]:
    """What names are called where the cell prints them at top level, with the lines in which it does."""
    kept: dict[str, list[tuple[int, str]]] | None = cell.entry.facts.get("labels of names")
    if kept is None:
        kept = {}
        for spot in spots_in(cell.entry.tree) if cell.entry.tree is not None else ():
            core = through(spot.node)
            if isinstance(core, ast.Name) and not spot.place and spot.label:
                kept.setdefault(core.id, []).append((core.lineno, spot.label))
        cell.entry.facts["labels of names"] = kept
    return kept


def _is_text(node: ast.expr) -> bool:
    """A print, or a formatted text that a cell ends with."""
    if isinstance(node, ast.Call):
        return (isinstance(node.func, ast.Name) and node.func.id in SHOWS) or (isinstance(node.func, ast.Attribute) and node.func.attr == "format")
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant))


def _spots(group: ast.expr, place: str) -> Iterator[Spot]:
    for it in labelled(group):
        if not isinstance(it.node, (ast.Constant, ast.JoinedStr, ast.List, ast.Dict, ast.Compare, ast.Starred, ast.Lambda)):
            node = _unrounded(it.node)
            is_clear = not place and (is_measure(it.label) or not isinstance(it.about, ast.Name))
            yield Spot(it.label, node, it.is_percent, place, ast.unparse(node), id(group), about=None if is_clear else it.about, is_count=it.is_count)


def _counted(seen: Iterable[tuple[Spot, list[Any]]]) -> Iterator[tuple[Spot, list[Any]]]:
    """`Accuracy: {hits}/{size} ({share}%)`: the label stands before the count, and means the share."""
    labels: dict[int, str] = {}
    for spot, values in seen:
        if is_measure(spot.label) and not spot.is_percent and len(values) >= SERIES and all(type(number(it)) is int for it in values):
            labels[spot.group] = spot.label
        is_share = spot.is_percent and not is_measure(spot.label) and spot.group in labels
        yield replace(spot, label=labels.pop(spot.group)) if is_share else spot, values


def _as_one(seen: tuple[Spot, list[Any]]) -> tuple[Spot, list[Any]]:
    """What a print gave with always the same word before it: one quantity, which goes by that word if nothing else says what it is."""
    spot, values = seen
    words = {key for it in values if type(it) is Parts for key in it.numbers} if spot.about is not None else set()
    if len(words) != 1:
        return seen
    is_named = is_measure(spot.label) or is_measure(own_name(spot.node))
    return (spot if is_named else _told(spot, str(words.pop()))), [next(iter(it.numbers.values())) if type(it) is Parts else it for it in values]


def _by_word(spot: Spot, values: list[Any]) -> Iterator[tuple[Spot, Any]]:
    """The last value of each word that was shown before it: one function prints several things."""
    last = {word: number for it in values if type(it) is Parts for word, number in it.numbers.items()}
    yield from ((_told(spot, str(word)), number) for word, number in last.items())


def _of_tuple(cell: Cell, spot: Spot, parts: Parts) -> Iterator[tuple[Spot, Any]]:
    """The numbers of a tuple that a function of the notebook gave, each by what the function calls it, or by its place behind the label."""
    function = program_of(cell).definitions.get(spot.node.func.id) if isinstance(spot.node, ast.Call) and isinstance(spot.node.func, ast.Name) else None
    given = [it.value for it in walked(function) if isinstance(it, ast.Return) and isinstance(it.value, ast.Tuple)] if function is not None else []
    for at, found in parts.numbers.items() if len(given) == 1 else ():
        name = own_name(given[0].elts[at]) if type(at) is int else ""
        label = name if is_measure(name) else f"{spot.label}_{at}" if spot.label and not name and type(number(found)) is float else ""
        if label:
            yield replace(spot, label=label, text=f"{spot.text}[{at}]", about=None), found


def _told(spot: Spot, word: str) -> Spot:
    """The spot by a word that was shown before its value: a model, a set of data, or what is measured."""
    label = spot.label or unlabelled(spot.node)
    spot, word = replace(spot, word=word), word.strip(" :=-")
    joint = "_" if snake(word) in SPLITS else "."
    return replace(spot, label=word if is_measure(snake(word)) or not is_measure(label) else f"{word}{joint}{label}" if word else label)


def _unrounded(node: ast.expr) -> ast.expr:
    """What is rounded, or made a text, for show."""
    while isinstance(node, ast.Call):
        path = path_of(node.func)
        if path not in (["str"], ["repr"]) and path[-1:] not in (["round"], ["around"]):
            break
        is_function = isinstance(node.func, ast.Name) or path[0] in ("np", "numpy")
        if is_function and not node.args:
            break
        node = node.args[0] if is_function else node.func.value  # type: ignore[attr-defined]
    return node


def _measured(cell: Cell, seen: Iterable[tuple[Spot, Any]]) -> Iterator[Measured]:
    program = program_of(cell)
    origins = origins_of(program)
    names, values = {*known(cell), *known(cell).values()}, set(told(cell).values())
    counted: dict[int, str] = {}
    given = _returned(cell)
    shown: dict[str, tuple[str, float | int]] = {}
    seen = list(seen)
    reporting = {spot.place for spot, found in seen if spot.place and is_measure(spot.label) and type(number(found)) is float}
    for spot, found in seen:
        value = number(found)
        core = through(ast.parse(spot.text, mode="eval").body)
        name = _called(cell, spot, core) if type(value) is float and not is_measure(spot.label) else spot.label or unlabelled(core)
        if type(value) is int and is_measure(name) and not spot.is_percent and not spot.is_count:
            counted[spot.group] = _TRAILING.sub("", name)  # "accuracy on the {n} test images: {value}"
        elif not is_measure(name) and spot.group in counted:
            name = counted.pop(spot.group)
        if value is None or not name or is_coefficient(name) or (spot.place and value in given):
            continue
        if isinstance(core, ast.Name) and not spot.place and (ends_curve(cell, core.id, value) or (core.id in names and value in values)):
            continue  # the name has it already
        if not is_measure(name) and _is_item(cell, core):
            continue
        is_share = spot.is_percent and is_measure(name)  # accuracy as a whole number of percent
        if type(value) is int and not is_share and not WHOLE.search(name):
            continue
        is_reported = spot.place in reporting and type(value) is float and _is_asked(origins, spot, core)
        if not is_reported and not _is_shown_result(origins, spot, core, name):
            continue
        qualifiers = arguments_of(cell, spot.place) if spot.place else ()
        key = core.id if isinstance(core, ast.Name) and not spot.place else f"{spot.place}:{key_of(core)}:{spot.word}" if spot.place else key_of(core)
        before, was = shown.setdefault(key, (name, value))
        held = number(cell.namespace.get(core.id)) if isinstance(core, ast.Name) and not spot.place else None
        is_past = held is not None and is_measure(spot.label) and not is_equal_or_share(held, value)
        if is_past or (before != name and not is_equal_or_share(was, value) and not isinstance(core, ast.Name)):
            key = f"{key} as {name}"  # what it reads was bound anew
        setting = setting_of(cell, spot.place) if spot.place else ""
        node = None if spot.place else core
        line = getattr(spot.node, "lineno", 0)
        yield Measured(name.rstrip("_"), value, "printed with its label", key, qualifiers, node=node, line=line, setting=setting, may_diverge=True)


def _called(cell: Cell, spot: Spot, core: ast.expr) -> str:
    """What a printed number is called whose text says no measure: by the text, the expression, or a comment where these say none either."""
    name = spot.label or unlabelled(core)
    is_told = bool(spot.label) and spot.label != snake(own_name(core))
    if is_told or spot.place or is_measure(name):
        return name
    return said_above(cell.entry, getattr(spot.node, "lineno", 0)) or name


def _is_item(cell: Cell, node: ast.expr) -> bool:
    """`labels[0]`: one of many."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant) or not isinstance(node.value, ast.Name):
        return False
    held: Any = cell.namespace.get(node.value.id)
    kind = type(held)
    is_known = kind in (list, tuple) or module_of(kind).partition(".")[0] in ("numpy", "torch", "pandas")
    return is_known and hasattr(kind, "__len__") and getattr(held, "shape", None) != () and len(held) > _MANY


def _returned(cell: Cell) -> set[float]:
    """Numbers of the dicts that one of several cells of a run binds: what a function printed of them has the variable's name there."""
    names = () if cell.is_own else cell.entry.scope.writes
    dicts = [value for name in names if type(value := cell.namespace.get(name)) is dict and len(value) <= _ITEMS]
    return {found for value in dicts for it in value.values() if type(found := number(it)) is float}


def _curve(kept: Kept, spot: Spot, values: list[Any]) -> Iterator[Finding]:
    """What a function that is called again and again from one place printed."""
    core = through(ast.parse(spot.text, mode="eval").body)
    name = (spot.label or unlabelled(core)).rstrip("_")
    numbers = [number(value) for value in values]
    found = [float(it) for it in numbers if it is not None]
    is_count = all(type(it) is int for it in numbers) and not WHOLE.search(name)
    if is_measure(name) and not is_count and len(found) == len(values) and len(set(found)) > 1:
        yield from kept.take(name, found, "printed by a function at each of its calls", f"{spot.place}.{name}")


def _ends_a_curve(cell: Cell, last: Any) -> bool:
    """Whether the last of several printed values is the last point of a curve."""
    value = number(last)
    return value is not None and cell.run is not None and any(is_equal(it, value) for it in cell.run.curve_ends.values())


def _foreseen(cell: Cell) -> Iterator[Finding]:
    """Labels of a cell that ran without taps."""
    origins = origins_of(program_of(cell))
    has = known(cell)
    for spot in spots_in(cell.entry.tree) if cell.entry.tree is not None else ():
        core = through(spot.node)
        name = spot.label or unlabelled(core)
        if name and not (isinstance(core, ast.Name) and (core.id in has or core.id in has.values())) and _is_shown_result(origins, spot, core, name):
            yield Finding("metric", name.rstrip("_"), "known when it runs", "printed with its label")


def _is_shown_result(origins: Origins, spot: Spot, core: ast.expr, name: str) -> bool:
    if spot.place:
        return any(is_measure(it) for it in (name, snake(name.rpartition(".")[2]), own_name(core)))  # a function's own names are not known here
    if not spot.label and not is_measure(name):
        return False
    if not is_measure(name) and _is_prediction(core):
        return False
    return not origins.why_not(core, name)


def _is_asked(origins: Origins, spot: Spot, node: ast.expr) -> bool:
    """Whether a function that prints measures shows, with a label, what it asked another for: `f"optimal arms: {test.share():.3f}"`."""
    is_call = isinstance(node, ast.Call) and kind_of(node, {}) is Kind.CALL and not _is_prediction(node) and not origins.is_statistic(node)
    return is_call and bool(spot.label) and not _ASIDE.search(spot.label)


def _is_prediction(node: ast.expr) -> bool:
    """`model.predict(sample)`, or an item of it: what a model says of one case."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return isinstance(node, ast.Call) and (path_of(node.func)[-1:] or [""])[0].startswith(("predict", "forecast"))
