"""Verified reproduction: a run's recipe executed again in a clean kernel, and the verdict on what came of it."""

from __future__ import annotations

import ast
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack import courier
from nbtrack.amounts import counted, ordinal
from nbtrack.capture.begin import tracking_uri
from nbtrack.capture.blocks import BLOCK_TAG
from nbtrack.capture.current import attach
from nbtrack.entities import RunView, State
from nbtrack.entities.ledger import Status
from nbtrack.errors import UsageError
from nbtrack.journal import Home, fold, points_of
from nbtrack.journal.executed import is_of
from nbtrack.notebooks.nodes import walk
from nbtrack.reads import act, words
from nbtrack.reads.cached import source_of
from nbtrack.reads.copied import copied
from nbtrack.reads.runs import REPRODUCES_TAG
from nbtrack.replay import execute as executing
from nbtrack.replay import files, packages
from nbtrack.replay.bundle import data_path
from nbtrack.replay.compare import Difference, Tolerance, compare_metrics, compare_outputs, compare_params, up_to
from nbtrack.replay.data import DataReference, Standing, references_of
from nbtrack.replay.kernel import WriteRefusedError
from nbtrack.replay.verdict import RUN_TAG, VERDICT_TAG, WHY_TAG, Answer, Reproduction
from nbtrack.replay.workplace import MAKES, Workplace, furnish, lay_out_code
from nbtrack.settings import Settings

ENVIRONMENTS = ("current", "same", "fresh")
_ON = re.compile(r"^\s*%track\s+(on\b.*?)\s*$", re.MULTILINE)
_LOADS = re.compile(r"^([ \t]*)%(?:re)?load_ext[ \t]+nbtrack[ \t]*$", re.MULTILINE)
_NOT_AGAIN = re.compile(r"""\s--(?:parent(?:=|\s+)(?:"[^"]*"|'[^']*'|\S+)|update\b)""")


class NotRunnable(Exception):  # noqa: N818 - it is an answer, not an error
    """Why the recipe cannot be executed."""

    def __init__(self, why: str, cell: int = 0) -> None:
        super().__init__(why)
        self.why, self.cell = why, cell


@dataclass(frozen=True)
class Cell:
    """A cell of the recipe, and the execution it stands for."""

    source: str
    """As it is executed again: a target has its `%%track` line."""
    may_raise: bool
    outputs: Sequence[Any] | None
    """Of the original; None where nobody saw them."""
    is_target: bool
    is_interrupted: bool
    is_parameters: bool = False
    started_ns: int = 0
    is_cut: bool = False
    """It went on when the run ended, and what it output then is not known."""


def reproduce(
    home: Home, view: RunView, chosen: Settings, *, env: str = "current", tolerance: Iterable[str | float] = (), timeout_s: float | None = None,
    tell: Callable[[str], None] = lambda _: None, see: Callable[[str], None] | None = None,
) -> Reproduction:  # fmt: skip
    """Execute the run's recipe again, as a child of the run, and say what came of it; the verdict is kept on the run.

    A run that took its result from a pipeline's cache counts as the one that made it.

    Args:
        chosen: settings; they name the store of the new run where it is that of the original.
        env: `current` takes the packages that are here and tells which differ, `same` wants them to be those of the run, `fresh`
            installs those of the run in an environment of their own.
        tolerance: `1e-6`, or `metric=0.01`.
        timeout_s: seconds the whole recipe may take; None means any time.
        tell: gets a line on what is done just now.
        see: gets what the cells print, as they do.

    Raises:
        UsageError: an unknown `env`, a tolerance that is no number, a run that goes on.
    """
    allowed = Tolerance.parse(tolerance)
    if env not in ENVIRONMENTS:
        raise UsageError(f"There is no environment {env!r}.", mend=f"It is one of {', '.join(ENVIRONMENTS)}.")
    view = files.settled(home, source_of(home, view))
    if not view.state.is_end:
        raise UsageError(f"Run {view.name} ({view.run_id[:8]}) still goes on.", mend="Reproduce it when it has ended.")
    here = courier.absolute_uri(tracking_uri(chosen), Path.cwd())
    uri = here if courier.mask_uri(here) == view.start.store else view.start.store
    differing: list[str] = []
    found: list[str] = []
    try:
        with copied(home, view, folders=("notebook", "environment", files.CODE, "data"), with_points=True) as (there, (run,)):
            result = _reproduce(home, there, run, env, allowed, timeout_s, uri, differing, found, tell, see)
    except NotRunnable as no:
        run_id = found[0] if found else ""
        result = Reproduction(Answer.NOT_RUNNABLE, no.why, view.run_id, view.name, run_id, no.cell, packages=tuple(differing))
    _keep(home, view, result, uri, chosen)
    return result


