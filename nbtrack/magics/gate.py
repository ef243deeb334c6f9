"""`%track gate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbtrack import settings
from nbtrack.errors import UsageError
from nbtrack.magics.commands import Base
from nbtrack.magics.typed import take

if TYPE_CHECKING:
    from nbtrack.gates.page import GatesPage


class Commands(Base):
    """The command that holds a run against gates."""

    def _gate(self, words: list[str]) -> GatesPage:
        from nbtrack.gates.page import GatesPage
        from nbtrack.gates.run import gate_run

        _, values, rest = take(words, (), ("--gates", "--against"), "gate")
        if len(rest) > 1:
            raise UsageError(f"%track gate looks at one run; it got {len(rest)}.", mend="Write %track gate RUN; %track runs lists them.")
        file, against = values.get("--gates", ""), values.get("--against", "")
        return GatesPage(gate_run(self._home(), rest[0] if rest else "last", settings.load(), Path.cwd(), file=file, against=against))
