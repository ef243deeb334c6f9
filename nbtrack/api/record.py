"""What code writes to the run it belongs to."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.api.notice import no_run
from nbtrack.capture.current import current

if TYPE_CHECKING:
    from nbtrack.capture.run import TrackedRun


def log(values: Mapping[str, Any] | None = None, /, *, step: int | None = None, **metrics: Any) -> None:
    """Append a point to each metric of the current run.

    Args:
        values: metrics by name, for names that are no identifiers.
        step: None means one more than the metric's last step, from 0.
        metrics: numbers by name.
    """
    run = current()
    if run is None:
        no_run("log")
        return
    for name, value in metrics.items():
        run.log(name, value, step)
    if values is not None:
        for name, value in _named(run, "log", values).items():
            run.log(str(name), value, step)


def param(values: Mapping[str, Any] | None = None, /, **params: Any) -> None:
    """Record params of the current run; a name's first value stays."""
    _each("param", values, params)


def tag(values: Mapping[str, Any] | None = None, /, **tags: Any) -> None:
    """Set tags of the current run; None takes a tag off."""
    _each("tag", values, tags)


def artifact(path: str | Path, artifact_path: str = "") -> None:
    """Keep a file or folder with the current run; its bytes are copied before this returns."""
    run = current()
    if run is None:
        no_run("artifact")
        return
    run.artifact(path, artifact_path)


def figure(fig: Any, name: str = "") -> None:
    """Keep a matplotlib or plotly figure with the current run, as `figures/NAME`."""
    run = current()
    if run is None:
        no_run("figure")
        return
    run.figure(fig, name)


def output(name: str, value: Any) -> None:
    """Hand a value on from a stage of a pipeline, or from a notebook that is run; the last value of a name holds.

    Args:
        name: an identifier; other stages write `${stage.outputs.name}`.
        value: what JSON can hold, a number of numpy's, or a path.

    Raises:
        UsageError: it is nothing of these.
    """
    kernel = sys.modules.get("nbtrack.pipelines.kernel")
    run = (kernel.stage_run() if kernel is not None else None) or current()
    if run is None:
        no_run("output")
        return
    from nbtrack.pipelines.outputs import record

    record(run, name, value)


def _each(word: str, values: Mapping[str, Any] | None, named: dict[str, Any]) -> None:
    run = current()
    if run is None:
        no_run(word)
        return
    for name, value in {**_named(run, word, values), **named}.items():
        getattr(run, word)(str(name), value)


def _named(run: TrackedRun, word: str, values: Any) -> Mapping[Any, Any]:
    """The values by name. What has no names costs the user's cell nothing: the run notes it."""
    if values is None:
        return {}
    if isinstance(values, Mapping):
        return values
    run.notice(f"nbtrack.{word}() takes values by name, and was given {type(values).__name__}: nbtrack.{word}(name=value)")
    return {}