def _reproduce(
    home: Home, there: Home, view: RunView, env: str, tolerance: Tolerance, timeout_s: float | None, uri: str, differing: list[str], found: list[str],
    tell: Callable[[str], None], see: Callable[[str], None] | None,
) -> Reproduction:  # fmt: skip
    cells, on_line = recipe_cells(there, view)
    folder = files.folder_of(view) or Path.cwd()
    references = references_of(there, view.run_id, folder)
    _check_data(view, references, cells)
    known = packages.recorded(there, view)
    if env == "current":
        differing += known.differences() if known is not None else []
    elif known is None:
        raise NotRunnable(f"the run does not tell its environment. {files.why_no_environment(view)}")
    elif env == "same" and (others := known.differences()):
        raise NotRunnable(f"the environment is another: {'; '.join(others)}. --env fresh installs the recorded one, --env current takes the one that is here")
    with tempfile.TemporaryDirectory(prefix="nbtrack-reproduce-", ignore_cleanup_errors=True) as name:
        scratch = Path(name).resolve()
        python = sys.executable
        if env == "fresh":
            assert known is not None
            tell("installing the recorded versions")
            try:
                python = str(packages.make(known, scratch))
            except packages.NoEnvironmentError as cause:
                raise NotRunnable(f"the recorded environment cannot be made: {cause}") from cause
        begun_ns = min((cell.started_ns for cell in cells if cell.started_ns), default=view.start.started_ns)
        place = furnish(folder, scratch / "work", [*(cell.source for cell in cells), *(f"'{it.source}'" for it in references if it.path)], begun_ns)
        _lay_out_data(there, view, references, place)
        code = {
            it.path.removeprefix(f"{files.CODE}/"): files.read(there, view, it.path) or b"" for it in view.artifacts if it.path.startswith(f"{files.CODE}/")
        }
        differing += [f"{path} (the run's own was taken)" for path in lay_out_code(place, code, [cell.source for cell in cells])]
        temporary = scratch / "tmp"
        temporary.mkdir()
        targets = frozenset(index for index, cell in enumerate(cells) if cell.is_target)
        job = executing.Job(
            [(cell.source, cell.may_raise) for cell in cells], targets, on_line, python, place.cwd,
            executing.environment(home.root, uri, known.variables if known is not None else {}, python, temporary),
            _facts(view, [scratch, home.root], scratch), timeout_s, scratch, see,
        )  # fmt: skip
        tell(f"executing {counted(len(cells), 'cell')}")
        outcome = executing.execute(job)
        again = _run_of(home, view.run_id, outcome.pid)
        if again is not None:
            found.append(again.run_id)
        if outcome.error is not None:
            raise _why_not(outcome, cells, place)
        if again is None:
            raise NotRunnable(f"the recipe was executed, but began no run{_of_block(view)}")
        differences, unjudged = compare(
            home, view, again, _points(there, view.run_id), cells, outcome.outputs, tolerance, [str(place.cwd), str(place.root), str(place.origin)]
        )
    return _judge(view, again, differences, unjudged, differing, cells)


