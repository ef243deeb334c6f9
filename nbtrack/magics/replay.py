"""`%track restore`, `reproduce`, `bundle` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbtrack import courier, settings
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.magics import grammar
from nbtrack.reads import find

RESTORES = ("--recipe", "--executed", "--document", "--env", "--model", "--data")


class ReplayCommands:
    """The commands about runs that are over."""

    def _restore(self, words: list[str]) -> Any:
        from nbtrack.replay.restore import restore

        flags, values, rest = take(words, RESTORES, ("--cell", "--to"), "restore")
        chosen = [flag.lstrip("-") for flag in flags] + ([values["--cell"]] if "--cell" in values else [])
        if len(chosen) > 1:
            raise UsageError("%track restore writes one thing at a time.", mend=f"Choose one of {', '.join(('--cell N', *RESTORES))}.")
        if "--cell" in values and not values["--cell"].isdecimal():
            raise UsageError(f"--cell got {values['--cell']!r}, which is no number.", mend="Give the number that stands in In [N].")
        home = _home()
        return restore(home, find(home, one(rest, "restore")), *chosen, to=values.get("--to", ""))

    def _reproduce(self, words: list[str]) -> Any:
        from nbtrack.replay.reproduce import reproduce

        tolerance, words = _all(words, "--tolerance")
        _, values, rest = take(words, (), ("--env", "--timeout"), "reproduce")
        home = _home()
        return reproduce(
            home, find(home, one(rest, "reproduce")), settings.load(), env=values.get("--env", "current"), tolerance=tolerance,
            timeout_s=seconds(values.get("--timeout")), tell=lambda text: print(f"nbtrack: {text}", flush=True),  # noqa: T201 - it takes its time
        )  # fmt: skip

    def _bundle(self, words: list[str]) -> Any:
        from nbtrack.replay.bundle import pack

        flags, _, rest = take(words, ("--data",), (), "bundle")
        if len(rest) != 2:
            raise UsageError("%track bundle needs a run and a file.", mend="Write %track bundle RUN FILE.zip.")
        home = _home()
        return pack(home, find(home, rest[0]), Path(rest[1]).expanduser(), with_data="--data" in flags)

    def _import(self, words: list[str]) -> Any:
        from nbtrack.replay.unpack import unpack

        if len(words) != 1:
            raise UsageError("%track import needs a file.", mend="Write %track import FILE.zip.")
        home, chosen = _home(), settings.load()
        uri = store_here(chosen)
        found = unpack(home, Path(words[0]).expanduser(), courier.mask_uri(uri))
        courier.announce_soon(home, uri, chosen)
        return found


def store_here(chosen: settings.Settings) -> str:
    """Full URI of the store that runs begun here go to."""
    from nbtrack.capture.begin import tracking_uri

    return courier.absolute_uri(tracking_uri(chosen), Path.cwd())


def take(words: list[str], flags: tuple[str, ...], options: tuple[str, ...], command: str) -> tuple[list[str], dict[str, str], list[str]]:
    """Flags, options with their values, and what else stands in a line.

    Raises:
        UsageError: an option there is not, or one without its value.
    """
    found, values, rest = [], {}, []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if option in flags:
            found.append(option)
        elif option in options:
            if not equals and not waiting:
                raise UsageError(f"{option} needs a value.", mend=f"Write {option} VALUE.")
            values[option] = value if equals else waiting.pop(0)
        elif word.startswith("--"):
            raise UsageError(f"%track {command} has no option {option!r}.", mend=grammar.nearest(option, (*flags, *options)))
        else:
            rest.append(word)
    return found, values, rest


def _all(words: list[str], option: str) -> tuple[list[str], list[str]]:
    """The values of an option that may be given several times, and the other words."""
    values: list[str] = []
    rest = list(words)
    while True:
        at = next((index for index, word in enumerate(rest) if word.partition("=")[0] == option), -1)
        if at < 0:
            return values, rest
        _, found, _ = take(rest[at : at + 2] if rest[at] == option else rest[at : at + 1], (), (option,), "reproduce")
        values.append(found[option])
        del rest[at : at + (2 if rest[at] == option else 1)]


def seconds(text: str | None) -> float | None:
    """A time limit; None where none is given.

    Raises:
        UsageError: it is no number above 0.
    """
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not found > 0:
        raise UsageError(f"--timeout got {text!r}, which is no number of seconds.", mend="Write --timeout 600.")
    return found


def one(rest: list[str], command: str) -> str:
    """The one run a line names.

    Raises:
        UsageError: none, or several.
    """
    if len(rest) != 1:
        raise UsageError(f"%track {command} needs one run.", mend=f"Write %track {command} RUN; %track runs lists them.")
    return rest[0]


def _home() -> Home:
    return Home(settings.home(settings.load()))
