"""Executing a notebook that decides, through nbclient, in a kernel of its own beside the notebook's file."""

from __future__ import annotations

import asyncio
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.gates.gate import CannotTellError

_STARTUP_S = 300


@dataclass(frozen=True)
class Executed:
    """How it went."""

    last_outputs: list[Any]
    error: str = ""
    cell: int = 0
    """The code cell that stopped it, from 1."""


def execute(file: Path, given: Mapping[str, Any], timeout_s: float) -> Executed:
    """Execute a notebook with names given; the file stays as it is.

    The names are set after its parameters cell, else before its first cell. It works in a thread, as the caller may have a loop of its own.
    """
    import nbformat

    try:
        notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as cause:  # nbformat raises what its parts raise
        raise CannotTellError(f"{file} is no notebook: {cause}", mend="Open it in Jupyter and save it again.") from cause
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not code:
        raise CannotTellError(f"{file} has no code.", mend="End it with a cell that gives True or False.")
    tagged = [at for at, cell in enumerate(code) if "parameters" in cell.metadata.get("tags", [])]
    source = "\n".join(f"{name} = {value!r}" for name, value in given.items())
    prelude = nbformat.v4.new_code_cell(f"from math import inf, nan\n{source}")  # type: ignore[no-untyped-call]
    at = tagged[0] + 1 if tagged else 0
    notebook.cells = [*code[:at], prelude, *code[at:]]
    found: list[Executed | BaseException] = []

    def work() -> None:
        try:
            found.append(asyncio.run(_execute(notebook, at, file.parent, timeout_s)))
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            found.append(error)

    thread = threading.Thread(target=work, name="nbtrack-gate", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.2)
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


async def _execute(notebook: Any, prelude: int, folder: Path, timeout_s: float) -> Executed:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    deadline = time.monotonic() + timeout_s
    client = NotebookClient(
        notebook, kernel_name="python3", timeout_func=lambda _: max(0.1, deadline - time.monotonic()), startup_timeout=_STARTUP_S,
        resources={"metadata": {"path": str(folder)}}, extra_arguments=["--IPKernelApp.log_level=50", "--HistoryManager.enabled=False"],
    )  # fmt: skip
    client.log.disabled = True
    index = 0
    try:
        async with client.async_setup_kernel(cleanup_kc=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            for index, cell in enumerate(notebook.cells):
                await client.async_execute_cell(cell, index)
    except CellExecutionError as error:
        return Executed([], f"{error.ename}: {error.evalue}", index + (index < prelude))
    except CellTimeoutError:
        return Executed([], f"it took longer than {timeout_s:g} s", index + (index < prelude))
    except (DeadKernelError, RuntimeError) as error:
        return Executed([], f"the kernel died: {error}", index + (index < prelude))
    return Executed(list(notebook.cells[-1].outputs))
