"""No system that is known: a terminal, a cron job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nbtrack.ci.comment import Thread
from nbtrack.ci.provider import Annotation


class Plain:
    """Shows nothing by itself; the report's folder has it all."""

    name = "plain"
    summary_bytes = 1 << 20

    def __init__(self) -> None:
        self.notes: list[str] = []

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Plain | None:
        return cls()

    def base(self) -> str:
        return ""

    def summary(self, markdown: str) -> None:
        pass

    def annotate(self, annotations: Sequence[Annotation]) -> None:
        pass

    def outputs(self, values: Mapping[str, str]) -> None:
        pass

    def link(self) -> str:
        return ""

    def file(self, path: Path) -> str:
        return ""

    def thread(self) -> Thread | None:
        return None