def recipe_cells(home: Home, view: RunView) -> tuple[list[Cell], str]:
    """The recipe's cells with the outputs they had, and the `%track on` line they want before them, if any.

    Raises:
        NotRunnable: the run has no recipe, or one that cannot be executed to the same point.
    """
    recipe, executed = files.read(home, view, files.RECIPE), files.read(home, view, files.EXECUTED)
    if recipe is None or executed is None:
        raise NotRunnable(f"the run has no recipe: {words.why_no_notebook(view)}")
    seen = {cell["metadata"]["nbtrack"]["number"]: cell for cell in json.loads(executed)["cells"]}
    cells = [_cell(it, seen, view) for it in json.loads(recipe)["cells"]]
    if not any(cell.is_target for cell in cells):
        raise NotRunnable("the recipe lacks the run's own cell")
    for number, cell in enumerate(cells, 1):
        if cell.is_interrupted:
            raise NotRunnable(f"cell {number} ({_head(cell.source)}) was interrupted, at a moment that cannot be found again", number)
    own = [cell.source for cell in cells if cell.is_target]
    if any(source.lstrip().startswith("%%track") for source in own) or any(_ON.search(cell.source) for cell in cells):
        return cells, ""
    first = min(number for number, cell in seen.items() if is_of(cell["metadata"]["nbtrack"], view.run_id))
    if BLOCK_TAG in view.tags and not seen[first]["metadata"]["nbtrack"].get("run_id"):
        return cells, ""
    lines = [match.group(1) for number in sorted(seen) if number <= first for match in _ON.finditer(_text(seen[number]["source"]))]
    return cells, _NOT_AGAIN.sub("", lines[-1]) if lines else "on"


def _cell(cell: Any, seen: dict[int, Any], view: RunView) -> Cell:
    facts = cell["metadata"].get("nbtrack", {})
    tags = cell["metadata"].get("tags", [])
    source = _LOADS.sub(r"\1pass", _text(cell["source"]))  # it is loaded already, which IPython would say
    numbers = facts.get("numbers") or ([facts["number"]] if "number" in facts else [])
    if "parameters" in tags:
        return Cell(source, False, None, False, False, True)
    if not numbers or numbers[-1] not in seen:
        return Cell(source, False, None, False, False)
    before = seen[numbers[-1]]
    told = before["metadata"]["nbtrack"]
    is_target = is_of(told, view.run_id)
    first = _text(before["source"]).lstrip().partition("\n")[0]
    if is_target and first.startswith("%%track"):
        source = f"{_NOT_AGAIN.sub('', first)}\n{source}"
    was_seen = told.get("status") != Status.UNKNOWN and not told.get("late")
    return Cell(
        source, "raises-exception" in tags, before["outputs"] if was_seen else None, is_target, told.get("status") == Status.INTERRUPTED,
        started_ns=told.get("started_ns") or 0, is_cut=told.get("status") == Status.RUNNING,
    )  # fmt: skip


def compare(
    home: Home,
    view: RunView,
    again: RunView,
    points: dict[str, list[tuple[int, float]]],
    cells: Sequence[Cell],
    outputs: Sequence[Sequence[Any]],
    tolerance: Tolerance,
    folders: Sequence[str],
) -> tuple[list[Difference], list[str]]:
    """All differences in the order of the recipe's cells, and metrics that were not judged."""
    found: list[Difference] = []
    for index, (cell, now) in enumerate(zip(cells, outputs, strict=False)):
        if cell.outputs is not None:
            found += compare_outputs(cell.outputs, up_to(cell.outputs, now) if cell.is_cut else now, tolerance.of_outputs, folders, index)
    own = max(index for index, cell in enumerate(cells) if cell.is_target)
    metrics, unjudged = compare_metrics(points, _points(home, again.run_id), tolerance, own, sampled=_sampled(view) | _sampled(again))
    return sorted([*compare_params(view.params, again.params, _given(cells), own), *metrics, *found], key=lambda it: it.cell), unjudged


