"""Whether a pipeline can run: notebooks, params and inputs, all that is wrong at once and with its line, before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
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


def checked(loaded: Loaded, books: Books, problems: Sequence[Problem] = ()) -> Graph:
    """The graph of a pipeline that can run.

    Args:
        problems: what is wrong elsewhere, told together with what is wrong here.

    Raises:
        SpecError: it cannot; lists all that is wrong.
    """
    graph, found = build(loaded)
    problems = [*problems, *found]
    if graph is not None:
        for node in graph.nodes.values():
            problems += _check(loaded, graph, node, books)
    refuse(problems)
    assert graph is not None  # without a graph there is a problem
    return graph


def check_kernels(graph: Graph, books: Books, wanted: Collection[str]) -> None:
    """Refuse to run nodes whose kernel is not installed on this machine.

    Raises:
        SpecError: lists all of them.
    """
    from nbtrack.pipelines.surroundings import has_kernel

    problems = []
    for node in graph.nodes.values():
        name = node.spec.environment.kernel or books.get(node.notebook)[0].kernel
        if node.id in wanted and not has_kernel(name):
            from nbtrack.pipelines.kernels import check_kernel

            try:
                check_kernel(name, node.notebook)
            except UsageError as cause:
                place = ("stages", node.stage, *(("environment", "kernel") if node.spec.environment.kernel else ("notebook",)))
                problems.append(graph.loaded.problem(place, cause.message, cause.mend))
    refuse(problems)


def _check(loaded: Loaded, graph: Graph, node: Node, books: Books) -> list[Problem]:
    here = ("stages", node.stage)
    try:
        book, declared = books.get(node.notebook)
    except UsageError as cause:
        return [loaded.problem((*here, "notebook"), cause.message, cause.mend)]
    problems = []
    if not node.cwd.is_dir():
        problems.append(loaded.problem((*here, "folder"), f"There is no folder {node.cwd}.", "Make it, or leave `folder` out."))
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
    problems += _check_schemas(loaded, node)
    if node.spec.sweep is not None:
        problems += _check_sweep(loaded, node, book, declared)
    made = {path for it in node.needs for path in graph.nodes[it].files.values()}
    for name, path in node.inputs.items():
        if "${" in path:
            problems += _check_input_reference(loaded, node, name, path, graph)
        elif path in node.files.values():
            problems.append(loaded.problem((*here, "inputs", name), f"{path!r} is read and written by {node.id}.", "Let it write to another path."))
        elif not _is_made(path, made) and not (loaded.folder / path).exists() and tracked(loaded.folder / path) is None:
            text = f"The input {path!r} is not there, and no stage makes it."
            problems.append(loaded.problem((*here, "inputs", name), text, "Correct the path, or name it among a stage's outputs."))
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
        if it.kind == "outputs" and any(it.name not in graph.nodes[other].files for other in node.uses[it.stage, it.name]):
            text = f"{it} is a value and no file, so it cannot be an input."
            return [loaded.problem(("stages", node.stage, "inputs", name), text, "Hand it to the notebook under `params`.")]
    return []


def _is_made(path: str, made: set[str]) -> bool:
    return path in made or any(path.startswith(f"{it}/") or it.startswith(f"{path}/") for it in made)
