"""What a piece of code does when it runs, from its syntax tree: names it needs, binds and changes, and what it calls.

Finer than a Scope: the bodies of functions stand apart, since what they need is needed when they are called.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from nbtrack.notebooks.arithmetic import is_arithmetic
from nbtrack.notebooks.body import Body, Call, join
from nbtrack.notebooks.branches import Branches
from nbtrack.notebooks.expressions import FRESH, bound_in, chain_of, displayed, handed, is_main, is_shell, may_hold, name_in, sharing, tail_of, text_of
from nbtrack.notebooks.imported import imported, imported_by
from nbtrack.notebooks.listings import listings_of
from nbtrack.notebooks.nodes import walk
from nbtrack.notebooks.options import is_setup, key_of_target, keys_of_call
from nbtrack.notebooks.orders import orders_of
from nbtrack.notebooks.scopes import parse
from nbtrack.notebooks.shell_calls import cell_magic, take_magic, take_shell

_SAYS = {"print", "round", "str", "format", "repr", "display", "float", "abs"}
_OPAQUE = {"exec", "eval", "globals", "locals", "vars"}
_NAMESPACES = {"globals", "locals", "vars", "dir"}
_NAMESPACE_ATTRIBUTES = {"user_ns", "user_global_ns", "f_globals", "f_locals"}


def effects_of(code: str, source: str = "", tree: ast.Module | None = None, *, is_ahead: bool = False) -> Body:
    """Effects of a cell.

    Args:
        code: the cell as Python.
        source: as typed; tells what a cell magic such as %%bash or %%writefile does.
        tree: of the code, where it was parsed already.
        is_ahead: leave to `Body.complete` what nobody asks for before the cell has run; until then the tree has to stay as it is.
    """
    visitor = _Walk(None)
    if (magic := cell_magic(source)) is not None:
        take_magic(visitor.body, *magic)
    tree = tree if tree is not None else parse(code)
    if tree is None:
        return visitor.body
    try:
        for statement in tree.body:
            visitor.is_early = visitor.is_early and is_setup(statement)
            visitor.visit(statement)
    except RecursionError:
        visitor.body.is_opaque = True
    visitor.body.sure, visitor.body.missing = set(visitor.sure), tree.body
    visitor.body.shows = bool(tree.body) and isinstance(tree.body[-1], ast.Expr)
    return visitor.body if is_ahead else visitor.body.complete()


class _Walk(Branches):
    """Walks code in the order of evaluation.

    Args:
        own: names that belong to the function whose body this is; None at top level.
        fresh: those of them that mean only what the function itself makes.
        modules: names that nothing but imports in the function, or in one around it, binds; each with the full name of what it imports.
    """

    def __init__(self, own: set[str] | None, fresh: Collection[str] = (), modules: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__()
        self.own, self._fresh, self._modules = own, fresh, modules
        self.body = Body()
        self._hidden: list[set[str]] = []
        self._clock = 0
        self._is_handed_on = False
        self._in_loop = 0
        self.is_early = own is None
        """So far the code only imports, and sets what is set."""

    def _means(self, name: str) -> str:
        """The name, as the body tells it: `@` and a full name for what the function imports for itself."""
        return f"@{self._modules[name]}" if name in self._modules and not any(name in names for names in self._hidden) else name

    def _chain(self, node: ast.expr) -> tuple[tuple[str, ...], bool]:
        chain, is_through_call = chain_of(node)
        return (self._means(chain[0]), *chain[1:]) if chain else (), is_through_call

    def _is_own(self, name: str) -> bool:
        return (self.own is not None and name in self.own) or any(name in names for names in self._hidden)

    def _is_shared(self, name: str) -> bool:
        """Own, and maybe the same object as one outside."""
        return self._is_own(name) and (name not in self._fresh or any(name in names for names in self._hidden))

    def _from(self, target: ast.expr, sources: Iterable[str]) -> None:
        """The names of a target may mean or hold what these names mean."""
        for node in walk(target):
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
        chain, _ = self._chain(node)
        if not chain:
            return
        if self._is_own(chain[0]):
            is_direct = isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.value, ast.Name)
            self.body.changes_locals |= self._is_shared(chain[0]) or not is_direct
            return
        self._read(chain[0])
        self.body.sets.add(chain[0])
        self.body.stored.add(chain)
        self.body.settings.setdefault(chain, set()).add(key_of_target(node) if self.is_early and not self._hidden else "")

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.body.first_use.setdefault(node.id, "")
            self._read(self._means(node.id))
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id)
        elif not self._is_own(node.id):
            self._read(node.id)
            self.body.deletes.add(node.id)
            self.sure.discard(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.body.is_opaque |= node.attr in _NAMESPACE_ATTRIBUTES
        if isinstance(node.ctx, ast.Load):
            chain, is_through_call = self._chain(node)
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
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.In, ast.NotIn)) and (name := name_in(node.left)) and self._is_namespace(node.comparators[0]):
            self._read(name)
        else:
            self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if (name := name_in(node.slice)) and self._is_namespace(node.value):
            self.visit_Name(ast.Name(name, node.ctx))
            return
        chain, _ = self._chain(node.value)
        self.body.is_opaque |= chain[-1:] == ("modules",) and is_main(node.slice)
        if chain in (("sys", "modules"), ("@sys", "modules")) and isinstance(node.ctx, ast.Del):
            self.body.calls.append(Call(chain[0], (*chain[1:], "pop"), texts=(text_of(node.slice),)))
            self.visit(node.value)
            self.visit(node.slice)
            return
        if chain[-1:] == ("environ",) and not self._is_own(chain[0]):
            method = "get" if isinstance(node.ctx, ast.Load) else "__setitem__"
            keys = (key_of_target(node),) if self.is_early and not self._hidden and key_of_target(node) else ()
            self.body.calls.append(Call(chain[0], (*chain[1:], method), texts=(text_of(node.slice),), settings=keys))
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
            self._from(node.target, displayed(node.value))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._bind(node.target.id)
        self._from(node.target, may_hold(node.value))

    def _lambdas(self, name: str, value: ast.expr) -> None:
        for inner in walk(value):
            if isinstance(inner, ast.Lambda) and not self._is_own(name):
                self.body.functions[name] = body_of(inner, self._modules)

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

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name, dotted = imported(node, alias)
            self._bind(name)
            self.body.modules.add(alias.name)
            if not self._is_own(name):
                self.body.imports[name] = dotted
                self.body.packages |= {name} if name != alias.name and not alias.asname else set()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.body.modules.add("." * node.level + (node.module or ""))
        for alias in node.names:
            if alias.name == "*":
                self.body.has_star_import = True
                continue
            name, dotted = imported(node, alias)
            self._bind(name)
            if not self._is_own(name):
                self.body.imports[name] = dotted

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
        self.body.has_subclasses |= bool(node.bases)
        self._hidden.append(set(bound_in(node)))
        for statement in node.body:
            if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.visit(statement)
            else:
                for part in statement.decorator_list:
                    self.visit(part)
        self._hidden.pop()
        self._define(node.name, node)
        above = [*node.bases, *(keyword.value for keyword in node.keywords)]  # a metaclass takes part in calls, too
        bases = [base.id for base in walk(ast.Tuple(above, ast.Load())) if isinstance(base, ast.Name)]
        if not self._is_own(node.name):
            self.body.functions[node.name].reads.update(bases)

    def _define(self, name: str, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        inner = body_of(node, self._modules)
        if self.own is not None or self._hidden:  # defined inside a function: it may run with it
            self._merge(inner)
            return
        known = self.body.functions.get(name)
        if known is not None and name not in self.sure:  # defined in another branch too
            join(inner, known)
        self.body.functions[name] = inner
        self._bind(name)

    def _merge(self, inner: Body | None) -> None:
        if inner is None:
            return
        for name in inner.reads:
            self._read(name)
        join(self.body, inner, but_reads=True)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in (*node.args.defaults, *(it for it in node.args.kw_defaults if it is not None)):
            self.visit(part)
        self._merge(body_of(node, self._modules))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.visit(node.generators[0].iter)
        self._hidden.append({inner.id for part in node.generators for inner in walk(part.target) if isinstance(inner, ast.Name)})
        walrus = {inner.target.id for inner in walk(node) if isinstance(inner, ast.NamedExpr)}
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
        if is_shell(node):
            code, names = take_shell(self.body, node)
            for name, line in self.body.commands[-1:] if self.is_early else ():
                self.body.settings.setdefault(("%", name), set()).add(line)
            for statement in code:
                self.visit(statement)
            for name in names:
                self._read(name)
            return
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr == "get" and self._is_namespace(func.value) and node.args and (name := name_in(node.args[0])):
            self._read(name)
            for value in node.args[1:]:
                self.visit(value)
            return
        chain, is_through_call = self._chain(node.func)
        is_handed_on = self._is_handed_on
        self.visit(node.func)
        self._is_handed_on = is_handed_on or not (len(chain) == 1 and chain[0] in _SAYS) if chain != ("int",) else is_handed_on
        for part in (*node.args, *node.keywords):
            self.visit(part)
        self._is_handed_on = is_handed_on
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        args = {self._means(name) for value in values for name in handed(value)}
        hands_locals = any(self._is_shared(name) for name in args) and not (len(chain) == 1 and chain[0] in FRESH)
        on_local = False
        if chain and self._is_own(chain[0]):
            is_direct = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
            on_local = len(chain) > 1 and (self._is_shared(chain[0]) or not is_direct)
            chain = ("", *chain[1:])
        self.body.calls.append(
            Call(
                chain[0] if chain else "", chain[1:] if chain else tail_of(node.func), is_through_call or not chain,
                frozenset(name for name in args if not self._is_own(name)), frozenset(it.arg for it in node.keywords if it.arg),
                tuple("None" if isinstance(value, ast.Constant) and value.value is None else text_of(value) for value in node.args[:3]),
                tuple((it.arg, text) for it in node.keywords if it.arg and (text := text_of(it.value, any_literal=True)) is not None),
                len(node.args), is_handed_on, hands_locals, on_local,
                keys_of_call(node, chain[-1]) if self.is_early and chain and not self._hidden and not is_through_call else (),
            )
        )  # fmt: skip
        if len(chain) == 1 and chain[0] in _OPAQUE and chain[0] not in self.sure and (chain[0] != "vars" or not node.args):
            self.body.is_opaque = True


def body_of(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda, modules: Mapping[str, str] = MappingProxyType({})) -> Body:
    """What a function does when it is called; a class: what any of its methods may do.

    Args:
        modules: what functions around it import for themselves: bound name to full name.
    """
    outside = {name for inner in walk(node) if isinstance(inner, ast.Global) for name in inner.names}
    if isinstance(node, ast.ClassDef):
        found = Body()
        for statement in node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                join(found, body_of(statement, modules))
        return found
    own = set(bound_in(node)) - outside
    inside_it = {name: it for name, it in imported_by(node).items() if name not in outside}
    visitor = _Walk(own, own - sharing(node), {name: it for name, it in modules.items() if name not in own} | inside_it)
    visitor.body.is_stateful = any(isinstance(it, (ast.List, ast.Dict, ast.Set, ast.Call)) for it in (*node.args.defaults, *node.args.kw_defaults))
    inside: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    for part in inside:
        visitor.visit(part)
    visitor.body.orders |= orders_of(inside, own)
    visitor.body.listings = listings_of(inside, own)
    visitor.body.is_arithmetic = is_arithmetic(node, own)
    visitor.body.sure = set()
    return visitor.body
