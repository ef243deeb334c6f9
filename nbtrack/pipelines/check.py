"""Whether a pipeline can run: notebooks, params and inputs, all that is wrong at once and with its line, before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from nbtrack.errors import UsageError
from nbtrack.pipelines import notebook as notebooks
from nbtrack.pipelines.data.dvc import tracked
from nbtrack.pipelines.graph import STATIC, Graph, Node, build, value_of
from nbtrack.pipelines.load import Loaded, Problem, nearest, refuse
from nbtrack.pipelines.notebook import Notebook
from nbtrack.pipelines.parameters import Declared, accept, declared_in, unknown
from nbtrack.pipelines.references import references_in, resolve


class Books:
    """Notebooks of a pipeline, each read once."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[Notebook, tuple[Declared, ...]]] = {}

    def get(self, path: Path) -> tuple[Notebook, tuple[Declared, ...]]:
        """A notebook and the parameters it declares.

        Raises:
            UsageError: it cannot be read.
        """
        if path not in self._read:
            book = notebooks.read(path)
            self._read[path] = book, declared_in(book)
        return self._read[path]


def problems_of(loaded: Loaded, books: Books, *, with_kernels: bool = False) -> tuple[Graph, list[Problem]]:
    """The graph of a pipeline, as far as it can be told, and all that is wrong.

    Args:
        with_kernels: whether kernels must be installed on this machine.
    """
    graph, problems = build(loaded)
    outputs = _Outputs(graph, is_whole=not problems)
    for node in graph.nodes.values():
        problems += _check(loaded, graph, node, books, outputs)
        if with_kernels and (found := _check_kernel(loaded, node, books)) is not None:
            problems.append(found)
    return graph, problems


class _Outputs:
    """What stages make; of a graph that is not whole, whatever any stage may make."""

    def __init__(self, graph: Graph, *, is_whole: bool) -> None:
        self._graph = graph
        self._any = None if is_whole else {it.path for stage in graph.loaded.pipeline.stages.values() for it in stage.outputs.values() if it.path}
        self._any = None if self._any is None else self._any | {path for node in graph.nodes.values() for path in node.files.values()}

    def may_be(self, node: Node, path: str) -> bool:
        """Whether a path that a node reads is made by what it needs."""
        if self._any is not None:
            return any("${" in it for it in self._any - set(node.files.values())) or _is_made(path, self._any)
        return _is_made(path, {it for need in node.needs for it in self._graph.nodes[need].files.values()})


def check_kernels(graph: Graph, books: Books, wanted: Collection[str]) -> None:
    """Refuse to run nodes whose kernel is not installed on this machine.

    Raises:
        SpecError: lists all of them.
    """
    refuse(it for node in graph.nodes.values() if node.id in wanted and (it := _check_kernel(graph.loaded, node, books)) is not None)


def _check_kernel(loaded: Loaded, node: Node, books: Books) -> Problem | None:
    from nbtrack.pipelines.surroundings import has_kernel

    try:
        name = node.spec.environment.kernel or books.get(node.notebook)[0].kernel
    except UsageError:  # there is no notebook
        return None
    if has_kernel(name):
        return None
    from nbtrack.pipelines.kernels import check_kernel

    try:
        check_kernel(name, node.notebook)
    except UsageError as cause:
        place = ("stages", node.stage, *(("environment", "kernel") if node.spec.environment.kernel else ("notebook",)))
        return loaded.problem(place, cause.message, cause.mend)
    return None


def _check(loaded: Loaded, graph: Graph, node: Node, books: Books, outputs: _Outputs) -> list[Problem]:
    here = ("stages", node.stage)
    problems: list[Problem] = []
    try:
        problems += _check_values(loaded, node, *books.get(node.notebook))
    except UsageError as cause:
        if "${" not in str(node.notebook):  # else what it refers to is told
            problems.append(loaded.problem((*here, "notebook"), cause.message, cause.mend))
    if "${" not in str(node.cwd) and not node.cwd.is_dir():
        problems.append(loaded.problem((*here, "folder"), f"There is no folder {node.cwd}.", "Make it, or leave `folder` out."))
    problems += _check_schemas(loaded, node)
    for name, path in node.inputs.items():
        if "${" in path:
            problems += _check_input_reference(loaded, node, name, path, graph)
        elif path in node.files.values():
            problems.append(loaded.problem((*here, "inputs", name), f"{path!r} is read and written by {node.id}.", "Let it write to another path."))
        elif not outputs.may_be(node, path) and not (loaded.folder / path).exists() and tracked(loaded.folder / path) is None:
            text = f"The input {path!r} is not there, and no stage makes it."
            problems.append(loaded.problem((*here, "inputs", name), text, "Correct the path, or name it among a stage's outputs."))
    return problems


