"""What a cell outputs while one of its blocks runs: streams and figures of the block's own."""

from __future__ import annotations

from nbtrack.capture.figures import Album, pictures_of
from nbtrack.capture.output_list import Heard, OutputList
from nbtrack.capture.saved import SavedFigures
from nbtrack.capture.source import Cell
from nbtrack.capture.streams import RunLog


class Span:
    """From where it is made up to `end`. Blocks that run at a time, in several threads, have all that is output meanwhile."""

    def __init__(self, outputs: OutputList, saved: SavedFigures, kinds: frozenset[str]) -> None:
        """
        Args:
            outputs: of the running cell.
            kinds: what is wanted, of `streams` and `figures`.
        """
        self._saved, self._kinds, self._heard = saved, kinds, Heard()
        self._before = dict(saved.files)
        self._listened: list[OutputList] = []
        self.follow(outputs)

    def follow(self, outputs: OutputList) -> None:
        """Listen to one more cell."""
        self._listened.append(outputs)
        outputs.listen(self._heard)

    def end(self, cell: Cell) -> dict[str, bytes]:
        """Artifacts by path; the cell has written all that the block wrote."""
        for outputs in self._listened:
            outputs.forget(self._heard)
        found: dict[str, bytes] = {}
        run_id = cell.run.run_id if cell.run is not None else ""
        if "streams" in self._kinds:
            log = RunLog(run_id)
            for name, text in sorted(self._heard.streams.items(), reverse=True):
                if (shown := text.text()) and cell.choice.wants(name):
                    log.add(name, shown, text, cell)
                    found |= log.files(name)
        if "figures" in self._kinds:
            album = Album(run_id)
            saved = {name: it for name, it in self._saved.files.items() if self._before.get(name) is not it}
            for picture in pictures_of(self._heard.rich, saved, self._saved.drawn, cell):
                if (added := album.add(picture, cell)) is not None:
                    found |= album.files(added[1])
        return found
