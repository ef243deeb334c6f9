"""`%track restore`, `reproduce`, `bundle` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbtrack import courier, settings
from nbtrack.errors import UsageError
from nbtrack.magics.commands import Base
from nbtrack.magics.typed import every, one, seconds, take
from nbtrack.reads import find

RESTORES = ("--recipe", "--executed", "--document", "--env", "--model", "--data")


class Commands(Base):
    """The commands about runs that are over."""

    def _restore(self, words: list[str]) -> Any:
        from nbtrack.replay.restore import restore

        flags, values, rest = take(words, RESTORES, ("--cell", "--to"), "restore")
        chosen = [flag.lstrip("-") for flag in flags] + ([values["--cell"]] if "--cell" in values else [])
        if len(chosen) > 1:
            raise UsageError("%track restore writes one thing at a time.", mend=f"Choose one of {', '.join(('--cell N', *RESTORES))}.")
        if "--cell" in values and not values["--cell"].isdecimal():
            raise UsageError(f"--cell got {values['--cell']!r}, which is no number.", mend="Give the number that stands in In [N].")
        home = self._home()
        return restore(home, find(home, one(rest, "restore")), *chosen, to=values.get("--to", ""))

    def _reproduce(self, words: list[str]) -> Any:
        from nbtrack.replay.reproduce import reproduce

        tolerance, words = every(words, "--tolerance")
        _, values, rest = take(words, (), ("--env", "--timeout"), "reproduce")
        home = self._home()
        return reproduce(
            home, find(home, one(rest, "reproduce")), settings.load(), env=values.get("--env", "current"), tolerance=tolerance,
            timeout_s=seconds(values.get("--timeout")), tell=lambda text: print(f"nbtrack: {text}", flush=True),  # noqa: T201 - it takes its time
        )  # fmt: skip

    def _bundle(self, words: list[str]) -> Any:
        from nbtrack.replay.bundle import pack

        flags, _, rest = take(words, ("--data",), (), "bundle")
        if len(rest) != 2:
            raise UsageError("%track bundle needs a run and a file.", mend="Write %track bundle RUN FILE.zip.")
        home = self._home()
        return pack(home, find(home, rest[0]), Path(rest[1]).expanduser(), with_data="--data" in flags)

    def _import(self, words: list[str]) -> Any:
        from nbtrack.replay.unpack import unpack

        if len(words) != 1:
            raise UsageError("%track import needs a file.", mend="Write %track import FILE.zip.")
        home, chosen = self._home(), settings.load()
        uri = store_here(chosen)
        found = unpack(home, Path(words[0]).expanduser(), courier.mask_uri(uri))
        courier.announce_soon(home, uri, chosen)
        return found


def store_here(chosen: settings.Settings) -> str:
    """Full URI of the store that runs begun here go to."""
    from nbtrack.capture.begin import tracking_uri

    return courier.absolute_uri(tracking_uri(chosen), Path.cwd())
