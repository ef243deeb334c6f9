"""The grammar of `%%track` and `%track on`: from a line to a Request."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable

from nbtrack.capture.choice import read_kinds
from nbtrack.entities import Request
from nbtrack.errors import UsageError
from nbtrack.patterns import regex

OPTIONS = {
    "-e": ("EXPERIMENT", "experiment of the run"),
    "--experiment": ("EXPERIMENT", "experiment of the run"),
    "-p": ("NAME|NAME=VALUE", "a param: the value the name has after the cell, or the one given"),
    "--param": ("NAME|NAME=VALUE", "a param: the value the name has after the cell, or the one given"),
    "-m": ("NAME", "a metric: the number, or sequence of numbers, the name has after the cell"),
    "--metric": ("NAME", "a metric: the number, or sequence of numbers, the name has after the cell"),
    "-t": ("KEY=VALUE", "a tag"),
    "--tag": ("KEY=VALUE", "a tag"),
    "--goal": ("max:NAME|min:NAME", "the metric that decides, and which way is better"),
    "--parent": ("RUN", "run that this one belongs to"),
    "--allow-secret": ("VALUE|KIND", "what looks like a secret and is none, or a kind of secret that may pass"),
    "--update": ("", "continue the last attempt of this cell"),
    "--no": ("NAME", "record nothing of this name; a pattern with * names several"),
    "--capture": ("KINDS", "what to capture, such as params,metrics or -models for all but that"),
    "--models": ("final|all|none", "which fitted models to keep"),
    "--dry": ("", "run the cell and say what would be recorded, keep nothing"),
    "--scratch": ("", "run the cell untracked"),
    "--quiet": ("", "show no line after the cell"),
}
_BRACES = regex(r"\{[^{}]*\}")


def split(line: str, expand: Callable[[str], str] = str) -> list[str]:
    """Words of a line; quotes join, and `expand` sees each word whole, so that `{a + b}` may hold spaces.

    Raises:
        UsageError: a quote is not closed.
    """
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(match.group())
        return f"\x00{len(held) - 1}\x00"

    try:
        words = shlex.split(_BRACES.sub(hold, line))
    except ValueError as cause:
        raise UsageError(f"%track cannot be read: {cause} in {line.strip()!r}.", mend="Close the quote.") from cause
    return [expand(re.sub("\x00(\\d+)\x00", lambda match: held[int(match.group(1))], word)) for word in words]


def parse(words: list[str]) -> Request:
    """The request of a line's words.

    Raises:
        UsageError: an unknown option, a missing or malformed value; names the nearest right one.
    """
    name, values, params, metrics, tags, excluded, allowed = "", {}, [], [], {}, [], []
    flags: set[str] = set()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            if name:
                raise UsageError(f"%track got two names: {name!r} and {word!r}.", mend=f'Put quotes around a name with spaces: "{name} {word}".')
            name = word
            continue
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if option not in OPTIONS:
            raise UsageError(f"%track has no option {option!r}.", mend=nearest(option, OPTIONS))
        wanted = OPTIONS[option][0]
        if not wanted:
            flags.add(option)
            continue
        if not equals:
            if not rest or (rest[0] in OPTIONS and not rest[0][1:2].isdigit()):
                raise UsageError(f"Option {option} needs {wanted}.", mend=f"Write {option} {wanted.split('|')[0]}.")
            value = rest.pop(0)
        match option:
            case "-p" | "--param":
                key, is_given, text = value.partition("=")
                params.append((key, text if is_given else None))
            case "-m" | "--metric":
                metrics.append(value)
            case "--no":
                excluded.extend(value.replace(",", " ").split())
            case "-t" | "--tag":
                key, is_given, text = value.partition("=")
                if not is_given or not key:
                    raise UsageError(f"Tag {value!r} has no value.", mend=f"Write {option} {value}=VALUE.")
                tags[key] = text
            case "--allow-secret":
                allowed.append(value)
            case _:
                values[option.lstrip("-")] = value
    goal = values.get("goal", "")
    if goal and (goal.partition(":")[0] not in ("max", "min") or not goal.partition(":")[2]):
        raise UsageError(f"Goal {goal!r} cannot be read.", mend="Write --goal max:NAME or --goal min:NAME.")
    read_kinds(values.get("capture", ""))
    models = values.get("models", "")
    if models not in ("", "final", "all", "none"):
        raise UsageError(f"--models got {models!r}.", mend=f"{nearest(models, ('final', 'all', 'none'))} It is final, all or none.")
    return Request(
        name, values.get("experiment", values.get("e", "")), tuple(params), tuple(metrics), tags, goal, values.get("parent", ""),
        "--update" in flags, "--dry" in flags, "--quiet" in flags, "--scratch" in flags, tuple(excluded), values.get("capture", ""), models,
        tuple(allowed),
    )  # fmt: skip


def read_cell(raw: str, expand: Callable[[str], str] | None = None) -> tuple[Request, str] | None:
    """Request and body of a raw cell that begins with `%%track`; None where it does not, or where the line cannot be understood.

    Args:
        raw: the cell as typed.
        expand: replaces `$name` and `{expression}` in a word; None leaves them, which is enough to check the line.
    """
    line, _, body = raw.partition("\n")
    words = line.split(None, 1)
    if not words or words[0] != "%%track":
        return None
    rest = words[1] if len(words) > 1 else ""
    try:
        return parse(split(rest, expand or str)), body
    except UsageError:
        return None


def options_help() -> str:
    """A line for each option, its short and long form together."""
    forms: dict[tuple[str, str], list[str]] = {}
    for option, meaning in OPTIONS.items():
        forms.setdefault(meaning, []).append(option)
    rows = [(f"{', '.join(options)} {wanted}".rstrip(), told) for (wanted, told), options in forms.items()]
    width = max(len(form) for form, _ in rows)
    return "\n".join(f"{form.ljust(width)}  {told}" for form, told in rows)


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence naming what the word may have meant, else all that is known."""
    names = list(known)
    import difflib

    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else f"Known are {', '.join(names)}."
