"""What a piece of code does when it runs, from its syntax tree: names it needs, binds and changes, and what it calls.

Finer than a Scope: the bodies of functions stand apart, since what they need is needed when they are called.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import field

from nbtrack.notebooks.branches import Branches
from nbtrack.notebooks.scopes import parse
from nbtrack.patterns import regex
from nbtrack.records import dataclass

_TIMERS = {"time", "timeit", "prun", "memit", "mprun", "lprun", "snakeviz", "pyinstrument", "capture"}
_TIMER_OPTIONS = regex(r"^(\s*-\w+(\s*=?\s*\d+)?)*\s*")
_SHELLS = {"bash", "sh", "script", "!", "cmd", "system", "sx", "perl", "ruby", "node", "js"}
_SHOWN_ONLY = {"html", "HTML", "javascript", "markdown", "latex", "svg", "SVG"}
_FRESH = {"len", "str", "int", "float", "bool", "repr", "type", "isinstance", "hasattr", "id", "sum", "round", "abs", "hash", "format", "range"}

_MAKES = frozenset(
    re.findall(
        r"\w+",
        "zeros ones empty full zeros_like ones_like empty_like full_like arange linspace logspace eye identity rand randn randint normal uniform copy clone"
        " deepcopy dot matmul sum mean std var exp log log2 log10 sqrt abs maximum minimum where cumsum cumprod concatenate hstack vstack stack argmax argmin"
        " item tolist predict predict_proba decision_function score perf_counter time",
    )
)
"""Functions and methods whose result is a thing of its own, in the libraries of numbers."""
_SAYS = {"print", "round", "str", "format", "repr", "display", "float", "abs"}
_OPAQUE = {"exec", "eval", "globals", "locals", "vars"}
_NAMESPACES = {"globals", "locals", "vars", "dir"}


@dataclass(frozen=True)
class Call:
    """One call in the code."""

    root: str
    """Name the called expression begins with; empty where it begins with no name, such as `[].append`."""
    path: tuple[str, ...] = ()
    """Attributes from there to what is called."""
    is_through_call: bool = False
    """What is called hangs on the result of another call: `a.b().c()`."""
    args: frozenset[str] = frozenset()
    """Names whose objects may be handed over."""
    keywords: frozenset[str] = frozenset()
    texts: tuple[str | None, ...] = ()
    """The first three arguments where they are literal texts, or name one: `=name`; None elsewhere."""
    named_texts: tuple[tuple[str, str], ...] = ()
    """Keyword arguments that are literals, as text."""
    n_args: int = 0
    is_handed_on: bool = False
    """Its result goes into another call that is not one of output or rounding."""
    hands_locals: bool = False
    """It is handed what a name of the function's own, or of a comprehension, may share with the outside."""
    on_local: bool = False
    """It is a method of such a name's object."""

    @property
    def method(self) -> str:
        return self.path[-1] if self.path else ""


@dataclass
class Body:
    """What a piece of code does: the top level of a cell, or a function's body."""

    reads: set[str] = field(default_factory=set)
    """Needed from before; builtins among them."""
    mentions: dict[str, int] = field(default_factory=dict)
    """Names that are read at all, and when the code first comes to it; `binds` counts alike."""
    binds: dict[str, int] = field(default_factory=dict)
    writes: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)
    """Bound whenever the code runs to its end."""
    deletes: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    """Names an attribute or item of whose object is set or deleted, or which stand left of `+=`."""
    calls: list[Call] = field(default_factory=list)
    attributes: set[tuple[str, ...]] = field(default_factory=set)
    """Chains such as ("os", "environ") that are read."""
    stored: set[tuple[str, ...]] = field(default_factory=set)
    """The same, where an item or attribute below is set."""
    imports: dict[str, str] = field(default_factory=dict)
    """Bound name to dotted name."""
    modules: set[str] = field(default_factory=set)
    """Modules that are imported, by full name."""
    functions: dict[str, Body] = field(default_factory=dict)
    """What the functions, classes and lambdas the code binds do when they are called."""
    repeated: set[str] = field(default_factory=set)
    """Bound more than once, or in a loop: at the end nobody can see what they meant in between."""
    sources: dict[str, set[str]] = field(default_factory=dict)
    """For each bound name, the names whose objects it may be or hold; `*` stands for any. Empty where it is always made anew."""
    changes_locals: bool = False
    """Changes objects by names of its own: what a function was handed, or what a comprehension goes through. Calls that may do so stand apart."""
    is_stateful: bool = False
    """A function that keeps something from call to call: a changeable default."""
    has_star_import: bool = False
    is_opaque: bool = False
    """Runs code that cannot be seen: exec, eval, an unknown magic."""
    first_use: dict[str, str] = field(default_factory=dict)
    """For each name that is read, the attribute taken of it first; empty where it is used otherwise."""
    shows: bool = False
    """The last statement is an expression, whose value IPython keeps as `_`."""
    commands: list[tuple[str, str]] = field(default_factory=list)
    """Magics and shell commands (`!`), each with its argument."""


