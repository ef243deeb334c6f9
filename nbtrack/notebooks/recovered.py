"""What the code alone of a cell tells that ran before nbtrack was loaded."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection

from nbtrack.notebooks.step import Step


def only_imports(step: Step, own_modules: Collection[str], names: Collection[str], as_python: Callable[[str], str]) -> bool:
    """Whether it did nothing but import installed packages (and `%matplotlib inline`): that is known whole, as nobody edits these.

    Args:
        own_modules: the user's that are loaded.
        names: what the namespace holds; an import that failed has bound nothing.
        as_python: transforms IPython's syntax.
    """
    try:
        statements = ast.parse(as_python(step.entry.source)).body
    except (SyntaxError, ValueError, RecursionError):
        return False
    own = {name.partition(".")[0] for name in own_modules}
    for it in statements:
        match it:
            case ast.Import(names=found):
                packages, bound = [name.name for name in found], [name.asname or name.name.partition(".")[0] for name in found]
            case ast.ImportFrom(module=str(module), names=found, level=0):
                packages, bound = [module], [name.asname or name.name for name in found]
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="run_line_magic"), args=[ast.Constant(value="matplotlib"), ast.Constant(value="inline")])):
                continue
            case _:
                return False
        if not own.isdisjoint(name.partition(".")[0] for name in packages) or not set(bound) <= set(names):
            return False
    return True
