"""What is answered of pipelines: their graph, plan, state and output. It may take a while, so it is done in threads."""

from __future__ import annotations

import codecs
import itertools
from pathlib import Path

from nbtrack.amounts import counted
from nbtrack.charts.frame import sendable
from nbtrack.errors import SpecError, UsageError
from nbtrack.gates.check import kept
from nbtrack.journal import Home, fold
from nbtrack.pipelines.decide import folder_of_state
from nbtrack.pipelines.graph import Graph
from nbtrack.pipelines.history import find, read, run_ids, text_file
from nbtrack.pipelines.layout import layout
from nbtrack.pipelines.load import nearest
from nbtrack.pipelines.open import Checked, Wanted, check_pipeline, open_pipeline
from nbtrack.pipelines.past import kept_text, state_of
from nbtrack.pipelines.stream import without_colours
from nbtrack.reads import words
from nbtrack.server.forms import nearest_file
from nbtrack.server.shapes import (
    GateVerdict,
    NodeStatus,
    PipelineArrow,
    PipelineGraph,
    PipelineNode,
    PipelinePast,
    PipelineStatus,
    PlanStep,
    SpecProblem,
    StageLog,
    StageResult,
)  # fmt: skip
from nbtrack.specs import NAMES

_LETTER, _BESIDE, _NARROW, _WIDE, _HIGH = 7.5, 52.0, 190.0, 300.0, 48.0
"""Pixels of a letter, of what stands beside the name in a box, of the narrowest and widest box, and of its height."""
_PAST = 30
_PIECE = 256_000
"""Bytes of output that are sent at once."""


def graph(root: Path, file: Path, profile: str = "", text: str | None = None) -> PipelineGraph:
    """The pipeline as it would be drawn, or what is wrong with it."""
    found, problems = _checked(file, profile, text)
    if found is None:
        told = f"{file.name} cannot run: {problems[0]['text']}" if problems else ""
        return PipelineGraph(
            name=file.parent.name, description="", profiles=[], nodes=[], arrows=[], width=0, height=0, box_height=_HIGH, problems=problems, says=told
        )
    loaded, drawn = found.graph.loaded, found.graph
    place = layout({it.id: it.needs for it in drawn.nodes.values()}, lambda it: min(_WIDE, max(_NARROW, len(it) * _LETTER + _BESIDE)), _HIGH)
    nodes = [
        PipelineNode(
            id=sendable(it.id), stage=sendable(it.stage), notebook=_below(root, it.notebook), description=sendable(it.spec.description), needs=list(it.needs),
            gates=[sendable(gate) for gate in found.gates.get(it.stage, ())], x=place.boxes[it.id].x, y=place.boxes[it.id].y, width=place.boxes[it.id].width,
        )
        for it in drawn.nodes.values()
    ]  # fmt: skip
    arrows = [PipelineArrow(source=source, target=target, path=path) for (source, target), path in place.arrows.items()]
    return PipelineGraph(
        name=sendable(loaded.name), description=sendable(loaded.pipeline.description), profiles=list(loaded.pipeline.profiles), nodes=nodes, arrows=arrows,
        width=place.width, height=place.height, box_height=place.box_height, problems=[], says=_says(drawn),
    )  # fmt: skip


def near(root: Path, path: Path) -> dict[str, str]:
    """The pipeline file that belongs to a notebook or folder: the nearest one from there upwards, within the root.

    Raises:
        UsageError: there is none.
    """
    if (found := nearest_file(root, path)) is not None:
        return {"path": found.relative_to(root).as_posix()}
    folder = path if path.is_dir() else path.parent
    told = _below(root, folder)
    raise UsageError(
        f"There is no {NAMES[0]} in {told or 'the root folder'}{' or above it' if told not in ('', '.') else ''}.",
        mend="Write one: docs/pipelines.md says how.",
    )


def check(file: Path, profile: str = "", text: str | None = None) -> list[SpecProblem]:
    """All that is wrong with a pipeline file, in the order of lines."""
    return _checked(file, profile, text)[1]


def plan(wanted: Wanted) -> list[PlanStep]:
    """What would become of each stage.

    Raises:
        UsageError, SpecError: it cannot run as it is wanted.
    """
    return [
        PlanStep(
            id=step.node.id, action=step.action.value, reasons=[sendable(words.clean(it)) for it in step.reasons], run=step.entry.run_id if step.entry else ""
        )
        for step in open_pipeline(wanted).plan()
    ]


