"""papermill's door: the one file that imports it. Its engine executes cells in a kernel that is there already."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.pipelines.kernels import Kernel, Kernels, how_it_died
from nbtrack.pipelines.listener import Listener, Stop, StopReason
from nbtrack.pipelines.notebook import Notebook
from nbtrack.pipelines.parameters import Secret
from nbtrack.pipelines.stream import StreamText

ENGINE = "nbtrack"
_GRACE_S = 5.0
_LOOK_S = 0.1
_SPELT = {"r": "R"}
"""Languages that papermill does not know in small letters."""


@dataclass(frozen=True)
class Failure:
    """The cell that ended a notebook."""

    number: int
    """Which of the code cells that are not empty, from 1, as somebody counts who runs them all; 0 for the cell of given parameters, which is none of theirs."""
    source: str
    name: str
    value: str
    traceback: str
    """Without colours."""

    @property
    def where(self) -> str:
        return f"cell {self.number}" if self.number else "the cell of its parameters"


@dataclass
class Executed:
    """How it went."""

    notebook: Any = None
    """nbformat's node, with outputs as far as it came."""
    failure: Failure | None = None
    stopped: StopReason | None = None
    died: str = ""
    """How the kernel died; empty where it did not."""


@dataclass(frozen=True)
class Work:
    """One execution."""

    kernels: Kernels
    kernel: Kernel
    stop: Stop
    listener: Listener
    deadline: float | None
    """Of `time.monotonic`."""
    extra: str
    """Lines that are put below the injected parameters."""
    name: str
    """Path of the notebook."""
    executed: Executed = field(default_factory=Executed)


def execute(notebook: Notebook, kernel_name: str, params: Mapping[str, Any], work: Work) -> Executed:
    """Execute a notebook through papermill; what its code raises is in the answer.

    Raises:
        UsageError: papermill is not installed, or knows no parameters in this language.
    """
    try:
        import nbformat
        import papermill
        from papermill.engines import papermill_engines
        from papermill.exceptions import PapermillException, PapermillExecutionError
    except ImportError as cause:
        raise UsageError(f"Running notebooks needs papermill: {cause}.", mend='Install it: pip install "nbtrack[pipelines]".') from cause
    from nbtrack.pipelines.engine import StageEngine

    papermill_engines.register(ENGINE, StageEngine)
    _quiet()
    read: Any = nbformat.reads
    from_dict: Any = nbformat.from_dict
    node = from_dict(read(notebook.path.read_text("utf-8"), as_version=4))  # of nbformat 3 comes something that is no NotebookNode
    declares = notebook.parameters
    if declares is not None and "parameters" not in declares.tags:  # it says so in a comment, which papermill does not read
        node.cells[declares.index].metadata["tags"] = [*node.cells[declares.index].metadata.get("tags", []), "parameters"]
    executed = work.executed
    try:
        executed.notebook = papermill.execute_notebook(
            node, None, parameters=_translatable(params), engine_name=ENGINE, kernel_name=kernel_name,
            language=_SPELT.get(notebook.language, notebook.language),
            progress_bar=False, log_output=False, work=work,
        )  # fmt: skip
    except PapermillExecutionError as cause:
        if executed.failure is None and executed.stopped is None and not executed.died:
            executed.failure = Failure(cause.exec_count or 0, cause.source, cause.ename, cause.evalue, "\n".join(cause.traceback))
    except PapermillException as cause:
        raise UsageError(f"{notebook.path}: {cause}", mend="papermill knows parameters in Python, R, Julia, Scala, bash and some more.") from cause
    return executed


@functools.cache
def _quiet() -> None:
    """papermill cannot read annotations such as `str | None`, and would warn of parameters that are held against the notebook already."""
    logging.getLogger("papermill").addFilter(lambda it: not it.getMessage().startswith("Passed unknown parameter"))