def _facts(view: RunView, folders: Sequence[Path], scratch: Path) -> str:
    """What `kernel.prepare` is told."""
    told: dict[str, Any] = {"run_id": view.run_id, "name": view.name, "folders": [str(it) for it in folders], "aside": str(scratch / "aside")}
    return json.dumps(told | {"block": _block(view), "outer": view.start.parent})


def _block(view: RunView) -> dict[str, Any] | None:
    """Name and place of the block among those of its cell; None where the run is no block's."""
    try:
        found = json.loads(view.tags.get(BLOCK_TAG, ""))
        return {"name": str(found["name"]), "nth": int(found["nth"])}
    except (ValueError, TypeError, KeyError):
        return None


def _of_block(view: RunView) -> str:
    block = _block(view)
    if block is None:
        return ""
    name, nth = block["name"], ordinal(block["nth"])
    return f" of a {nth} block without a name" if not name else f" of a block {name!r}" if block["nth"] == 1 else f" of a {nth} block {name!r}"


def _sampled(view: RunView) -> dict[str, bool]:
    """Curves of which the run has a sample, and whether their steps are rough."""
    try:
        found = json.loads(view.tags.get("nbtrack.thinned", "{}"))
        return {str(name): bool(it.get("about")) for name, it in found.items()}
    except (ValueError, AttributeError):
        return {}


def _given(cells: Sequence[Cell]) -> set[str]:
    """Names that the cell of parameters binds."""
    source = next((cell.source for cell in cells if cell.is_parameters), "")
    return {it.id for node in walk(ast.parse(source)) if isinstance(node, (ast.Assign, ast.AnnAssign)) for it in walk(node) if isinstance(it, ast.Name)}


def _judge(view: RunView, again: RunView, differences: list[Difference], unjudged: list[str], differing: list[str], cells: Sequence[Cell]) -> Reproduction:
    if again.state is not view.state and State.KILLED not in (again.state, view.state):
        differences = [*differences, Difference("the run", view.state.value, again.state.value, cell=len(cells) - 1)]
    beyond = [it for it in differences if not it.is_within]
    answer = Answer.DIFFERENT if beyond else Answer.WITHIN if differences else Answer.IDENTICAL
    first = (beyond or differences)[:1]
    why = ""
    if first:
        more = len(beyond or differences) - 1
        why = f"{_place(first[0].cell, cells)}{first[0]}" + (f" (and {more} more)" if more else "")
    metrics = sum(not name.startswith("system/") for name in view.metrics) - len(unjudged)
    outputs = sum(bool(cell.outputs) for cell in cells)
    compared = f"{counted(metrics, 'metric')}, outputs of {counted(outputs, 'cell')}"
    if not first and not metrics and not outputs:
        why = "it ran to its end, but has neither metrics nor outputs that could be compared"
    return Reproduction(
        answer, why, view.run_id, view.name, again.run_id, first[0].cell + 1 if first else 0, tuple(differences), tuple(unjudged), tuple(differing), compared
    )


def _why_not(outcome: executing.Outcome, cells: Sequence[Cell], place: Workplace) -> NotRunnable:
    """What ended the execution, in words."""
    assert outcome.error is not None
    name, text = outcome.error
    where = _place(outcome.stopped_at, cells)
    number = outcome.stopped_at + 1
    if not name:
        return NotRunnable(f"{where}{text}", number)
    if name in ("ModuleNotFoundError", "ImportError"):
        return NotRunnable(f"{where}a package is missing: {text}. --env fresh installs the recorded ones", number)
    if name == "FileNotFoundError":
        left = [it for it in place.left_out if Path(it).name in text]
        hint = f" ({left[0]} was not copied, as it is large or one of many)" if left else ""
        return NotRunnable(f"{where}a file is missing: {text}{hint}", number)
    if name == WriteRefusedError.__name__:
        return NotRunnable(f"{where}{text}", number)
    if name == "StdinNotImplementedError":
        return NotRunnable(f"{where}it asks for input", number)
    return NotRunnable(f"{where}it raises {name}: {text}", number)


