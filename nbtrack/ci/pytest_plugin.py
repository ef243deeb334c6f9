"""`pytest --nbtrack`: every notebook is a test, run as `nbtrack run` does it, in a journal and store of the test session's own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nbtrack.ci.testing import NotebookTest, TestsSpec
    from nbtrack.pipelines.single import NotebookRun

_METRICS = "nbtrack_metrics"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("nbtrack", "notebooks as tests")
    group.addoption("--nbtrack", action="store_true", help="Run notebooks as tests, one a notebook.")
    group.addoption("--nbtrack-record", action="store_true", help="Keep the metrics of notebooks that pass, for later runs to meet.")
    group.addoption("--nbtrack-out", default="", metavar="FOLDER", help="Folder that gets the executed notebooks and their reports.")
    group.addoption("--nbtrack-keep", action="store_true", help="Record the runs in the journal and store in force, not in temporary ones.")


def pytest_configure(config: pytest.Config) -> None:
    text = "nbtrack(params=..., metrics=..., tolerance=..., timeout_s=...): how a notebook is run as a test, above what nbtrack.yaml says."
    config.addinivalue_line("markers", text)
    if config.getoption("--nbtrack-record"):
        config.pluginmanager.register(_Recorder(config), "nbtrack-recorder")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".ipynb" or not parent.config.getoption("--nbtrack") or ".ipynb_checkpoints" in file_path.parts:
        return None
    from nbtrack.ci.testing import load
    from nbtrack.errors import NbtrackError

    try:
        spec, folder = load(file_path.parent)
    except NbtrackError as cause:
        raise pytest.UsageError(str(cause)) from cause
    name = _name(file_path, folder)
    if spec.is_excluded(name):
        return None
    made: pytest.Collector = NotebookFile.from_parent(parent, path=file_path)
    assert isinstance(made, NotebookFile)
    made.spec, made.folder, made.title = spec, folder, name
    return made


class NotebookFile(pytest.File):
    """A notebook."""

    spec: TestsSpec
    folder: Path
    title: str

    def collect(self) -> Iterator[pytest.Item]:
        test = self.spec.of(self.title)
        item: NotebookItem = NotebookItem.from_parent(self, name=self.path.name)
        for marker in test.markers:
            item.add_marker(marker)
        if test.skip:
            item.add_marker(pytest.mark.skip(reason=test.skip))
        yield item


class NotebookFailedError(Exception):
    """The notebook failed; the text tells where, with source and traceback."""


class NotebookItem(pytest.Item):
    """The one test of a notebook."""

    parent: NotebookFile

    def runtest(self) -> None:
        from nbtrack.pipelines.single import run_aside

        test = self._test()
        watch = _Cells()
        with _surroundings(self.config):
            out = self.config.getoption("--nbtrack-out")
            done = run_aside(self.path, self._params(test), is_hasty=True, timeout_s=test.timeout_s, out=Path(out) if out else None, listener=watch)
        failed = None if done.result.failure is None else done.result.failure.number - 1
        for number, (index, seconds) in enumerate(watch.took(), 1):
            standing = "failed" if index == failed or (done.state != "FINISHED" and failed is None and index == watch.last) else "passed"
            self.user_properties.append((f"cell {number}", f"{standing} in {seconds:.2f} s"))
        self.user_properties.append(("run", done.run_id))
        if done.state != "FINISHED":
            from nbtrack.pipelines.progress import failure_text

            raise NotebookFailedError(failure_text(done.result, done.job))
        self._compare(test, done)
        self.user_properties.append((_METRICS, _measured(done)))

    def _test(self) -> NotebookTest:
        """What holds for this notebook; markers stand above the file."""
        test = self.parent.spec.of(self.parent.title)
        for marker in reversed(list(self.iter_markers("nbtrack"))):
            given = dict(marker.kwargs)
            for name in ("params", "metrics"):
                given[name] = {**getattr(test, name), **given.get(name, {})}
            try:
                test = type(test).model_validate({**test.model_dump(), **given})
            except ValueError as cause:
                raise pytest.UsageError(f"The marker nbtrack of {self.nodeid} cannot be read: {cause}") from cause
        return test

    def _params(self, test: NotebookTest) -> dict[str, Any]:
        from nbtrack.pipelines import notebook as notebooks
        from nbtrack.pipelines.parameters import declared_in

        declared = {it.name for it in declared_in(notebooks.read(self.path))}
        return {name: value for name, value in self.parent.spec.params.items() if name in declared} | dict(test.params)

    def _compare(self, test: NotebookTest, done: NotebookRun) -> None:
        from nbtrack.ci.testing import deviations, read_recorded

        recorded = {} if self.config.getoption("--nbtrack-record") else read_recorded(self.parent.folder / self.parent.spec.recorded)
        wanted = {**recorded.get(self.parent.title, {}), **test.metrics}
        if lines := deviations(wanted, done.run.metrics, test.tolerance):
            raise NotebookFailedError("\n".join([f"{self.parent.title} ran, and its metrics are not as they should be:", *(f"  {it}" for it in lines)]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from nbtrack.errors import NbtrackError

        if isinstance(excinfo.value, (NotebookFailedError, NbtrackError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.parent.title


class _Cells:
    """Hears when cells begin; what follows is how long each took."""

    def __init__(self) -> None:
        self._began: list[tuple[int, float]] = []
        self.last = -1

    def began(self, run_id: str, attempt: int) -> None:
        pass

    def kernel(self, token: str, pid: int) -> None:
        pass

    def cell(self, number: int, count: int) -> None:
        self.last = number - 1
        self._began.append((number - 1, time.monotonic()))

    def text(self, stream: str, text: str) -> None:
        pass

    def took(self) -> list[tuple[int, float]]:
        """Index and seconds of every cell that began."""
        ends = [*(at for _, at in self._began[1:]), time.monotonic()]
        return [(index, end - at) for (index, at), end in zip(self._began, ends, strict=True)]


@contextmanager
def _surroundings(config: pytest.Config) -> Iterator[None]:
    """A journal and a store of this process's own: tests leave nothing among the user's runs, and workers do not meet."""
    if config.getoption("--nbtrack-keep"):
        yield
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="nbtrack-test-", ignore_cleanup_errors=True) as place:
        given = {"NBTRACK_HOME": f"{place}/home", "NBTRACK_TRACKING_URI": f"sqlite:///{place}/mlflow.db", "NBTRACK_DELIVERY": "0"}
        before = {name: os.environ.get(name) for name in given}
        os.environ.update(given)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _measured(done: NotebookRun) -> dict[str, float]:
    """Metrics that are the code's own, as they ended."""
    from nbtrack.reads.words import metrics_of_code

    return {name: it.last for name, it in metrics_of_code(done.run).items()}


def _name(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


class _Recorder:
    """Takes the metrics from reports, which come from workers too, and writes them when all is over."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._found: dict[str, dict[str, float]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        metrics = dict(report.user_properties).get(_METRICS)
        if report.when == "call" and report.passed and isinstance(metrics, dict):
            self._found[report.nodeid.rpartition("::")[0]] = metrics

    def pytest_sessionfinish(self) -> None:
        if hasattr(self._config, "workerinput"):  # the one that started the workers writes
            return
        from nbtrack.ci.testing import load, write_recorded

        files: dict[Path, dict[str, dict[str, float]]] = {}
        for nodeid, metrics in self._found.items():
            path = self._config.rootpath / nodeid
            spec, folder = load(path.parent)
            files.setdefault(folder / spec.recorded, {})[_name(path, folder)] = metrics
        for file, found in files.items():
            write_recorded(file, found)
