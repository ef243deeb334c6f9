"""From the file `nbtrack.yaml` to a model, with the line of everything that is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.errors import SpecError, UsageError
from nbtrack.pipelines.spec import FILE, Pipeline
from nbtrack.pipelines.yaml_text import NOWHERE, Document, Place, Span, parse


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file."""

    file: str
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
    document: Document

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def name(self) -> str:
        return self.pipeline.name or self.folder.name or "pipeline"

    def problem(self, place: Place, text: str, mend: str) -> Problem:
        """What is wrong at a place of the file."""
        return Problem(self.file.name, self.document.line(place), text, mend, self.document.span(place))


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
    for place in (folder, *folder.parents):
        for name in (FILE, "nbtrack.yml"):
            if (place / name).is_file():
                return (place / name).absolute()
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
    try:
        document = parse(file.read_text("utf-8") if text is None else text, file.name)
    except (OSError, UnicodeDecodeError) as cause:
        raise SpecError(file, [(0, "", f"it cannot be read: {getattr(cause, 'strerror', None) or cause}")]) from cause
    problems = [
        Problem(file.name, line, f"{place[-1]!r} stands twice here.", "Take one of them away.", document.span(place)) for place, line in document.repeated
    ]
    if not isinstance(document.data, dict):
        problems.append(Problem(file.name, 1, "This is no pipeline.", "Write `stages:` and below it a name and `notebook:` for each."))
        refuse(problems)
    document = _with_profile(document, profile, file.name)
    pipeline = _validated(document, file.name, problems)
    if params:
        pipeline = pipeline.model_copy(update={"params": {**pipeline.params, **_set(pipeline, file, params, texts)}})
    return Loaded(pipeline, file, document)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise what is wrong, if anything is.

    Raises:
        SpecError: all of it, in the order of lines.
    """
    found = sorted(set(problems), key=lambda it: (it.file, it.line, it.text))
    if found:
        raise SpecError(Path(found[0].file), [(it.line, "", f"{it.text} {it.mend}".rstrip(". ?")) for it in found], [it.span for it in found])


def nearest(word: str, known: Iterable[str], kind: str) -> str:
    """A sentence naming what was meant, else all there are."""
    names = list(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else f"There are {', '.join(names[:12])}." if names else f"There are no {kind}."


def _with_profile(document: Document, profile: str, name: str) -> Document:
    profiles = document.data.get("profiles") if isinstance(document.data, dict) else None
    if not profile:
        return document
    if not isinstance(profiles, dict) or profile not in profiles:
        raise UsageError(f"{name} has no profile {profile!r}.", mend=nearest(profile, profiles if isinstance(profiles, dict) else (), "profiles"))
    changes = profiles[profile]
    if not isinstance(changes, dict) or "profiles" in changes:
        refuse([Problem(name, document.line(("profiles", profile)), f"Profile {profile!r} is no mapping of changes.", "Write `params:` or `stages:` in it.")])
    prefix = ("profiles", profile)
    inner = {place: place[len(prefix) :] for place in document.lines if place[: len(prefix)] == prefix and len(place) > len(prefix)}
    lines = document.lines | {inner[place]: document.lines[place] for place in inner}
    spans = document.spans | {inner[place]: document.spans[place] for place in inner if place in document.spans}
    return Document(_merged(document.data, changes), lines, document.repeated, spans)


def _merged(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: _merged(base[key], value) if key in base else value for key, value in over.items()}}
    return over


def _validated(document: Document, name: str, problems: list[Problem]) -> Pipeline:
    from pydantic import ValidationError

    try:
        found = Pipeline.model_validate(document.data)
    except ValidationError as cause:
        problems += [_problem(document, name, dict(error)) for error in cause.errors(include_url=False, include_context=False)]
        found = None
    refuse(problems)
    assert found is not None  # refuse() has raised otherwise
    return found


def _problem(document: Document, name: str, error: dict[str, Any]) -> Problem:
    place = tuple(it for it in error["loc"] if it != "[key]")
    kept: list[str | int] = []
    value: Any = document.data
    for it in place:  # unions put names of their members between the keys
        if (isinstance(value, dict) and it in value) or (isinstance(value, list) and isinstance(it, int) and it < len(value)):
            value = value[it]
            kept.append(it)
    where = ".".join(map(str, kept)) or "the file"
    line, span = document.line(tuple(kept)), document.span(tuple(kept))
    kind, last = error["type"], str(place[-1]) if place else ""
    if kind == "extra_forbidden":
        above = ".".join(map(str, kept[:-1])) or "A pipeline"
        return Problem(name, line, f"{above} has no field {last!r}.", nearest(last, _fields(tuple(kept[:-1])), "fields"), span)
    if kind == "missing":
        return Problem(name, line, f"{where} lacks {last!r}.", f"Write `{last}:` there.", span)
    if kind == "string_pattern_mismatch" and "[key]" in error["loc"]:
        return Problem(name, line, f"{last!r} cannot be a name.", "Take letters, digits, - and _; begin with a letter.", span)
    text = error["msg"].removeprefix("Value error, ").replace("Input should be", "it must be")
    return Problem(name, line, f"{where} is {_short(value)}: {text}.", "Correct its value.", span)


def _fields(place: Place) -> list[str]:
    from nbtrack.pipelines import spec

    if not place:
        return [it.alias or name for name, it in spec.Pipeline.model_fields.items()]
    inner = {"retries": spec.Retries, "resources": spec.Resources, "environment": spec.Environment, "outputs": spec.Output}
    model: Any = {"stages": spec.Stage, "defaults": spec.Defaults}.get(str(place[0]), spec.Stage)
    for it in place[1:]:
        model = inner.get(str(it), model)
    return list(model.model_fields)


def _set(pipeline: Pipeline, file: Path, params: Mapping[str, Any], texts: frozenset[str]) -> dict[str, Any]:
    from nbtrack.pipelines.parameters import as_declared

    found = {}
    for name, value in params.items():
        if name not in pipeline.params:
            raise UsageError(f"{file.name} has no param {name!r}.", mend=nearest(name, pipeline.params, "params; write them under `params:`"))
        found[name] = as_declared(f"{file.name}", name, pipeline.params[name], value, is_text=name in texts)
    return found


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
