"""What was typed behind a command of `%track`: its flags, options, pairs and runs."""

from __future__ import annotations

from nbtrack.errors import UsageError
from nbtrack.magics.grammar import nearest


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
            raise UsageError(f"%track {command} has no option {option!r}.", mend=nearest(option, (*flags, *options)))
        else:
            rest.append(word)
    return found, values, rest


def every(words: list[str], option: str) -> tuple[list[str], list[str]]:
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


def named(word: str, command: str) -> str:
    """The run a line names.

    Raises:
        UsageError: none.
    """
    if not word:
        raise UsageError(f"%track {command} needs a run.", mend=f"Write %track {command} RUN; %track runs lists them.")
    return word


def pairs(words: list[str]) -> list[tuple[str, str]]:
    """Names with their values.

    Raises:
        UsageError: a word is no NAME=VALUE, or there is none.
    """
    found = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f"{word!r} has no value.", mend=f"Write {word}=VALUE.")
        found.append((name, value))
    if not found:
        raise UsageError("Nothing was given.", mend="Write NAME=VALUE.")
    return found


def option(words: list[str], name: str) -> tuple[list[str], str | None]:
    """The words without an option, and its value; None where it is not among them. What begins with dashes besides may be a value.

    Raises:
        UsageError: it has no value.
    """
    at = next((index for index, word in enumerate(words) if word.partition("=")[0] == name), -1)
    if at < 0:
        return words, None
    if words[at] != name:
        return [*words[:at], *words[at + 1 :]], words[at].partition("=")[2]
    if at + 1 >= len(words):
        raise UsageError(f"{name} needs a value.", mend=f"Write {name} VALUE.")
    return [*words[:at], *words[at + 2 :]], words[at + 1]


def whole(name: str, text: str) -> int:
    """An option's whole number.

    Raises:
        UsageError: it is none.
    """
    try:
        return int(text)
    except ValueError as cause:
        raise UsageError(f"{name} got {text!r}, which is no whole number.", mend=f"Write {name} 2.") from cause
