"""Shapes of what the routes answer, beside those of `charts/shapes.py`."""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class About(TypedDict):
    """Of the server."""

    version: str
    root: str
    """Folder that notebooks' paths are relative to."""


class Job(TypedDict):
    """A command of ours that the server runs."""

    id: str
    kind: str
    title: str
    subject: str
    """Id of the run, or path of the file, that it is about."""
    state: Literal["running", "cancelling", "cancelled", "ended"]
    code: int | None
    """How it ended, as a shell would tell; null while it runs."""
    started_ms: int
    ended_ms: int | None
    size: int
    """Characters of output so far."""
    result: Any
    """What it came to, where its kind gives something; else null."""


class JobNews(TypedDict):
    """What the event stream tells of a job: enough to know whether to ask."""

    id: str
    kind: str
    subject: str
    state: Literal["running", "cancelling", "cancelled", "ended"]
    size: int


class Output(TypedDict):
    """A piece of what a job said."""

    job: Job
    start: int
    """Of the first character of `text` among all; later than asked for where the older ones are no longer kept."""
    next: int
    """Where to go on."""
    text: str


class JobList(TypedDict):
    """The user's jobs, newest first."""

    jobs: list[Job]


class Health(TypedDict):
    """How delivery to MLflow stands."""

    waiting_runs: int
    """Runs that ended and are not wholly in MLflow."""
    held_runs: int
    """Runs that their secrets keep here."""
    is_alive: bool
    """Whether a delivery process lives; it ends when there is nothing to do."""
    is_off: bool
    """Whether the settings start none."""
    problem: str
    """Why the store takes nothing; empty where it does."""
    mend: str
    stale: str
    """Empty, or a sentence that says since when the store was not read."""


class Divergence(TypedDict):
    """Something that is not exactly the same the second time."""

    what: str
    before: str
    now: str
    is_within: bool
    """It is within tolerance."""
    cell: int
    """Index of the recipe's cell; -1 where it belongs to the run as a whole."""


class Reproduction(TypedDict):
    """What `nbtrack reproduce --json` says: the result of a job of kind `reproduce`."""

    verdict: Literal["identical", "within tolerance", "different", "not runnable"]
    why: str
    run: str
    name: str
    new_run: str
    """Id; empty where none was begun."""
    cell: int
    """First diverging cell of the recipe, from 1; 0 where there is none."""
    differences: list[Divergence]
    not_judged: list[str]
    packages: list[str]
    compared: str
    exit_code: int


class Ended(TypedDict):
    """A run that ended just now."""

    run: str
    name: str
    state: Literal["FINISHED", "FAILED", "KILLED"]
    reason: str
    notebook: str
