"""Which stages of a pipeline a change can have touched, by git: their notebook, the modules of the project it imports, their data, their section."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.ci.base import history
from nbtrack.errors import UsageError
from nbtrack.pipelines.check import Books
from nbtrack.pipelines.code import Sources
from nbtrack.pipelines.graph import Graph, Node
from nbtrack.pipelines.load import load
from nbtrack.pipelines.notebook import Notebook
from nbtrack.pipelines.references import references_in

_GIT_S = 30
_COMMON = ("defaults", "env", "secrets", "gates")
"""Sections that may mean any stage."""


@dataclass(frozen=True)
class Touched:
    """What a change touched."""

    nodes: dict[str, str]
    """Node to why, in the order of the pipeline."""
    since: str
    """The commit that was compared with."""


def touched(graph: Graph, books: Books, ref: str, profile: str = "") -> Touched:
    """The nodes that differ from the commit where the change left `ref`; what depends on them is not among them.

    Args:
        profile: with which the graph was made: the file of before is read with it too.

    Raises:
        UsageError: this is no git repository, or it does not know the ref.
    """
    folder = graph.loaded.folder
    tip = history(folder, ref)[0]
    since = _git(folder, "merge-base", "--", tip, "HEAD").strip() or tip  # of histories that do not meet, what stands there now
    top = Path(_git(folder, "rev-parse", "--show-toplevel").strip())
    names = _git(folder, "diff", "--name-only", "-z", "--no-renames", since, "--") + _git(
        folder, "ls-files", "--others", "--exclude-standard", "-z", "--full-name"
    )
    changed = {os.path.realpath(top / name) for name in names.split("\0") if name}
    before = _before(graph, since, top, profile)
    sources = Sources()
    found = {}
    for node in graph.nodes.values():
        if why := [it for it in (_why(graph, books, sources, node, changed), _section(graph, node, before)) if it]:
            found[node.id] = "; ".join(why)
    return Touched(found, since)


def _why(graph: Graph, books: Books, sources: Sources, node: Node, changed: set[str]) -> str:
    """Which file of a node changed; empty where none did."""
    folder = graph.loaded.folder
    if os.path.realpath(node.notebook) in changed:
        return f"{node.notebook.name} changed"
    for name, path in node.inputs.items():
        if "${" not in path and (hit := _below(folder / path, changed) or _pointer(folder / path, changed)):
            return f"its input {name} changed: {Path(hit).name}"
    lock = node.spec.environment.lock
    if lock and os.path.realpath(folder / lock) in changed:
        return f"{lock} changed"
    places = tuple(dict.fromkeys((node.cwd, node.notebook.parent, folder)))
    for module in sources.modules(books.get(node.notebook)[0], places):
        if any(os.path.realpath(place / module) in changed for place in places):
            return f"the module {module} changed"
    return _gone(sources, books.get(node.notebook)[0], places, changed)


def _gone(sources: Sources, book: Notebook, places: tuple[Path, ...], changed: Iterable[str]) -> str:
    """A module that is imported and was deleted: among those that are there it is not found."""
    gone = [it for it in changed if it.endswith(".py") and not Path(it).exists()]
    if not gone:
        return ""
    imported = sources.imported(book, places)
    for place in map(os.path.realpath, places):
        for it in gone:
            if it.startswith(place + os.sep) and Path(it).relative_to(place).with_suffix("").parts[0] in imported:
                return f"the module {Path(it).relative_to(place).as_posix()} was deleted"
    return ""


def _pointer(path: Path, changed: set[str]) -> str:
    """A changed file by which DVC knows a path, or a folder it lies in."""
    if not any(it.endswith((".dvc", "dvc.lock")) for it in changed):
        return ""
    pointers = [os.path.realpath(it) for place in (path, *path.parents) for it in (f"{place}.dvc", f"{place}{os.sep}dvc.lock")]
    return next((it for it in pointers if it in changed), "")


def _below(path: Path, changed: Iterable[str]) -> str:
    """A changed file at a path, or below it; also of a pattern."""
    place = os.path.realpath(path)
    if any(sign in path.name for sign in "*?["):
        place = os.path.realpath(path.parent)
    return next((it for it in changed if it == place or it.startswith(place + os.sep)), "")


def _section(graph: Graph, node: Node, before: dict[str, Any]) -> str:
    """What the pipeline's file says otherwise of a node."""
    now = graph.loaded.document.data
    section = (now.get("stages") or {}).get(node.stage)
    if section != (before.get("stages") or {}).get(node.stage):
        return "its section in nbtrack.yaml changed"
    params, old = now.get("params") or {}, before.get("params") or {}
    named = {it.name for it in references_in([section, now.get("defaults"), now.get("env")]) if it.kind == "params"}
    if differ := [name for name in named if params.get(name) != old.get(name)]:
        return f"{'the params' if len(differ) > 1 else 'the param'} {', '.join(sorted(differ))} changed"
    return next((f"{name} in nbtrack.yaml changed" for name in _COMMON if now.get(name) != before.get(name)), "")


def _before(graph: Graph, since: str, top: Path, profile: str) -> dict[str, Any]:
    """The pipeline's file as it was, with the profile; empty where there was none, or where it cannot be read."""
    name = Path(os.path.relpath(os.path.realpath(graph.loaded.file), os.path.realpath(top))).as_posix()
    try:
        found = load(Path(name), profile, text=_git(graph.loaded.folder, "show", f"{since}:{name}")).document.data
    except UsageError:
        return {}
    return found if isinstance(found, dict) else {}


def _git(folder: Path, *command: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(folder), *command], capture_output=True, timeout=_GIT_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else ""
