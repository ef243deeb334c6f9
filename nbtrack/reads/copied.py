"""Runs that the store alone has, as a journal of their own for a while: what reads the journal then reads them, too."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, count
from pathlib import Path

from nbtrack import courier, settings
from nbtrack.capture.begin import tracking_uri
from nbtrack.entities import Kind, RunView
from nbtrack.journal import Home, RunWriter, fold
from nbtrack.reads.series import stored_points

_WAIT_S = 120.0


@contextmanager
def copied(home: Home, *views: RunView, folders: Sequence[str] = (), with_points: bool = False) -> Iterator[tuple[Home, list[RunView]]]:
    """The runs where they can be read: here, if the journal has all of them, else in a state directory that is gone afterwards.

    Args:
        folders: which of their topmost files and folders are fetched, `models` for their logged models; empty means all.
        with_points: fetch their curves.

    Raises:
        StoreUnreachableError, LoginError, RefusedError, DeliveryError: the store does not give them.
    """
    if all(view.is_local for view in views):
        yield home, list(views)
        return
    home.folder("runs")
    with tempfile.TemporaryDirectory(prefix="copied-", dir=home.root, ignore_cleanup_errors=True) as name:
        there = Home(Path(name))
        home.folder("blobs")
        (there.root / "blobs").symlink_to(home.root / "blobs", target_is_directory=True)
        there.folder("runs")
        for view in {it.run_id: it for it in views}.values():
            if view.is_local:
                there.run(view.run_id).symlink_to(home.run(view.run_id), target_is_directory=True)
            else:
                _copy(home, view, there, folders, with_points)
        yield there, [fold(there, view.run_id) or view for view in views]


def _copy(home: Home, view: RunView, there: Home, folders: Sequence[str], with_points: bool) -> None:
    chosen = settings.load()
    here = courier.absolute_uri(tracking_uri(chosen), Path.cwd())
    courier.announce(home, here if courier.mask_uri(here) == view.start.store else view.start.store, chosen)
    fetched = courier.files(home, view.start.store, view.mlflow_run_id, folders, _WAIT_S)
    points = stored_points(home, view) if with_points else {}
    writer = RunWriter.create(there, replace(view.start, owner="", mlflow_run_id=""))
    try:
        for param, value in view.params.items():
            for it in (value, *view.later_params.get(param, ())):
                writer.event(Kind.PARAM, name=param, value=it)
        for tag, value in view.tags.items():
            writer.event(Kind.TAG, name=tag, value=value)
        for text in view.notes:
            writer.event(Kind.NOTE, text=text)
        for dataset in fetched.inputs:
            writer.event(Kind.INPUT, dataset=dataset)
        for path, blob, size_bytes in fetched.files:
            writer.event(Kind.ARTIFACT, path=path, blob=blob, size_bytes=size_bytes)
        names: set[str] = set()
        for model in fetched.models:  # a name need not be unique in MLflow
            called = next(it for it in chain([model.name], (f"{model.name}-{number}" for number in count(2))) if it not in names)
            names.add(called)
            kept = {path: (blob, size_bytes) for path, blob, size_bytes in model.files}
            writer.event(Kind.MODEL, name=called, params=model.params, files=kept, size_bytes=sum(size_bytes for _, size_bytes in kept.values()))
        for metric, curve in points.items():
            writer.log_many(metric, curve.steps.tolist(), curve.times_ns.tolist(), curve.values.tolist())
        if view.state.is_end:
            writer.event(Kind.END, timestamp_ns=view.ended_ns or view.start.started_ns, state=view.state, reason=view.reason, traceback=view.traceback)
    finally:
        writer.close()
