"""The report of a notebook that was run: an HTML page, kept in its run and written where one asks for it, without its secrets."""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import threading
import warnings
from pathlib import Path
from typing import Any

from nbtrack import settings
from nbtrack.capture.current import attach
from nbtrack.errors import SettingError, UsageError
from nbtrack.journal import Home
from nbtrack.system import make_private_folder

REPORT = "notebook/report.html"
"""Artifact."""
_one_at_a_time = threading.Lock()


def keep_report(home: Home, run_id: str, notebook: bytes) -> bytes:
    """Make the report of an executed notebook and keep it in its run; empty where it cannot be made, which the run notes."""
    run = attach(home, run_id)
    if run is None:
        return b""
    try:
        page = report_of(notebook)
        run.artifact_bytes(REPORT, page)
    except ImportError as cause:
        run.notice(f'no report was made, for nbconvert is missing ({cause}): pip install "nbtrack[pipelines]"')
        return b""
    except Exception as cause:  # noqa: BLE001 - templates run on whatever a notebook holds, and the run is over
        run.notice(f"no report was made: {cause!r}")
        return b""
    finally:
        run.writer.close()
    return page


def report_of(notebook: bytes) -> bytes:
    """The notebook as one HTML page."""
    import nbformat

    read: Any = nbformat.reads
    with warnings.catch_warnings(), _one_at_a_time:
        warnings.simplefilter("ignore")  # of the notebook's own making
        node = read(notebook.decode("utf-8", "surrogatepass"), as_version=4)
        return _page(node).encode("utf-8", "surrogatepass")


def load_ahead() -> None:
    """Load what reports are made with, and make one: the first takes as long as fifty others."""
    with contextlib.suppress(Exception), warnings.catch_warnings(), _one_at_a_time:  # whoever wants a report meets the same, and says so
        import nbformat

        new: Any = nbformat.v4
        warnings.simplefilter("ignore")
        _page(new.new_notebook(cells=[new.new_code_cell("x = 1", outputs=[new.new_output("stream", text="1")]), new.new_markdown_cell("# It")]))


def _page(node: Any) -> str:
    exporter = _exporter()
    try:
        body, _ = exporter.from_notebook_node(node)
    except _Whole as it:
        body = it.page
    return str(body)


class _Whole(Exception):  # noqa: N818 - it is none
    """A page that nothing need be done to any more."""

    def __init__(self, page: str) -> None:
        self.page = page


@functools.cache
def _exporter() -> Any:
    """One for all reports: compiling the templates takes ten times as long as filling them."""
    from nbconvert.exporters import HTMLExporter, TemplateExporter

    class Filled(TemplateExporter):
        """Comes between filling the template and what HTMLExporter does to the page, which reads all of it once more, styles too, to describe pictures."""

        def from_notebook_node(self, *args: Any, **kwargs: Any) -> Any:
            page, resources = super().from_notebook_node(*args, **kwargs)
            if "<img" not in page:
                raise _Whole(page)
            return page, resources

    class Exporter(HTMLExporter, Filled):
        pass

    make: Any = Exporter
    exporter = make(template_name="classic")
    exporter.environment.bytecode_cache = _compiled()
    return exporter


def _compiled() -> Any:
    """Where compiled templates lie: compiling takes longer than all else that a page does. None where nothing can be written."""
    from jinja2 import FileSystemBytecodeCache

    make: Any = FileSystemBytecodeCache
    try:
        return make(str(make_private_folder(settings.home(settings.load()) / "templates")))
    except (OSError, SettingError):
        return None


def write_out(folder: Path, stem: str, notebook: bytes, report: bytes) -> tuple[Path, ...]:
    """Write both into a folder, without secrets, over none that is there.

    Raises:
        UsageError: nothing can be written there.
    """
    from nbtrack.secrets.notebook import scan_notebook
    from nbtrack.secrets.scanner import Scanner

    scanner = Scanner()
    masked = scan_notebook(scanner, notebook)
    if masked is not None and masked[1]:
        notebook = masked[0]
        report = report_of(notebook) if report else b""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(_write_new(folder, stem, suffix, data) for suffix, data in ((".ipynb", notebook), (".html", report)) if data)
    except OSError as cause:
        raise UsageError(f"Nothing can be written to {folder}: {cause.strerror or cause}.", mend="Name another folder with --out.") from cause


def _write_new(folder: Path, stem: str, suffix: str, data: bytes) -> Path:
    number = 1
    while True:
        path = folder / (f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}")
        if path.exists():
            number += 1
            continue
        fd, temporary = tempfile.mkstemp(dir=folder, prefix=".")
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(data)
            os.link(temporary, path)  # unlike a rename it fails where a file is
        except FileExistsError:
            number += 1
            continue
        finally:
            Path(temporary).unlink(missing_ok=True)
        return path
