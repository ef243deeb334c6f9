"""The stages of a pipeline as a graph: one node for every combination of a matrix, in an order in which they can run."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.pipelines.load import Loaded, Problem, nearest
from nbtrack.pipelines.references import Reference, check_condition, references_in, resolve
from nbtrack.pipelines.spec import Stage
from nbtrack.yaml_text import Place

STATIC = ("params", "matrix")
"""Kinds of references that are known before anything runs."""


@dataclass(frozen=True)
class Node:
    """One stage with one combination of its matrix."""

    id: str
    """`train`, or `train[model=ridge]`."""
    stage: str
    spec: Stage
    """With what `defaults` says."""
    matrix: Mapping[str, Any]
    notebook: Path
    cwd: Path
    inputs: Mapping[str, str]
    """Paths from the pipeline's folder; a reference to an output stands for that output."""
    files: Mapping[str, str]
    """Outputs that are files or folders: name to path from the pipeline's folder."""
    values: tuple[str, ...]
    """Outputs that are values."""
    needs: tuple[str, ...] = ()
    """Ids of nodes that must be done before, sorted as they run."""
    uses: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Stage and output that it refers to: the ids of the nodes that are meant."""

    @property
    def outputs(self) -> tuple[str, ...]:
        return (*self.files, *self.values)


@dataclass(frozen=True)
class Graph:
    """All nodes, in an order in which they can run."""

    loaded: Loaded
    nodes: Mapping[str, Node]

    def of_stage(self, stage: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.stage == stage]

    def chosen(self, words: list[str]) -> set[str]:
        """Ids that words name: stages or nodes.

        Raises:
            UsageError: there is none of that name.
        """
        stages = self.loaded.pipeline.stages
        found: set[str] = set()
        for word in words:
            ids = {node.id for node in self.nodes.values() if word in (node.stage, node.id)}
            if not ids:
                raise UsageError(f"{self.loaded.file.name} has no stage {word!r}.", mend=nearest(word, stages, "stages"))
            found |= ids
        return found

    def above(self, ids: set[str]) -> set[str]:
        """These and all that they need."""
        found: set[str] = set()
        waiting = list(ids)
        while waiting:
            it = waiting.pop()
            if it not in found:
                found.add(it)
                waiting += self.nodes[it].needs
        return found

    def below(self, ids: set[str]) -> set[str]:
        """These and all that need them."""
        found = set(ids)
        for node in self.nodes.values():
            if found.intersection(node.needs):
                found.add(node.id)
        return found


def build(loaded: Loaded) -> tuple[Graph, list[Problem]]:
    """The graph of a pipeline, and what is wrong with it: then its nodes are those that can be told, in no order."""
    problems: list[Problem] = []
    stages = {name: _with_defaults(stage, loaded) for name, stage in loaded.pipeline.stages.items()}
    for name, stage in stages.items():
        problems += _check_names(loaded, name, stage, stages)
    problems += _check_schedules(loaded)
    by_stage = {name: list(_nodes(loaded, name, stage, problems)) for name, stage in stages.items() if _can_be_read(stage)}
    makers = _makers(loaded, by_stage, problems)
    inside = _inside(makers)
    linked = {node.id: _linked(node, by_stage, makers, inside) for nodes in by_stage.values() for node in nodes}
    order, cycle = _ordered(linked)
    if cycle:
        names = list(dict.fromkeys(linked[it].stage for it in cycle))
        text = f"Stages wait for each other: {' -> '.join([*names, names[0]])}."
        problems.append(loaded.problem(("stages", names[0]), text, "Take one of these needs, inputs or references away."))
    if problems:
        return Graph(loaded, linked), problems
    rank = {it: number for number, it in enumerate(order)}
    nodes = {it: replace(linked[it], needs=tuple(sorted(linked[it].needs, key=rank.__getitem__))) for it in order}
    return Graph(loaded, nodes), []


def value_of(reference: Reference, loaded: Loaded, matrix: Mapping[str, Any]) -> Any:
    """A reference that is known before anything runs."""
    return loaded.pipeline.params[reference.name] if reference.kind == "params" else matrix[reference.name]


def node_id(stage: str, matrix: Mapping[str, Any]) -> str:
    """`train[model=ridge,depth=2]`."""
    return f"{stage}[{','.join(f'{name}={value}' for name, value in matrix.items())}]" if matrix else stage


def _can_be_read(stage: Stage) -> bool:
    outputs = [it.path for it in stage.outputs.values()]
    try:
        list(references_in([stage.notebook, stage.folder, outputs, stage.params, stage.inputs, stage.when, stage.environment.variables]))
    except UsageError:
        return False
    return True


def _with_defaults(stage: Stage, loaded: Loaded) -> Stage:
    defaults = loaded.pipeline.defaults
    update = {name: getattr(defaults, name) for name in defaults.model_fields_set if name not in stage.model_fields_set}
    return stage.model_copy(update=update) if update else stage


def _check_names(loaded: Loaded, name: str, stage: Stage, stages: Mapping[str, Stage]) -> Iterator[Problem]:
    """Whether all that a stage names is there."""
    pipeline = loaded.pipeline
    here: Place = ("stages", name)
    static = {"notebook": stage.notebook, "folder": stage.folder, "outputs": {key: it.path for key, it in stage.outputs.items()}}
    dynamic = {"params": stage.params, "inputs": stage.inputs, "when": stage.when, "environment": stage.environment.variables}
    for part, data in {**static, **dynamic}.items():
        for key, value in data.items() if isinstance(data, dict) else [(None, data)]:
            place = (*here, part) if key is None else (*here, part, key)
            try:
                found = list(references_in(value))
            except UsageError as cause:
                yield loaded.problem(place, cause.message, cause.mend)
                continue
            for it in found:
                known: Any
                if part in static and it.kind not in STATIC:
                    yield loaded.problem(place, f"{it} is not known before stages run, so it cannot stand in {part}.", "Use ${params.X} or ${matrix.X} there.")
                elif part == "inputs" and it.kind not in (*STATIC, "outputs"):
                    yield loaded.problem(place, f"{it} cannot stand in inputs.", "Use ${params.X}, ${matrix.X} or ${STAGE.outputs.X} there.")
                elif it.kind in ("secrets", "trial") and part != "params":
                    yield loaded.problem(place, f"{it} can stand in params alone.", "Hand it to the notebook as a param.")
                elif it.kind in ("secrets", "trial") and not (isinstance(value, str) and value == str(it)):
                    yield loaded.problem(place, f"{it} must be the whole value.", f"Write {key}: {it}.")
                elif it.kind == "outputs":
                    if it.stage not in stages:
                        yield loaded.problem(place, f"{it} names a stage that is not there.", nearest(it.stage, stages, "stages"))
                    elif it.name not in stages[it.stage].outputs:
                        mend = nearest(it.name, stages[it.stage].outputs, "outputs")
                        mend += f" A value that it records is declared there as `{it.name}: {{value: float}}`."
                        yield loaded.problem(place, f"Stage {it.stage!r} declares no output {it.name!r}.", mend)
                    elif it.stage == name:
                        yield loaded.problem(place, f"{it} is the stage's own output.", "Refer to another stage.")
                else:
                    files = [key for key, output in stage.outputs.items() if output.path and stage.sweep is not None]
                    known = {"params": pipeline.params, "matrix": stage.matrix, "env": pipeline.env, "secrets": pipeline.secrets, "trial": files}[it.kind]
                    if it.name not in known:
                        what = {"params": "params", "matrix": "values of a matrix here", "env": "variables under `env:`", "secrets": "secrets"}
                        what |= {"trial": "files among the outputs of a sweep here"}
                        yield loaded.problem(place, f"{it} names nothing.", nearest(it.name, known, f"{what[it.kind]}; list it there"))
    for index, need in enumerate(stage.needs):
        if need not in stages:
            yield loaded.problem((*here, "needs", index), f"{name!r} needs a stage {need!r} that is not there.", nearest(need, stages, "stages"))
    try:
        check_condition(stage.when)
    except UsageError as cause:
        yield loaded.problem((*here, "when"), cause.message, cause.mend)


def _check_schedules(loaded: Loaded) -> Iterator[Problem]:
    """Whether all that schedules name is there."""
    pipeline = loaded.pipeline
    for name, it in pipeline.schedules.items():
        named = [("stages", word, pipeline.stages) for word in it.stages] + [("params", word, pipeline.params) for word in it.params]
        named += [("profile", it.profile, pipeline.profiles)] if it.profile else []
        for part, word, known in named:
            if word not in known:
                what = part.rstrip("s")
                yield loaded.problem(
                    ("schedules", name, part), f"Schedule {name!r} names a {what} {word!r} that is not there.", nearest(word, known, f"{what}s")
                )


def _nodes(loaded: Loaded, name: str, stage: Stage, problems: list[Problem]) -> Iterator[Node]:
    folder = loaded.folder
    for values in itertools.product(*stage.matrix.values()):
        matrix = dict(zip(stage.matrix, values, strict=True))

        def look(reference: Reference, matrix: Mapping[str, Any] = matrix) -> Any:
            try:
                return value_of(reference, loaded, matrix) if reference.kind in STATIC else str(reference)
            except KeyError:  # it names nothing, which is told
                return str(reference)

        files = {}
        for key, output in stage.outputs.items():
            if output.path:
                path = os.path.normpath(str(resolve(output.path, look)))
                files[key] = path.replace(os.sep, "/")
                if path in (".", "..") or path.startswith("../") or Path(path).is_absolute():
                    problems.append(
                        loaded.problem(("stages", name, "outputs", key), f"{path!r} lies outside the pipeline's folder.", "Write outputs below it.")
                    )
        inputs = {key: str(resolve(path, look)) for key, path in stage.inputs.items()}
        inputs = {key: path if "${" in path else os.path.normpath(path).replace(os.sep, "/") for key, path in inputs.items()}
        notebook = folder / str(resolve(stage.notebook, look))
        cwd = folder / str(resolve(stage.folder, look)) if stage.folder else notebook.parent
        recorded = tuple(key for key, output in stage.outputs.items() if not output.path)
        yield Node(node_id(name, matrix), name, stage, matrix, notebook, cwd, inputs, files, recorded)


def _makers(loaded: Loaded, by_stage: Mapping[str, list[Node]], problems: list[Problem]) -> dict[str, str]:
    """Which node makes which path; and who would write what another one writes."""
    makers: dict[str, str] = {}
    stage_of: dict[str, tuple[str, str]] = {}
    for nodes in by_stage.values():
        for node in nodes:
            for key, path in node.files.items():
                if path in makers:
                    other = stage_of[path]
                    same = other[0] == node.stage and makers[path] != node.id
                    mend = "Put ${matrix.NAME} into the path." if same else "Let one of them write elsewhere."
                    text = f"{path!r} is written by {makers[path]} and by {node.id}."
                    problems.append(loaded.problem(("stages", node.stage, "outputs", key), text, mend))
                else:
                    makers[path], stage_of[path] = node.id, (node.stage, key)
    for path, (stage, key) in stage_of.items():
        for above in _above(path):
            if above in makers:
                text = f"{path!r} of {makers[path]} lies in {above!r}, which {makers[above]} writes."
                problems.append(loaded.problem(("stages", stage, "outputs", key), text, "Let one of them write elsewhere."))
    return makers


def _above(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _linked(node: Node, by_stage: Mapping[str, list[Node]], makers: Mapping[str, str], inside: Mapping[str, list[str]]) -> Node:
    """The node with what it needs: as it says, and as its references and inputs tell."""
    needs: dict[str, None] = {it.id: None for need in node.spec.needs for it in _meant(by_stage.get(need, []), node)}
    uses: dict[tuple[str, str], tuple[str, ...]] = {}
    for it in references_in([node.spec.params, node.spec.inputs, node.spec.when, node.spec.environment.variables]):
        if it.kind == "outputs":
            meant = tuple(other.id for other in _meant(by_stage.get(it.stage, []), node))
            uses[it.stage, it.name] = meant
            needs |= dict.fromkeys(meant)
    for path in node.inputs.values():
        if "${" not in path:
            needs |= dict.fromkeys(makers[it] for it in (path, *_above(path)) if it in makers)
            needs |= dict.fromkeys(inside.get(path, ()))
    needs.pop(node.id, None)
    return replace(node, needs=tuple(needs), uses=uses)


def _inside(makers: Mapping[str, str]) -> dict[str, list[str]]:
    """For each folder, the nodes that write into it."""
    found: dict[str, list[str]] = {}
    for path, maker in makers.items():
        for above in _above(path):
            found.setdefault(above, []).append(maker)
    return found


def _meant(nodes: list[Node], node: Node) -> list[Node]:
    """Of a stage's nodes those that agree with this one in the matrix values that both have."""
    return [it for it in nodes if all(it.matrix[name] == value for name, value in node.matrix.items() if name in it.matrix)]


def _ordered(nodes: Mapping[str, Node]) -> tuple[list[str], list[str]]:
    """Ids in an order in which they can run; and a cycle, where there is one."""
    order: list[str] = []
    state: dict[str, int] = {}
    for start in nodes:
        stack: list[tuple[str, Iterator[str]]] = [(start, iter(nodes[start].needs))] if start not in state else []
        if stack:
            state[start] = 1
        while stack:
            it, rest = stack[-1]
            for need in rest:
                if state.get(need) == 1:
                    path = [name for name, _ in stack]
                    return order, path[path.index(need) :]
                if need not in state:
                    state[need] = 1
                    stack.append((need, iter(nodes[need].needs)))
                    break
            else:
                state[it] = 2
                order.append(it)
                stack.pop()
    return order, []