def effects_of(code: str, source: str = "", tree: ast.Module | None = None) -> Body:
    """Effects of a cell.

    Args:
        code: the cell as Python.
        source: as typed; tells what a cell magic such as %%bash or %%writefile does.
        tree: of the code, where it was parsed already.
    """
    walk = _Walk(None)
    magic = _cell_magic(source)
    if magic is not None:
        _take_magic(walk, *magic)
    tree = tree if tree is not None else parse(code)
    if tree is None:
        return walk.body
    try:
        for statement in tree.body:
            walk.visit(statement)
    except RecursionError:
        walk.body.is_opaque = True
    walk.body.sure = set(walk.sure)
    walk.body.shows = bool(tree.body) and isinstance(tree.body[-1], ast.Expr)
    return walk.body


def plain_source(source: str) -> str:
    """The cell as typed, without its `%%track` line."""
    return source.lstrip().partition("\n")[2] if source.lstrip().startswith("%%track") else source


def _cell_magic(source: str) -> tuple[str, str, str] | None:
    text = plain_source(source)
    if not text.startswith("%%"):
        return None
    line, _, body = text[2:].partition("\n")
    name, _, rest = line.partition(" ")
    return (name.strip(), rest.strip(), body) if name.strip() not in _TIMERS else None


def _take_magic(walk: _Walk, name: str, line: str, body: str) -> None:
    found = walk.body
    if name in ("writefile", "file"):
        is_added = "-a" in line.split()
        path = line.rsplit(maxsplit=1)[-1] if line.split() else ""
        found.calls.append(Call("open", texts=(path, "a" if is_added else "w"), n_args=2))
    elif name in _SHELLS:
        found.commands.append(("!", body))
    elif name not in _SHOWN_ONLY:
        found.commands.append((name, line))
        found.is_opaque = True


