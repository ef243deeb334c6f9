"""What nbtrack needs of a system that runs jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nbtrack.ci.comment import Thread


@dataclass(frozen=True)
class Annotation:
    """Something told at a place in a file."""

    level: str
    """`error` or `warning`."""
    file: str
    """From the top of the repository; empty where it is about no file."""
    title: str
    text: str
    line: int = 1
    """Of the file."""
    check: str = "cell"
    """What found it: `cell`, `stage` or `gate`."""


class Provider(Protocol):
    """One system that runs jobs.

    Made once a job, from the environment's variables. No call raises because of what the platform answers: what cannot be shown there is in the
    report's folder all the same, and `notes` says why. Texts come from strangers (names of branches, metrics, cells); each method writes them so that
    they mean themselves.
    """

    name: str
    summary_bytes: int
    """Most bytes of the job's summary."""
    notes: list[str]
    """What could not be done, with the next step."""

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Provider | None:
        """The provider of this job, or None where it runs elsewhere."""
        ...

    def base(self) -> str:
        """The ref a pull request goes to, as git knows it here, such as `origin/main`; empty where there is none."""
        ...

    def summary(self, markdown: str) -> None:
        """Show the report with the job."""
        ...

    def annotate(self, annotations: Sequence[Annotation]) -> None:
        """Tell things at their places."""
        ...

    def outputs(self, values: Mapping[str, str]) -> None:
        """Hand values to later steps of the job."""
        ...

    def link(self) -> str:
        """Where people see the job and its files; empty where there is no such place."""
        ...

    def file(self, path: Path) -> str:
        """Where people see a file that the job keeps as an artifact; empty where no such address is known while the job runs."""
        ...

    def thread(self) -> Thread | None:
        """The pull request's discussion; None where there is none, or no token for it."""
        ...