def _check_data(view: RunView, references: Sequence[DataReference], cells: Sequence[Cell]) -> None:
    """Refuse to run on other data, unless the recipe makes the file itself.

    Raises:
        NotRunnable: a file is missing or was changed.
    """
    kept = {it.path for it in view.artifacts}
    for it in references:
        if it.standing not in (Standing.CHANGED, Standing.MISSING) or data_path(it.digest, it.source) in kept or _is_made(it, cells):
            continue
        if it.standing is Standing.MISSING and it.has_shape:  # else the code may only name it, and its own error will tell
            raise NotRunnable(f"the data {it.path} is not here")
        if it.standing is Standing.CHANGED:
            raise NotRunnable(f"the data {it.path} changed since the run: its digest was {it.digest}")


def _is_made(reference: DataReference, cells: Sequence[Cell]) -> bool:
    """Whether the recipe seems to write the file before it reads it."""
    name = Path(reference.source).name
    lines = [line for cell in cells for line in cell.source.splitlines() if name in line]
    return len(lines) > 1 or any(MAKES.search(line) and "read" not in line for line in lines)


def _lay_out_data(home: Home, view: RunView, references: Sequence[DataReference], place: Workplace) -> None:
    """Put data that a bundle brought where the recipe looks for it, if it names it by a relative path."""
    kept = {it.path: it for it in view.artifacts}
    for it in references:
        path = data_path(it.digest, it.source)
        if it.standing is Standing.SAME or path not in kept or Path(it.source).is_absolute():
            continue
        target = (place.cwd / it.source).resolve()
        if target.is_relative_to(place.root):
            files.copy(home, kept[path], target)


def _run_of(home: Home, original: str, pid: int) -> RunView | None:
    """The run that the kernel with this process id began for the original."""
    for run_id in home.run_ids():
        view = fold(home, run_id, metrics=False)
        if view is not None and view.tags.get(REPRODUCES_TAG) == original and view.start.owner.partition("-")[0] == str(pid):
            return fold(home, run_id)
    return None


def _points(home: Home, run_id: str) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for name, step, _, value in points_of(home, run_id):
        found.setdefault(name, []).append((step, value))
    return {name: sorted(points, key=lambda it: it[0]) for name, points in found.items()}


def _keep(home: Home, view: RunView, result: Reproduction, uri: str, chosen: Settings) -> None:
    """Note the verdict on the original run, and let it be delivered."""
    told = {VERDICT_TAG: str(result.answer), RUN_TAG: result.run_id or None, WHY_TAG: result.why or None}
    if not view.is_local:
        act.tag(home, view.run_id, {name: value for name, value in told.items() if value is not None}, store=view.start.store)
        act.untag(home, view.run_id, [name for name, value in told.items() if value is None], store=view.start.store)
        return
    run = attach(home, view.run_id, view.start)
    assert run is not None  # it was read just now
    for name, value in told.items():
        run.tag(name, value)
    run.writer.close()
    courier.announce_soon(home, uri, chosen)
    courier.wake(home, view.start.store)


def _place(index: int, cells: Sequence[Cell]) -> str:
    return f"cell {index + 1} ({_head(cells[index].source)}): " if 0 <= index < len(cells) else ""


def _head(source: str) -> str:
    """The first line of a cell that tells something."""
    lines = [line.strip() for line in source.splitlines() if line.strip() and not line.lstrip().startswith(("%%track", "#"))]
    line = lines[0] if lines else source.strip().partition("\n")[0]
    return line if len(line) <= 40 else f"{line[:39]}…"


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)
