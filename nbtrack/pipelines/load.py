"""From the file `nbtrack.yaml` to a model, with the line of everything that is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbtrack import specs
from nbtrack.errors import SpecError, UsageError
from nbtrack.pipelines.spec import FILE, OWN, Pipeline
from nbtrack.specs import Located
from nbtrack.yaml_text import NOWHERE, Place, Span

_LEFT_OUT = {
    "stages": "stage", "matrix": "${matrix.", "outputs": "output", "inputs": "input", "params": "${params.", "env": "${env.", "secrets": "${secrets.",
    "gates": "gate", "profiles": "profile",
}  # fmt: skip
"""By part of the file, what a problem says that there may be only because the part was left out."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file."""

    file: Path
    line: int
    text: str
    mend: str
    span: Span = NOWHERE
    """Columns of its line that it is about."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text} {self.mend}".rstrip()


@dataclass(frozen=True)
class Loaded:
    """A pipeline and where it comes from."""

    pipeline: Pipeline
    file: Path
    document: Located

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def name(self) -> str:
        return self.pipeline.name or self.folder.name or "pipeline"

    def problem(self, place: Place, text: str, mend: str) -> Problem:
        """What is wrong at a place of the file."""
        return Problem(self.file, self.document.line(place), text, mend, self.document.span(place))


def find_file(given: Path | None, folder: Path) -> Path:
    """The pipeline file: the given one, else the nearest `nbtrack.yaml` from the folder upwards.

    Raises:
        UsageError: there is none.
    """
    if given is not None:
        path = folder / given
        path = path / FILE if path.is_dir() else path
        if not path.is_file():
            raise UsageError(f"There is no pipeline file {path}.", mend=f"Name one, or stand in a folder with {FILE}.")
        return path.absolute()
    if (found := specs.find(folder)) is not None:
        return found.absolute()
    raise UsageError(f"There is no {FILE} in {folder} or above it.", mend="Write one, see docs/pipelines.md, or run a notebook: nbtrack run NOTEBOOK.ipynb.")


def load(file: Path, profile: str = "", params: Mapping[str, Any] | None = None, texts: frozenset[str] = frozenset(), *, text: str | None = None) -> Loaded:
    """Read a pipeline file, with the changes of a profile and with params set.

    Args:
        params: values that go before those of the file.
        texts: names of params whose values were typed in a terminal.
        text: what the file would say, instead of what it says.

    Raises:
        SpecError: it cannot be used; lists all that is wrong in its form.
        UsageError: there is no such param, or it is of another type.
    """
    document = _document(file, profile, text)
    pipeline: Pipeline = document.check(Pipeline)
    if params:
        pipeline = pipeline.model_copy(update={"params": {**pipeline.params, **_set(pipeline, file, params, texts)}})
    return Loaded(pipeline, file, document)


def load_in_part(file: Path, profile: str = "", *, text: str | None = None) -> tuple[Loaded, Callable[[Problem], bool]] | None:
    """What is left of a pipeline file whose form is wrong; and whether a problem may be one only because something was left out.

    Raises:
        SpecError, UsageError: it is no YAML, or has no such profile.
    """
    document = _document(file, profile, text)
    pipeline, gone = document.in_part(Pipeline)
    if pipeline is None:
        return None
    words = [_LEFT_OUT.get(str(place[2] if place[0] == "stages" and len(place) > 2 else place[0])) for place in gone]
    return Loaded(pipeline, file, document), lambda problem: any(word and word in problem.text for word in words)


def refuse(problems: Iterable[Problem], before: SpecError | None = None) -> None:
    """Raise what is wrong, if anything is.

    Args:
        before: what is wrong besides.

    Raises:
        SpecError: all of it, in the order of lines.
    """
    found = sorted(set(problems), key=lambda it: (it.file, it.line, it.text))
    rows = [((it.line, "", f"{it.text} {it.mend}".rstrip(". ")), it.span) for it in found]
    if before is not None:
        rows = sorted([*rows, *zip(before.problems, before.spans, strict=True)], key=lambda it: it[0][0])
    if rows:
        raise SpecError(found[0].file if before is None else before.file, [row for row, _ in rows], [span for _, span in rows])


def nearest(word: str, known: Iterable[str], kind: str) -> str:
    """A sentence naming what was meant, else all there are."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else f"There are {', '.join(names[:12])}." if names else f"There are no {kind}."


def _document(file: Path, profile: str, text: str | None) -> Located:
    document = specs.read(file) if text is None else specs.parse(text, file)
    if not isinstance(document.data, dict):
        raise document.error([((), "this is no pipeline; write `stages:` and below it a name and `notebook:` for each")])
    document = _with_profile(document, profile)
    return replace(document, data={name: value for name, value in document.data.items() if not str(name).startswith(OWN)})


def _with_profile(document: Located, profile: str) -> Located:
    if not profile:
        return document
    profiles = document.data.get("profiles")
    if not isinstance(profiles, dict) or profile not in profiles:
        mend = nearest(profile, profiles if isinstance(profiles, dict) else (), "profiles")
        raise UsageError(f"{document.path.name} has no profile {profile!r}.", mend=mend)
    changes = profiles[profile]
    prefix = ("profiles", profile)
    if not isinstance(changes, dict) or "profiles" in changes:
        raise document.error([(prefix, "it is no mapping of changes; write `params:` or `stages:` in it")])
    inner = {place: place[len(prefix) :] for place in document.lines if place[: len(prefix)] == prefix and len(place) > len(prefix)}
    lines = {**document.lines, **{inner[place]: document.lines[place] for place in inner}}
    spans = {**document.spans, **{inner[place]: document.spans[place] for place in inner if place in document.spans}}
    return Located(document.path, _merged(document.data, changes), lines, spans)


def _merged(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: _merged(base[key], value) if key in base else value for key, value in over.items()}}
    return over


def _set(pipeline: Pipeline, file: Path, params: Mapping[str, Any], texts: frozenset[str]) -> dict[str, Any]:
    from nbtrack.pipelines.parameters import as_declared

    found = {}
    for name, value in params.items():
        if name not in pipeline.params:
            raise UsageError(f"{file.name} has no param {name!r}.", mend=nearest(name, pipeline.params, "params; write them under `params:`"))
        found[name] = as_declared(f"{file.name}", name, pipeline.params[name], value, is_text=name in texts)
    return found
