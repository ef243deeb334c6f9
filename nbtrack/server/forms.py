"""What a form for a notebook's parameters asks, and what is wrong with what is typed into it, before anything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbtrack.charts.frame import sendable
from nbtrack.errors import SpecError, UsageError
from nbtrack.pipelines import notebook as notebooks
from nbtrack.pipelines.graph import Graph, build
from nbtrack.pipelines.load import Loaded, load, refuse
from nbtrack.pipelines.notebook import Notebook
from nbtrack.pipelines.parameters import MOST_RUNS, UNKNOWN, Declared, accept, as_declared, declared_in, undeclared
from nbtrack.pipelines.references import references_in
from nbtrack.reads import words
from nbtrack.server.shapes import FieldProblem, FixedParam, Parameter, ParameterForm, StageForm
from nbtrack.specs import NAMES


def form(root: Path, path: Path, document: object = None, profile: str = "") -> ParameterForm:
    """What can be said of a notebook's run.

    Args:
        document: what the file would say were it saved.
        profile: of the pipeline that its stages are told of.

    Raises:
        UsageError: it is no notebook, or its parameters cell cannot be read.
    """
    book = _book(path, document)
    declared = declared_in(book)
    stages, profiles, problem = _stages(root, path, profile)
    return ParameterForm(
        path=path.relative_to(root).as_posix(), has_cell=book.parameters is not None, parameters=[_parameter(it) for it in declared],
        stages=stages, profiles=profiles, problem=sendable(problem), most=MOST_RUNS,
    )  # fmt: skip


def mistakes(path: Path, values: Mapping[str, Sequence[str]], document: object = None) -> list[FieldProblem]:
    """What is wrong with values of a notebook's parameters, at most one thing for each.

    Raises:
        UsageError: it is no notebook, or its parameters cell cannot be read.
    """
    book = _book(path, document)
    declared = declared_in(book)
    found = []
    for name, texts in values.items():
        try:
            seen = [accept(book, declared, {name: text}, texts=frozenset({name}))[name] for text in texts]
            if len({repr(it) for it in seen}) < len(seen):
                found.append(FieldProblem(name=name, text="A value stands here twice."))
        except UsageError as cause:
            found.append(_problem(name, cause))
    return found


def mistakes_of_pipeline(file: Path, values: Mapping[str, Sequence[str]], profile: str = "") -> list[FieldProblem]:
    """The same of the params of a pipeline.

    Raises:
        SpecError: the pipeline cannot be used.
        UsageError: it has no such profile.
    """
    params = load(file, profile).pipeline.params
    found = []
    for name, texts in values.items():
        try:
            if name not in params:
                raise UsageError(f"{file.name} has no param {name!r}.", mend="Open the form again.")
            for text in texts:
                as_declared(file.name, name, params[name], text, is_text=True)
        except UsageError as cause:
            found.append(_problem(name, cause))
    return found


def nearest_file(root: Path, path: Path) -> Path | None:
    """The pipeline file that belongs to a notebook or folder: the nearest one from there upwards, within the root."""
    folder = path if path.is_dir() else path.parent
    for place in (folder, *folder.parents):
        if not place.is_relative_to(root):
            break
        for name in NAMES:
            if (place / name).is_file():
                return place / name
    return None


def _book(path: Path, document: object) -> Notebook:
    """A notebook under its name alone: what is told of it stands below a field of its own form."""
    return replace(notebooks.read(path) if document is None else notebooks.of_document(path, document), path=Path(path.name))


def _stages(root: Path, path: Path, profile: str) -> tuple[list[StageForm], list[str], str]:
    """Stages of the nearest pipeline that execute the notebook, the pipeline's profiles, and why it cannot be told which do."""
    file = nearest_file(root, path)
    if file is None:
        return [], [], ""
    profiles: list[str] = []
    try:
        profiles = list(load(file).pipeline.profiles)
        loaded = load(file, profile)
        graph, problems = build(loaded)
        refuse(problems)
        notebook = path.resolve()
        stages = dict.fromkeys(it.stage for it in graph.nodes.values() if it.notebook.resolve() == notebook)
        return [_stage(root, loaded, graph, it) for it in stages], profiles if stages else [], ""
    except SpecError as error:
        line, _, told = error.problems[0]
        return [], profiles, f"{file.name} cannot be used, line {line}: {told}"
    except (UsageError, OSError) as error:
        return [], profiles, f"{file.name} cannot be used: {error}"


def _stage(root: Path, loaded: Loaded, graph: Graph, stage: str) -> StageForm:
    own = graph.of_stage(stage)[0].spec.params
    goes_to = {name: [it for it, value in own.items() if _uses(value, name)] for name in loaded.pipeline.params}
    params = [
        _parameter(undeclared(name, default, f"for {', '.join(goes_to[name])}" if goes_to[name] else "for other stages"))
        for name, default in sorted(loaded.pipeline.params.items(), key=lambda it: not goes_to[it[0]])
    ]
    fixed = [
        FixedParam(name=name, text=sendable(words.told(name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))))
        for name, value in own.items()
        if not any(name in there for there in goes_to.values())
    ]
    return StageForm(file=loaded.file.relative_to(root).as_posix(), pipeline=sendable(loaded.name), stage=stage, params=params, fixed=fixed)


def _uses(value: Any, param: str) -> bool:
    return any(it.kind == "params" and it.name == param for it in references_in(value))


def _parameter(it: Declared) -> Parameter:
    is_computed = it.default is UNKNOWN
    return Parameter(
        name=sendable(it.name), type=sendable(it.type), text=sendable(it.text), value="" if is_computed else sendable(_typed(it, it.default)),
        is_computed=is_computed, help=sendable(it.help), choices=_choices(it),
    )  # fmt: skip


def _choices(it: Declared) -> list[str]:
    if it.choices:
        return [sendable(str(choice)) for choice in it.choices]
    return ["True", "False", *(["null"] if "none" in it.kinds else [])] if it.kinds and it.kinds <= {"bool", "none"} and "bool" in it.kinds else []


def _typed(it: Declared, value: Any) -> str:
    """A value as one would type it, so that it is read as the same again."""
    if it.choices or isinstance(value, (str, bool)):
        return str(value)
    return "null" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _problem(name: str, cause: UsageError) -> FieldProblem:
    return FieldProblem(name=name, text=sendable(words.clean(f"{cause.message} {cause.mend}")))
