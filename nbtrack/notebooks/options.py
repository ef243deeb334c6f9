"""Options that code sets before it does anything else: a later cell that sets all of them anew needs no earlier one.

Cells that import, seed and set options are run again and again, each time with a line more; none of that is hidden state.
"""

from __future__ import annotations

import ast
import builtins

from nbtrack.notebooks.expressions import chain_of, is_shell
from nbtrack.notebooks.nodes import walk
from nbtrack.patterns import regex

_SETS = regex(
    r"^(set(?!p$|diff|xor|attr|default)\w*|reset_\w+|register\w*|(en|dis)able\w*|rc|rcdefaults|use|filterwarnings|simplefilter|basicConfig|getLogger"
    r"|append|insert|update|reload|reset_orig|manual_seed|seed\w*|load_dotenv|print|device|Path)$"
)
"""Names of functions and methods that may stand among such lines."""
_MODULES = frozenset({"matplotlib", "mpl", "np", "numpy", "os", "pathlib", "Path", "pd", "pandas", "plt", "sys", "torch", "warnings", "logging"})
_KNOWN = frozenset(dir(builtins)) | _MODULES
_MAYBE = (ast.IfExp, ast.BoolOp, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Await)


def is_setup(statement: ast.stmt) -> bool:
    """Whether a statement imports, defines, binds a plain value, seeds or sets an option, and does nothing else."""
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return True
        case ast.Assign(value=value) | ast.Expr(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return all(not isinstance(it, _MAYBE) and (not isinstance(it, ast.Call) or _is_setup_call(it)) for it in walk(value))
    return False


def _is_setup_call(node: ast.Call) -> bool:
    chain, is_through_call = chain_of(node.func)
    if is_shell(node) or chain == ("get_ipython",) or chain[:1] in (("os",), ("sys",), ("Path",)):
        return True
    return bool(chain) and not is_through_call and _SETS.match(chain[-1]) is not None


def keys_of_call(node: ast.Call, method: str) -> tuple[str, ...]:
    """What a call sets, each as a text that is the same wherever the same is set; empty where the code alone does not tell.

    Args:
        method: last part of what is called.
    """
    first = node.args[0] if node.args else None
    if any(isinstance(it, ast.Starred) for it in node.args) or any(it.arg is None for it in node.keywords):
        return ()
    if method == "update":
        keys = [it.value for it in first.keys if isinstance(it, ast.Constant)] if isinstance(first, ast.Dict) else [it.arg for it in node.keywords]
        is_whole = len(keys) == len(first.keys) if isinstance(first, ast.Dict) else first is None
        return tuple(f"[{it!r}]" for it in keys) if is_whole else ()
    if first is not None and not _is_told(first):
        return ()
    if method == "set_option" and len(node.args) == 2:
        return (f"({ast.unparse(node.args[0])})",)
    named = sorted(f"{it.arg}={ast.unparse(it.value)}" for it in node.keywords)
    return (f"({', '.join([*map(ast.unparse, node.args), *named])})",)


def key_of_target(node: ast.expr) -> str:
    """The same for an item or attribute that is assigned; empty where the code alone does not tell."""
    if isinstance(node, ast.Subscript):
        return f"[{ast.unparse(node.slice)}]" if _is_told(node.slice) else ""
    return "."


def _is_told(node: ast.expr) -> bool:
    """Whether no name of the notebook takes part."""
    return all(it.id in _KNOWN for it in walk(node) if isinstance(it, ast.Name))