class _Walk(Branches):
    """Walks code in the order of evaluation.

    Args:
        own: names that belong to the function whose body this is; None at top level.
        fresh: those of them that mean only what the function itself makes.
    """

    def __init__(self, own: set[str] | None, fresh: Collection[str] = ()) -> None:
        super().__init__()
        self.own, self._fresh = own, fresh
        self.body = Body()
        self._hidden: list[set[str]] = []
        self._clock = 0
        self._is_handed_on = False
        self._in_loop = 0

    def _is_own(self, name: str) -> bool:
        return (self.own is not None and name in self.own) or any(name in names for names in self._hidden)

    def _is_shared(self, name: str) -> bool:
        """Own, and maybe the same object as one outside."""
        return self._is_own(name) and (name not in self._fresh or any(name in names for names in self._hidden))

    def _from(self, target: ast.expr, sources: Iterable[str]) -> None:
        """The names of a target may mean or hold what these names mean."""
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and not self._is_own(node.id):
                self.body.sources.setdefault(node.id, set()).update(sources)

    def _read(self, name: str) -> None:
        if self._is_own(name):
            return
        self._clock += 1
        self.body.mentions.setdefault(name, self._clock)
        if name not in self.sure:
            self.body.reads.add(name)

    def _bind(self, name: str) -> None:
        if not self._is_own(name):
            self._clock += 1
            if self._in_loop or name in self.body.binds:
                self.body.repeated.add(name)
            self.body.binds.setdefault(name, self._clock)
            self.body.writes.add(name)
            self.sure.add(name)

    def _set(self, node: ast.expr) -> None:
        chain, _ = _chain(node)
        if not chain:
            return
        if self._is_own(chain[0]):
            is_direct = isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.value, ast.Name)
            self.body.changes_locals |= self._is_shared(chain[0]) or not is_direct
            return
        self._read(chain[0])
        self.body.sets.add(chain[0])
        self.body.stored.add(chain)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.body.first_use.setdefault(node.id, "")
            self._read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id)
        elif not self._is_own(node.id):
            self._read(node.id)
            self.body.deletes.add(node.id)
            self.sure.discard(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            chain, is_through_call = _chain(node)
            if chain and not is_through_call and not self._is_own(chain[0]):
                self.body.attributes.add(chain)
                self.body.first_use.setdefault(*chain[:2])
        else:
            self._set(node)
        self.visit(node.value)

    def _is_namespace(self, node: ast.expr) -> bool:
        """Whether it gives the names of the notebook: `globals()`, and at top level `locals()`, `vars()` and `dir()`."""
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args and not node.keywords and node.func.id in _NAMESPACES
        return is_call and (self.own is None or node.func.id == "globals") and node.func.id not in self.sure  # type: ignore[attr-defined]

    def visit_Compare(self, node: ast.Compare) -> None:
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)) and (name := _literal(node.left)) and self._is_namespace(node.comparators[0]):
            self._read(name)
        else:
            self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if (name := _literal(node.slice)) and self._is_namespace(node.value):
            self.visit_Name(ast.Name(name, node.ctx))
            return
        chain, _ = _chain(node.value)
        if chain[-1:] == ("environ",) and not self._is_own(chain[0]):
            method = "get" if isinstance(node.ctx, ast.Load) else "setdefault"
            self.body.calls.append(Call(chain[0], (*chain[1:], method), texts=(_text(node.slice),)))
        if not isinstance(node.ctx, ast.Load):
            self._set(node)
        self.visit(node.value)
        self.visit(node.slice)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)
            self._from(target, may_hold(node.value))
            if isinstance(target, ast.Name):
                self._lambdas(target.id, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)
            self._from(node.target, may_hold(node.value))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name) and not self._is_own(node.target.id):
            self._read(node.target.id)
            if node.target.id not in self.sure or self.body.sources.get(node.target.id, {"*"}):
                self.body.sets.add(node.target.id)
        elif isinstance(node.target, ast.Name):
            self.body.changes_locals |= self._is_shared(node.target.id)
        self.visit(node.value)
        self.visit(node.target)
        if isinstance(node.target, ast.Name):
            self._from(node.target, _displayed(node.value))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._bind(node.target.id)
        self._from(node.target, may_hold(node.value))

    def _lambdas(self, name: str, value: ast.expr) -> None:
        for inner in ast.walk(value):
            if isinstance(inner, ast.Lambda) and not self._is_own(name):
                self.body.functions[name] = body_of(inner)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._from(node.target, may_hold(node.iter))
        self._in_loop += 1
        self._branch([node.target, *node.body], node.orelse)
        self._in_loop -= 1

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self._in_loop += 1
        self.visit(node.test)
        self._branch(node.body, node.orelse)
        self._in_loop -= 1

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        before = set(self.sure)
        ends = []
        for branch in (node.body, node.orelse):
            self.sure = set(before)
            for statement in branch:
                self.visit(statement)
            ends.append(self.sure)
        self.sure = ends[0] & ends[1]

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._branch([node.body], [node.orelse])

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._branch(*([value] for value in node.values[1:]))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._bind(name)
            self.body.modules.add(alias.name)
            if not self._is_own(name):
                self.body.imports[name] = alias.name if alias.asname else name

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        self.body.modules.add(module)
        for alias in node.names:
            if alias.name == "*":
                self.body.has_star_import = True
                continue
            name = alias.asname or alias.name
            self._bind(name)
            if not self._is_own(name):
                self.body.imports[name] = f"{module}.{alias.name}"

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *(it for it in node.args.kw_defaults if it is not None)):
            self.visit(part)
        self._define(node.name, node)
        if node.decorator_list:  # a decorator may call it at once
            self._merge(self.body.functions.get(node.name))

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.visit(part)
        own = set(_bound_in(node))
        self._hidden.append(own)
        for statement in node.body:
            if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.visit(statement)
            else:
                for part in statement.decorator_list:
                    self.visit(part)
        self._hidden.pop()
        self._define(node.name, node)
        bases = [base.id for base in ast.walk(ast.Tuple(node.bases, ast.Load())) if isinstance(base, ast.Name)]
        if not self._is_own(node.name):
            self.body.functions[node.name].reads.update(bases)

    def _define(self, name: str, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        inner = body_of(node)
        if self.own is not None or self._hidden:  # defined inside a function: it may run with it
            self._merge(inner)
            return
        known = self.body.functions.get(name)
        if known is not None and name not in self.sure:  # defined in another branch too
            _join(inner, known)
        self.body.functions[name] = inner
        self._bind(name)

    def _merge(self, inner: Body | None) -> None:
        if inner is None:
            return
        for name in inner.reads:
            self._read(name)
        _join(self.body, inner, but_reads=True)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in (*node.args.defaults, *(it for it in node.args.kw_defaults if it is not None)):
            self.visit(part)
        self._merge(body_of(node))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.visit(node.generators[0].iter)
        self._hidden.append({inner.id for part in node.generators for inner in ast.walk(part.target) if isinstance(inner, ast.Name)})
        walrus = {inner.target.id for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr)}
        before = set(self.sure)
        for index, part in enumerate(node.generators):
            if index:
                self.visit(part.iter)
            for condition in part.ifs:
                self.visit(condition)
        for value in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(value)
        self._hidden.pop()
        self.sure = before
        self.body.writes.update(name for name in walrus if not self._is_own(name))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_Global(self, node: ast.Global) -> None:
        return

    def visit_Call(self, node: ast.Call) -> None:
        if _is_shell(node):
            self._shell(node)
            return
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr == "get" and self._is_namespace(func.value) and node.args and (name := _literal(node.args[0])):
            self._read(name)
            for value in node.args[1:]:
                self.visit(value)
            return
        chain, is_through_call = _chain(node.func)
        is_handed_on = self._is_handed_on
        self.visit(node.func)
        self._is_handed_on = is_handed_on or not (len(chain) == 1 and chain[0] in _SAYS) if chain != ("int",) else is_handed_on
        for part in (*node.args, *node.keywords):
            self.visit(part)
        self._is_handed_on = is_handed_on
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        args = {name for value in values for name in _handed(value)}
        hands_locals = any(self._is_shared(name) for name in args) and not (len(chain) == 1 and chain[0] in _FRESH)
        on_local = False
        if chain and self._is_own(chain[0]):
            is_direct = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
            on_local = len(chain) > 1 and (self._is_shared(chain[0]) or not is_direct)
            chain = ("", *chain[1:])
        self.body.calls.append(
            Call(
                chain[0] if chain else "", chain[1:] if chain else _tail(node.func), is_through_call or not chain,
                frozenset(name for name in args if not self._is_own(name)), frozenset(it.arg for it in node.keywords if it.arg),
                tuple(_text(value) for value in node.args[:3]),
                tuple((it.arg, text) for it in node.keywords if it.arg and (text := _text(it.value, any_literal=True)) is not None),
                len(node.args), is_handed_on, hands_locals, on_local,
            )
        )  # fmt: skip
        if len(chain) == 1 and chain[0] in _OPAQUE and chain[0] not in self.sure and (chain[0] != "vars" or not node.args):
            self.body.is_opaque = True

    def _shell(self, node: ast.Call) -> None:
        """A magic or a shell command, which IPython made a call of its shell."""
        assert isinstance(node.func, ast.Attribute)
        texts = [arg.value if isinstance(arg, ast.Constant) and isinstance(arg.value, str) else "" for arg in node.args]
        method = node.func.attr
        if method in ("system", "getoutput", "getoutput_var", "system_piped"):
            self.body.commands.append(("!", texts[0] if texts else ""))
            self._expanded(texts[0] if texts else "")
        elif method in ("run_line_magic", "run_cell_magic", "magic") and texts:
            name, line = texts[0].lstrip("%"), texts[1] if len(texts) > 1 else ""
            body = texts[2] if len(texts) > 2 else ""
            if method == "run_cell_magic" and name not in _TIMERS:
                _take_magic(self, name, line, body)
            elif name in _TIMERS:
                tree = parse(body or _TIMER_OPTIONS.sub("", line, count=1))
                for statement in tree.body if tree is not None else ():
                    self.visit(statement)
            else:
                self.body.commands.append((name, line))
                self._expanded(line)
        else:
            self.body.is_opaque = True

    def _expanded(self, text: str) -> None:
        """Names that IPython puts values in for: `{name}` and `$name`."""
        for braces, dollar in re.findall(r"\{(\w+)\}|\$(\w+)", text):
            if (braces or dollar).isidentifier():
                self._read(braces or dollar)