def _check_values(loaded: Loaded, node: Node, book: Notebook, declared: tuple[Declared, ...]) -> list[Problem]:
    """Whether the notebook takes what it is given."""
    here = ("stages", node.stage)
    problems: list[Problem] = []
    names = {it.name for it in declared}
    for name, value in node.spec.params.items():
        place = (*here, "params", name)
        if name not in names:
            error = unknown(book, declared, name)
            problems.append(loaded.problem(place, error.message, error.mend))
        elif all(it.kind in STATIC for it in references_in(value)):
            try:
                accept(book, declared, {name: resolve(value, lambda it: value_of(it, loaded, node.matrix))})
            except UsageError as cause:
                problems.append(loaded.problem(place, cause.message, cause.mend))
            except KeyError:  # it names nothing, which is told
                continue
    if node.spec.sweep is not None:
        problems += _check_sweep(loaded, node, book, declared)
    return problems


def _check_schemas(loaded: Loaded, node: Node) -> Iterator[Problem]:
    """Whether the pandera schemas of a stage are there, each for an input or output that it has."""
    for part, schemas, known in (("inputs", node.spec.validate_.inputs, node.inputs), ("outputs", node.spec.validate_.outputs, node.files)):
        for name, source in schemas.items():
            place = ("stages", node.stage, "validate", part, name)
            if name not in known:
                yield loaded.problem(place, f"{node.id} has no {part[:-1]} {name!r} that is a file.", nearest(name, known, part))
            module, colon, _ = source.rpartition(":")
            file = module if colon else source
            if (not colon or file.endswith(".py")) and not (loaded.folder / file).is_file():
                yield loaded.problem(place, f"There is no schema {source!r}.", "Name a YAML file, or FILE.py:NAME, from the pipeline's folder.")


def _check_sweep(loaded: Loaded, node: Node, book: Notebook, declared: tuple[Declared, ...]) -> list[Problem]:
    from nbtrack.pipelines.sweeps.space import read
    from nbtrack.pipelines.sweeps.stage import plan_of

    assert node.spec.sweep is not None
    here = ("stages", node.stage)
    problems = []
    for name, value in node.spec.sweep.params.items():
        place = (*here, "sweep", "params", name)
        try:
            if read(book, declared, name, value) is None:
                problems.append(loaded.problem(place, f"{value!r} of {name!r} is one value.", "Write log(LOW, HIGH), choice(A, B) or a list, or move it."))
        except UsageError as cause:
            problems.append(loaded.problem(place, cause.message, cause.mend))
        if name in node.spec.params:
            problems.append(loaded.problem(place, f"{name!r} stands under `params`, too.", "Search it, or give it a value."))
    if not problems:
        try:
            plan_of(node, book, declared)
        except UsageError as cause:
            problems.append(loaded.problem((*here, "sweep"), cause.message, "Write goal: max:METRIC at the stage." if not node.spec.goal else cause.mend))
    for name in set(node.files) - {it.name for it in references_in(node.spec.params) if it.kind == "trial"}:
        mend = f"Tell each trial where to write its own: a param of the notebook with the value ${{trial.{name}}}."
        problems.append(loaded.problem((*here, "outputs", name), f"Every trial of {node.id} would write {node.files[name]!r}.", mend))
    return problems


def _check_input_reference(loaded: Loaded, node: Node, name: str, path: str, graph: Graph) -> list[Problem]:
    for it in references_in(path):
        named = graph.loaded.pipeline.stages.get(it.stage)
        if it.kind == "outputs" and named is not None and it.name in named.outputs and not named.outputs[it.name].path:
            text = f"{it} is a value and no file, so it cannot be an input."
            return [loaded.problem(("stages", node.stage, "inputs", name), text, "Hand it to the notebook under `params`.")]
    return []


def _is_made(path: str, made: set[str]) -> bool:
    return path in made or any(path.startswith(f"{it}/") or it.startswith(f"{path}/") for it in made)