def extra_lines(params: Mapping[str, Any], language: str) -> str:
    """Python for values that papermill cannot write down: tuples, and secrets, which are written down nowhere."""
    lines = []
    for name, value in params.items():
        if isinstance(value, Secret):
            if language != "python":
                raise UsageError(f"Parameter {name!r} is a secret, which only Python notebooks can take.", mend="Read it from the environment in the notebook.")
            lines.append(f'{name} = __import__("os").environ[{value.variable!r}]')
        elif isinstance(value, tuple) and language == "python":
            lines.append(f"{name} = {value!r}")
    return "\n".join(lines)


async def run_cells(client: Any, manager: Any, work: Work) -> None:
    """Execute the cells of `client.nb` in order until one raises that may not, the end is asked for, or the kernel dies.

    Args:
        manager: papermill's NotebookExecutionManager, which notes times and states.
    """
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    executed, cells = work.executed, client.nb.cells
    code = [index for index, cell in enumerate(cells) if cell.cell_type == "code" and cell.source.strip() and not _is_injected(cell)]
    numbers = {index: number for number, index in enumerate(code, 1)}
    for index, cell in enumerate(cells):
        if index in numbers:
            work.listener.cell(numbers[index], len(code))
        work.kernel.client.cell_id = cell.get("id", "")
        manager.cell_start(cell, index)
        try:
            await _execute(client, cell, index, work)
        except CellExecutionError as cause:
            manager.cell_exception(cell, cell_index=index, exception=cause)
            if executed.stopped is None and not (cause.ename == "SystemExit" and cause.evalue in ("", "0")):
                executed.failure = Failure(numbers.get(index, 0), cell.source, cause.ename, cause.evalue, _traceback(cell, cause))
            return
        except DeadKernelError:
            manager.cell_exception(cell, cell_index=index)
            executed.died = "" if executed.stopped else await how_it_died(work.kernel)
            executed.failure = Failure(numbers.get(index, 0), cell.source, "", executed.died, "")
            return
        finally:
            client.settle(index)
            manager.cell_complete(cell, cell_index=index)
        if executed.stopped is not None:  # the code caught the interrupt
            manager.cell_exception(cell, cell_index=index)
            return


async def _execute(client: Any, cell: Any, index: int, work: Work) -> None:
    """One cell; at a request to stop, or past the deadline, it is interrupted, and after a while its kernel is killed."""
    task = asyncio.ensure_future(client.async_execute_cell(cell, index))
    killing: float | None = None
    while not task.done():
        await asyncio.wait({task}, timeout=_LOOK_S)
        now = time.monotonic()
        if task.done():
            break
        if work.executed.stopped is None:
            reason = work.stop.reason or (StopReason.TIMEOUT if work.deadline is not None and now >= work.deadline else None)
            if reason is not None:
                work.executed.stopped, killing = reason, now + _GRACE_S
                with contextlib.suppress(Exception):  # where it cannot be interrupted, it is killed
                    await work.kernel.manager.interrupt_kernel()
        elif killing is not None and (now >= killing or work.stop.is_now):
            killing = None
            with contextlib.suppress(Exception):
                await work.kernel.manager.signal_kernel(9)
    await task


def inject(node: Any, lines: str, where: int | None) -> None:
    """Put lines below the parameters that papermill injected, else into a cell of their own.

    Args:
        where: index of the cell that declares parameters.
    """
    import nbformat

    if not lines:
        return
    for cell in node.cells:
        if _is_injected(cell):
            cell.source = f"{cell.source.rstrip()}\n{lines}"
            return
    new: Any = nbformat.v4
    cell = new.new_code_cell(f"# Parameters\n{lines}", metadata={"tags": ["injected-parameters"], "papermill": {}})
    node.cells.insert(0 if where is None else where + 1, cell)


def _is_injected(cell: Any) -> bool:
    return "injected-parameters" in cell.metadata.get("tags", [])


def _translatable(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if not isinstance(value, (Secret, tuple))}


def _traceback(cell: Any, cause: Any) -> str:
    from nbtrack.pipelines.stream import without_colours

    texts = ["\n".join(it.get("traceback", [])) for it in cell.outputs if it.output_type == "error"]
    return without_colours(texts[-1] if texts else str(cause))


__all__ = ["ENGINE", "Executed", "Failure", "StreamText", "Work", "execute", "extra_lines", "inject", "run_cells"]