def _literal(node: ast.expr) -> str:
    """A name that stands in the code as a text; empty where none does."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier() else ""


def _is_shell(node: ast.Call) -> bool:
    func = node.func
    return (
        isinstance(func, ast.Attribute) and isinstance(func.value, ast.Call) and isinstance(func.value.func, ast.Name) and func.value.func.id == "get_ipython"
    )


def body_of(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) -> Body:
    """What a function does when it is called; a class: what any of its methods may do."""
    outside = {name for inner in ast.walk(node) if isinstance(inner, ast.Global) for name in inner.names}
    if isinstance(node, ast.ClassDef):
        found = Body()
        for statement in node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                _join(found, body_of(statement))
        return found
    own = set(_bound_in(node)) - outside
    walk = _Walk(own, own - _sharing(node))
    walk.body.is_stateful = any(isinstance(it, (ast.List, ast.Dict, ast.Set, ast.Call)) for it in (*node.args.defaults, *node.args.kw_defaults))
    inside: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    for part in inside:
        walk.visit(part)
    walk.body.sure = set()
    return walk.body


def _join(into: Body, other: Body, *, but_reads: bool = False) -> None:
    if not but_reads:
        into.reads |= other.reads
        into.mentions |= other.mentions
    into.writes |= other.writes
    into.deletes |= other.deletes
    into.sets |= other.sets
    into.calls += other.calls
    into.attributes |= other.attributes
    into.stored |= other.stored
    into.imports |= other.imports
    into.modules |= other.modules
    into.commands += other.commands
    into.changes_locals |= other.changes_locals
    into.is_stateful |= other.is_stateful
    into.is_opaque |= other.is_opaque
    into.has_star_import |= other.has_star_import


def _bound_in(node: ast.AST) -> Iterator[str]:
    """Names that belong to a function or class itself: its arguments and what its body binds, functions inside it left out."""
    waiting: list[ast.AST] = list(ast.iter_child_nodes(node))
    while waiting:
        child = waiting.pop()
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield child.name
            continue
        if isinstance(child, ast.Lambda):
            continue
        if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
            yield child.id
        elif isinstance(child, ast.arg):
            yield child.arg
        elif isinstance(child, ast.alias):
            yield child.asname or child.name.partition(".")[0]
        elif isinstance(child, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and child.name:
            yield child.name
        waiting.extend(ast.iter_child_nodes(child))


def _chain(node: ast.expr) -> tuple[tuple[str, ...], bool]:
    """An expression such as `a.b[0].c` as ("a", "b", "c"), and whether a call stands in it; empty where it begins with no name."""
    parts: list[str] = []
    is_through_call = False
    while True:
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, (ast.Subscript, ast.Starred, ast.Await)):
            node = node.value
        elif isinstance(node, ast.Call):
            is_through_call = True
            node = node.func
        else:
            break
    return ((node.id, *reversed(parts)) if isinstance(node, ast.Name) else (), is_through_call)


def _tail(node: ast.expr) -> tuple[str, ...]:
    return (node.attr,) if isinstance(node, ast.Attribute) else ()


def _handed(node: ast.expr) -> Iterable[str]:
    """Names whose objects an argument may hand over."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Constant):
        return ()
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FRESH:
        return ()
    if isinstance(node, (ast.JoinedStr, ast.Compare)):
        return ()
    if isinstance(node, (ast.BinOp, ast.UnaryOp)):
        return _displayed(node)
    return [name for child in ast.iter_child_nodes(node) if isinstance(child, (ast.expr, ast.keyword, ast.comprehension)) for name in _handed_in(child)]


