"""Bringing back what a run kept: always as something new, beside what is there."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from nbtrack.entities import Artifact, RunView
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import words
from nbtrack.reads.cached import source_of
from nbtrack.reads.copied import copied
from nbtrack.replay import files
from nbtrack.replay.data import DataList, references_of
from nbtrack.replay.files import DOCUMENT, ENVIRONMENT, EXECUTED, RECIPE, REQUIREMENTS

KINDS = {"document": DOCUMENT, "executed": EXECUTED, "recipe": RECIPE}
WHAT = (*KINDS, "env", "model", "data")
_TOLD = {"document": "the document as it stood", "executed": "what was executed", "recipe": "the recipe"}


@dataclass(frozen=True)
class Restored:
    """A file or folder that was written; Jupyter shows a link, terminals the path."""

    path: Path
    what: str
    """What it holds: `the document`, `cell 7`, `the model`."""
    hint: str = ""
    """What can be done with it."""

    def __repr__(self) -> str:
        return f"{self.what}: {self.path}" + (f"\n{self.hint}" if self.hint else "")

    def _repr_html_(self) -> str:
        near = quote(Path(os.path.relpath(self.path)).as_posix())
        hint = f'<pre style="font-size:12px">{escape(self.hint)}</pre>' if self.hint else ""
        return f'{escape(self.what)}: <a href="{near}" target="_blank">{escape(str(self.path))}</a>{hint}'


def restore(home: Home, view: RunView, what: str = "", *, to: str = "") -> Restored | DataList:
    """Bring back one thing of a run; of one that took its result from a pipeline's cache, of the run that made it.

    Args:
        what: `document`, `executed`, `recipe`, the number of a cell, `env`, `model`, `data`; empty means the document, else what was executed.
        to: file or folder to write; empty means the notebook's folder, else the working directory.

    Raises:
        UsageError: the run has no such thing; nothing can be written there.
        JournalError: the journal no longer holds it.
    """
    view = source_of(home, view)
    folders = {"env": "environment", "model": "models"}.get(what, "notebook")
    with copied(home, view, folders=[folders] if what != "data" else ["data"]) as (there, (run,)):
        if what.isdecimal():
            return cell(there, run, int(what), to=to)
        match what:
            case "env":
                return environment(there, run, to=to)
            case "model":
                return models(there, run, to=to)
            case "data":
                return data(there, run)
            case "" | "document" | "executed" | "recipe":
                return notebook(there, run, what, to=to)
    raise UsageError(f"A run has no {what!r} to restore.", mend=f"It is one of {', '.join(WHAT)}, or the number of a cell.")


def notebook(home: Home, view: RunView, kind: str = "", *, to: str = "") -> Restored:
    """Write a notebook of the run beside the one it came from.

    Args:
        kind: `document` as it stood, `executed` with outputs, `recipe`; empty means the document, else what was executed.
        to: file, or folder; empty means the notebook's folder, else the working directory.

    Raises:
        UsageError: the run has no such notebook; nothing can be written there.
    """
    with copied(home, view, folders=["notebook"]) as (there, (run,)):
        return _notebook(there, run, kind, to)


def _notebook(home: Home, view: RunView, kind: str, to: str) -> Restored:
    data = files.read(home, view, KINDS[kind]) if kind else None
    if not kind:
        kind = next((it for it in ("document", "executed") if files.read(home, view, KINDS[it]) is not None), "document")
        data = files.read(home, view, KINDS[kind])
    if data is None:
        there = [name for name, path in KINDS.items() if any(it.path == path for it in view.artifacts)]
        mend = f"It has {', '.join(there)}: --{there[0]}." if there else f"There is none: {words.why_no_notebook(view)}."
        raise UsageError(f"Run {view.name} ({view.run_id[:8]}) has no notebook of the kind {kind!r}.", mend=mend)
    return Restored(files.write_new(_target(view, f"{'' if kind == 'document' else f'-{kind}'}.ipynb", to), data), _TOLD[kind])


def cell(home: Home, view: RunView, number: int, *, to: str = "") -> Restored:
    """Write one executed cell, with its outputs, as a notebook.

    Args:
        number: as in `In [number]`; of cells without one, the place in the order of execution.

    Raises:
        UsageError: the run has no such cell.
    """
    data = files.read(home, view, EXECUTED)
    if data is None:
        mend = f"There is none: {words.why_no_notebook(view)}."
        raise UsageError(f"Run {view.name} ({view.run_id[:8]}) has no snapshot, so its cells cannot be restored.", mend=mend)
    content: dict[str, Any] = json.loads(data)
    cells = content["cells"]
    found = [it for it in cells if it.get("execution_count") == number] or [
        it for it in cells if it.get("execution_count") is None and it["metadata"].get("nbtrack", {}).get("number") == number
    ]
    if not found:
        counts = [it["execution_count"] for it in cells if it.get("execution_count") is not None]
        told = f"It has {min(counts)} to {max(counts)}." if counts else "It has none."
        raise UsageError(f"Run {view.name} ({view.run_id[:8]}) has no cell {number}.", mend=f"{told} --executed writes them all.")
    content["cells"] = found[-1:]
    text = json.dumps(content, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass") + b"\n"
    return Restored(files.write_new(_target(view, f"-cell-{number}.ipynb", to), text), f"cell {number}")


def environment(home: Home, view: RunView, *, to: str = "") -> Restored:
    """Write the exact versions of everything that was installed; the hint is the command that installs them.

    Raises:
        UsageError: the run does not tell its environment.
    """
    data = files.read(home, view, REQUIREMENTS)
    if data is None:
        raise UsageError(f"Run {view.name} ({view.run_id[:8]}) does not tell its environment.", mend=files.why_no_environment(view))
    path = files.write_new(_target(view, ".txt", to, stem="requirements"), data)
    return Restored(path, "exact versions", commands(path, _python_of(files.read(home, view, ENVIRONMENT)), f".venv-{files.slug(view)}"))


def commands(requirements: Path, python: str, venv: str) -> str:
    """How to make that environment, with uv where it is installed, else with the standard library."""
    near = os.path.relpath(requirements)
    near, venv = (f'"{it}"' if re.search(r"[^\w./\\:+-]", it) else it for it in (near, venv))
    scripts = "Scripts" if os.name == "nt" else "bin"
    if shutil.which("uv"):
        return f"uv venv{f' --python {python}' if python else ''} {venv} && uv pip install --python {venv} -r {near}"
    return f"python{'.'.join(python.split('.')[:2])} -m venv {venv} && {venv}/{scripts}/python -m pip install -r {near}"


def models(home: Home, view: RunView, *, to: str = "") -> Restored:
    """Write the folder of the model the run kept; of several, one folder that holds them by name.

    Raises:
        UsageError: it kept none; nothing can be written there.
    """
    inside: dict[str, dict[PurePosixPath, Artifact]] = {}
    for it in view.artifacts:
        parts = PurePosixPath(it.path).parts
        if len(parts) > 2 and parts[0] == "models" and ".." not in parts:
            inside.setdefault(parts[1], {})[PurePosixPath(*parts[1:])] = it
    if not inside:
        raise UsageError(f"Run {view.name} ({view.run_id[:8]}) kept no model.", mend="Fitted models of the known frameworks are kept, see docs/capture.md.")
    folder = files.new_folder((Path(to).expanduser() if to else _beside(view)) / f"{files.slug(view)}-models")
    for content in inside.values():
        for path, it in content.items():
            files.copy(home, it, folder / path)
    return Restored(folder, f"model {', '.join(inside)}", "\n".join(f"mlflow.pyfunc.load_model({str(folder / name)!r})" for name in inside))


def data(home: Home, view: RunView) -> DataList:
    """The data references of the run, and how they stand here."""
    return DataList(references_of(home, view.run_id, _beside(view)))


def _python_of(facts: bytes | None) -> str:
    try:
        found = json.loads(facts or b"{}")
    except ValueError:
        return ""
    match = re.match(r"\d+\.\d+(\.\d+)?", str(found.get("python", ""))) if isinstance(found, dict) else None
    return match.group() if match else ""


def _beside(view: RunView) -> Path:
    return files.folder_of(view) or Path.cwd()


def _target(view: RunView, ending: str, to: str, stem: str = "") -> Path:
    """Where a restored file goes; a folder given takes the name it would have had."""
    notebook = files.notebook_of(view)
    name = f"{stem or (notebook.stem if notebook is not None else 'notebook')}-{files.slug(view)}{ending}"
    if not to:
        return _beside(view) / name
    path = Path(to).expanduser()
    if path.is_dir() or to.endswith(("/", os.sep)):
        return path / name
    return path if path.suffix else path.with_name(f"{path.name}{ending[ending.rfind('.') :]}")
