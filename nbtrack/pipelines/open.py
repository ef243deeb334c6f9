"""A pipeline that can run: read, checked, and with the stages that are wanted of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack import settings
from nbtrack.errors import SpecError
from nbtrack.pipelines.cache import Cache
from nbtrack.pipelines.check import Books, problems_of
from nbtrack.pipelines.decide import Decider, folder_of_state
from nbtrack.pipelines.digests import Digests
from nbtrack.pipelines.gating import StageGates, gates_of
from nbtrack.pipelines.graph import Graph
from nbtrack.pipelines.load import find_file, load, load_in_part, refuse
from nbtrack.pipelines.plan import Selection, Step, plan, select
from nbtrack.pipelines.remote import remote_of


@dataclass(frozen=True)
class Wanted:
    """What somebody asks of a pipeline."""

    file: Path | None = None
    stages: tuple[str, ...] = ()
    params: Mapping[str, Any] | None = None
    typed: frozenset[str] = frozenset()
    profile: str = ""
    downstream: bool = False
    force: bool = False
    start: str = ""


@dataclass(frozen=True)
class Checked:
    """A pipeline without a mistake."""

    graph: Graph
    books: Books
    gates: StageGates


@dataclass(frozen=True)
class Opened:
    """A pipeline that can run, with its cache."""

    graph: Graph
    books: Books
    decider: Decider
    cache: Cache
    state: Path
    selection: Selection
    gates: StageGates

    def plan(self) -> list[Step]:
        steps = plan(self.graph, self.decider, self.cache, self.selection)
        self.decider.digests.save()
        return steps


def check_pipeline(
    file: Path, profile: str = "", params: Mapping[str, Any] | None = None, typed: frozenset[str] = frozenset(), *, text: str | None = None,
    with_kernels: bool = False,
) -> Checked:  # fmt: skip
    """Read a pipeline and look for mistakes.

    Args:
        text: what the file would say, instead of what it says.
        with_kernels: whether kernels must be installed on this machine.

    Raises:
        UsageError, SpecError: it cannot run; lists all that is wrong.
    """
    books = Books()
    try:
        loaded = load(file, profile, params, typed, text=text)
    except SpecError as cause:
        if (part := load_in_part(file, profile, text=text)) is None:
            raise
        rest, is_doubtful = part
        more = [*gates_of(rest)[1], *problems_of(rest, books, with_kernels=with_kernels)[1]]
        refuse((it for it in more if not is_doubtful(it)), cause)
        raise
    gates, wrong = gates_of(loaded)
    graph, problems = problems_of(loaded, books, with_kernels=with_kernels)
    refuse([*wrong, *problems])
    return Checked(graph, books, gates)


def open_pipeline(wanted: Wanted, *, with_kernels: bool = False) -> Opened:
    """Read and check a pipeline.

    Args:
        with_kernels: whether all kernels must be installed on this machine.

    Raises:
        UsageError, SpecError: it cannot run as it is wanted.
    """
    file = find_file(wanted.file, Path.cwd())
    found = check_pipeline(file, wanted.profile, wanted.params, wanted.typed, with_kernels=with_kernels)
    graph = found.graph
    state = folder_of_state(file)
    chosen = settings.load(folder=file.parent)
    cache = Cache(state / "cache", remote_of(chosen.cache or graph.loaded.pipeline.remote, file.parent))
    selection = select(graph, list(wanted.stages), downstream=wanted.downstream, force=wanted.force, start=wanted.start)
    return Opened(graph, found.books, Decider(graph, found.books, Digests(state / "digests.json")), cache, state, selection, found.gates)