def _displayed(node: ast.expr) -> list[str]:
    """Names that stand in a list, tuple or dict among the operands: their objects outlast the arithmetic."""
    if isinstance(node, ast.BinOp):
        return [*_displayed(node.left), *_displayed(node.right)]
    if isinstance(node, (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)):
        return list(_handed(node))
    return []


def may_hold(node: ast.expr) -> set[str]:
    """Names whose objects the value of an expression may be, or hold; arithmetic and what is known to make things anew give none."""
    if isinstance(node, (ast.Constant, ast.JoinedStr, ast.Compare)):
        return set()
    if isinstance(node, (ast.BinOp, ast.UnaryOp)):
        return set(_displayed(node))
    if isinstance(node, ast.Call):
        chain, _ = _chain(node.func)
        if (
            (len(chain) == 1 and chain[0] in _FRESH)
            or (len(chain) > 1 and chain[-1] in _MAKES)
            or (not chain and _tail(node.func)[-1:] and _tail(node.func)[0] in _MAKES)
        ):
            return set()
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _sharing(function: ast.AST) -> set[str]:
    """Names of a function's own that may mean objects from outside: its arguments, and what is bound to anything but new things."""
    found: set[str] = set()
    for node in ast.walk(function):
        targets: list[ast.AST] = []
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Assign):
            targets = list(node.targets) if not _is_new(node.value) else []
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
            targets = [node.target] if node.value is not None and not _is_new(node.value) else []
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            targets = [node.target] if not (isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Name) and node.iter.func.id == "range") else []
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            targets = [node.optional_vars]
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        found.update(inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store))
    return found


