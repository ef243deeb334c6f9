"""What magics and shell commands do, which IPython makes calls of its shell; a cell magic is told by the cell as typed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nbtrack.notebooks.body import Body, Call
from nbtrack.notebooks.scopes import parse
from nbtrack.patterns import regex

_TIMERS = {"time", "timeit", "prun", "memit", "mprun", "lprun", "snakeviz", "pyinstrument", "capture"}
_TIMER_OPTIONS = regex(r"^(\s*-\w+(\s*=?\s*\d+)?)*\s*")
_SHELLS = {"bash", "sh", "script", "!", "cmd", "system", "sx", "perl", "ruby", "node", "js"}
_SHOWN_ONLY = {"html", "HTML", "javascript", "markdown", "latex", "svg", "SVG"}


def plain_source(source: str) -> str:
    """The cell as typed, without its `%%track` line."""
    return source.lstrip().partition("\n")[2] if source.lstrip().startswith("%%track") else source


def cell_magic(source: str) -> tuple[str, str, str] | None:
    """Name, line and body of the cell magic the cell is, if it is one that does not merely time its body."""
    text = plain_source(source)
    if not text.startswith("%%"):
        return None
    line, _, body = text[2:].partition("\n")
    name, _, rest = line.partition(" ")
    return (name.strip(), rest.strip(), body) if name.strip() not in _TIMERS else None


def take_magic(found: Body, name: str, line: str, body: str) -> None:
    """Add what a cell magic does."""
    if name in ("writefile", "file"):
        is_added = "-a" in line.split()
        path = line.rsplit(maxsplit=1)[-1] if line.split() else ""
        found.calls.append(Call("open", texts=(path, "a" if is_added else "w"), n_args=2))
    elif name in _SHELLS:
        found.commands.append(("!", body))
    elif name not in _SHOWN_ONLY:
        found.commands.append((name, line))
        found.is_opaque = True


def take_shell(found: Body, node: ast.Call) -> tuple[list[ast.stmt], Iterator[str]]:
    """Add what a call of IPython's shell does; returns the code it runs, and the names whose values IPython puts into the command.

    Args:
        node: a call of which `expressions.is_shell` holds.
    """
    assert isinstance(node.func, ast.Attribute)
    texts = [arg.value if isinstance(arg, ast.Constant) and isinstance(arg.value, str) else "" for arg in node.args]
    method, first = node.func.attr, next(iter(texts), "")
    if method in ("system", "getoutput", "getoutput_var", "system_piped"):
        found.commands.append(("!" if method.startswith("system") else "!=", first))
        return [], _expanded(first)
    if method not in ("run_line_magic", "run_cell_magic", "magic") or not texts:
        found.is_opaque = True
        return [], iter(())
    name, line, body = first.lstrip("%"), *[*texts[1:], "", ""][:2]
    if method == "run_cell_magic" and name not in _TIMERS:
        take_magic(found, name, line, body)
        return [], iter(())
    if name in _TIMERS:
        tree = parse(body or _TIMER_OPTIONS.sub("", line, count=1))
        return (tree.body if tree is not None else []), iter(())
    found.commands.append((name, line))
    return [], _expanded(line)


def _expanded(text: str) -> Iterator[str]:
    """Names that IPython puts values in for: `{name}` and `$name`."""
    return (name for found in re.findall(r"\{(\w+)\}|\$(\w+)", text) if (name := found[0] or found[1]).isidentifier())
