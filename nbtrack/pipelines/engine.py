"""papermill's engine that executes in a kernel of ours, and nbclient's client that keeps streams within bounds."""

from __future__ import annotations

from typing import Any

import nbformat
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine

from nbtrack.pipelines.papermill import Work, inject, run_cells
from nbtrack.pipelines.stream import StreamText

_LAG_S = 3600
"""Seconds that outputs may arrive after a cell has ended: a flood takes its time."""


class StageClient(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no types
    """Executes cells in a kernel that is there, tells a listener, and bounds what streams keep."""

    def __init__(self, manager: Any, work: Work) -> None:
        super().__init__(manager, km=work.kernel.manager, iopub_timeout=_LAG_S, raise_on_iopub_timeout=False, coalesce_streams=False)
        self.kc = work.kernel.client
        self.log.disabled = True  # what it would say is in the run
        self.clear_before_next_output: bool = False
        self._listener = work.listener
        self._texts: list[tuple[Any, StreamText]] = []

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        if msg["msg_type"] != "stream":
            return super().process_message(msg, cell, cell_index)
        name, text = msg["content"]["name"], msg["content"]["text"]
        self._listener.text(name, text)
        if self.clear_before_next_output:
            self.clear_before_next_output = False
            cell.outputs[:] = []
        last = cell.outputs[-1] if cell.outputs else None
        if last is None or last.output_type != "stream" or last.name != name:
            last = super().output(cell.outputs, {**msg, "content": {"name": name, "text": ""}}, None, cell_index)
            self._texts.append((last, StreamText()))
        if self._texts:
            self._texts[-1][1].add(text)
        return None

    def settle(self, _: int) -> None:
        """A cell ended: its streams get their text."""
        for output, text in self._texts:
            if output is not None:
                output["text"] = text.text()
        self._texts.clear()


class StageEngine(Engine):  # type: ignore[misc]  # papermill has no types
    """Takes a kernel instead of starting one."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, work: Work, **kwargs: Any) -> None:
        node = nb_man.nb
        work.executed.notebook = node
        declares = next((index for index, cell in enumerate(node.cells) if "parameters" in cell.metadata.get("tags", [])), None)
        inject(node, work.extra, declares)
        for cell in node.cells:
            cell.metadata.setdefault("papermill", {"exception": None, "start_time": None, "end_time": None, "duration": None, "status": "pending"})
        node.metadata.papermill["input_path"] = work.name
        write: Any = nbformat.write
        write(node, work.kernel.document)
        work.kernels.run(run_cells(StageClient(nb_man, work), nb_man, work))