def _is_new(node: ast.expr) -> bool:
    """Whether an expression makes its value anew, sharing nothing with what is there."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return all(_is_new(item) for item in node.elts)
    return not may_hold(node)


def _handed_in(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.keyword):
        return _handed(node.value)
    if isinstance(node, ast.comprehension):
        return _handed(node.iter)
    return _handed(node) if isinstance(node, ast.expr) else ()


def _text(node: ast.expr, *, any_literal: bool = False) -> str | None:
    """A text that stands in the code: a literal, paths joined with `/`, `Path("...")`, or `=name` for a name that may hold one."""
    if isinstance(node, ast.Constant) and (isinstance(node.value, str) or any_literal):
        return str(node.value)
    if isinstance(node, ast.Name):
        return f"={node.id}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        left, right = _text(node.left), _text(node.right)
        return f"{left}/{right}" if left and right and "=" not in (left[0], right[0]) else None
    if isinstance(node, ast.Call):
        chain, _ = _chain(node.func)
        parts = [_text(arg) for arg in node.args]
        if chain and (chain[-1] in ("Path", "PurePath") or chain[-2:] == ("path", "join")) and parts:
            if len(parts) == 1:
                return parts[0]
            plain = [part for part in parts if part is not None and not part.startswith("=")]
            return "/".join(plain) if len(plain) == len(parts) else None
    return None
