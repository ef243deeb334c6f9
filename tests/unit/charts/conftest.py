"""Runs to draw."""

import pytest

from nbtrack.entities import Kind, RunStart, State
from nbtrack.journal import RunWriter, new_id
from nbtrack.reads import all_runs


@pytest.fixture
def made(home, owner):
    """Makes a run: `made("name", params={...}, points={name: values}, is_open=False)`."""
    times = iter(range(10**18, 10**19, 10**9))
    writers = []

    def made(name, params=None, points=None, *, is_open=False, state=State.FINISHED, **facts):
        known = {"run_id": new_id(), "experiment": "Trials", "store": "sqlite:////nowhere.db", "owner": owner.name, "started_ns": next(times)}
        writer = RunWriter.create(home, RunStart(name=name, **{**known, **facts}))
        writers.append(writer)
        for key, value in (params or {}).items():
            writer.event(Kind.PARAM, name=key, value=value)
        for key, values in (points or {}).items():
            for step, value in enumerate(values):
                writer.log(key, value, step)
        if not is_open:
            writer.event(Kind.END, state=state)
        return writer

    yield made
    for writer in writers:
        writer.close()


@pytest.fixture
def views(home):
    """All runs as they are now, newest first: `views()`."""
    return lambda: all_runs(home)