def status(home: Home, file: Path, run: str) -> PipelineStatus:
    """How a run stands.

    Args:
        run: `last`, or the first letters of its id.

    Raises:
        UsageError: there is no such run.
    """
    state = folder_of_state(file)
    if run == "last" and next(run_ids(state), None) is None:
        return PipelineStatus(run="", state="", began_ms=0, ended_ms=0, nodes=[])
    found = find(state, run)
    nodes = [
        NodeStatus(
            id=it, phase=node.phase.value, reason=sendable(words.clean(node.reason)), run=node.run_id, attempt=node.attempt, seconds=node.seconds,
            since_ms=node.since_ns // 1_000_000, cell=node.cell, cells=node.cells,
        )
        for it, node in found.nodes.items()
    ]  # fmt: skip
    told = state_of(home, found)
    return PipelineStatus(run=found.run_id, state=told, began_ms=found.began_ns // 1_000_000, ended_ms=found.ended_ns // 1_000_000, nodes=nodes)


def past(home: Home, file: Path) -> list[PipelinePast]:
    """Its runs, the newest first."""
    state = folder_of_state(file)
    found = (read(state, it) for it in itertools.islice(run_ids(state), _PAST))
    return [PipelinePast(run=it.run_id, state=state_of(home, it), began_ms=it.began_ns // 1_000_000) for it in found if it is not None]


def log(home: Home, file: Path, run: str, node: str, start: int) -> StageLog:
    """What a stage of a run printed, from a byte on; its end where that is too much.

    Raises:
        UsageError: there is no such run, or no such stage in it.
    """
    state = folder_of_state(file)
    found = find(state, run)
    if node not in found.nodes:
        raise UsageError(f"Run {found.run_id[:8]} has no stage {node!r}.", mend=nearest(node, found.nodes, "stages"))
    path = text_file(state / "runs" / found.run_id, node)
    if not path.exists():
        data = kept_text(home, found.nodes[node]).encode()
        begin = max(start, len(data) - _PIECE, 0)
        return _piece(data[begin:], begin)
    with path.open("rb") as stream:
        begin = max(start, stream.seek(0, 2) - _PIECE, 0)
        stream.seek(begin)
        return _piece(stream.read(_PIECE), begin)


def result(home: Home, run: str) -> StageResult:
    """What a stage's run came to; of a result out of the cache, the verdicts are those of the run that it comes from."""
    view = fold(home, run, metrics=False) if run.isalnum() else None
    if view is None:
        return StageResult(verdicts=[], traceback="")
    found = kept(home, view)
    if not found and (source := view.tags.get("nbtrack.cached_from", "")) and (before := fold(home, source, metrics=False)) is not None:
        found = kept(home, before)
    verdicts = [
        GateVerdict(
            gate=sendable(it.gate), standing=it.standing.value, measured="" if it.measured is None else _measured(it.measured), wanted=sendable(it.wanted),
            why=sendable(words.clean(it.why)), mend=sendable(words.clean(it.mend)),
        )
        for it in found
    ]  # fmt: skip
    return StageResult(verdicts=verdicts, traceback=sendable(words.clean(without_colours(view.traceback))))


def _checked(file: Path, profile: str, text: str | None) -> tuple[Checked | None, list[SpecProblem]]:
    try:
        return check_pipeline(file, profile, text=text), []
    except SpecError as error:
        rows = zip(error.problems, error.spans or itertools.repeat((0, 0)), strict=False)
        return None, [
            SpecProblem(line=line, column=column, until=until, text=sendable(f"{where}: {told}" if where else told))
            for (line, where, told), (column, until) in rows
        ]
    except UsageError as error:
        return None, [SpecProblem(line=1, column=0, until=0, text=sendable(str(error)))]


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""


def _says(drawn: Graph) -> str:
    told = "; ".join(f"{it.id} after {', '.join(it.needs)}" if it.needs else f"{it.id} first" for it in drawn.nodes.values())
    return sendable(f"{counted(len(drawn.nodes), 'stage')}: {told}.")


def _measured(value: float | str) -> str:
    return words.number(value) if isinstance(value, float) else sendable(value)


def _piece(data: bytes, begin: int) -> StageLog:
    """Whole characters alone: one that is cut comes with the next piece."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data)
    left = len(decoder.getstate()[0])
    return StageLog(text=sendable(words.clean(text)), start=begin, end=begin + len(data) - left)
