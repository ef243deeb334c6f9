"""Completion of `%track` and `%%track`: commands, options and what they take. Nothing else is offered there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from nbtrack import settings
from nbtrack.entities import RunView
from nbtrack.journal import Home, fold
from nbtrack.magics.commands import COMMANDS
from nbtrack.magics.grammar import OPTIONS
from nbtrack.patterns import regex

_RECENT = 100
_OPTION = regex(r"(--[a-z-]+)(?: (?!-)((?:(?!\|--)[^\]\s])+))?")
"""In how a command is written: an option, and what it takes."""
_TAKES_RUN = regex(r"^%track \w+ (\[?RUN|A B)")
_RUNS = ("--run", "--against", "--baseline")


def matcher(shell: Any) -> Callable[[CompletionContext], SimpleMatcherResult]:
    """What IPython's completer asks, for one shell; other lines are left to the others."""

    @context_matcher()  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore] # IPython's are partly typed
    def nbtrack_matcher(context: CompletionContext) -> SimpleMatcherResult:
        line = context.text_until_cursor
        if line.split(None, 1)[:1] not in (["%track"], ["%%track"]) or line.strip() == line == line.split()[0]:
            return {"completions": [], "suppress": False}
        word = "" if line[-1:].isspace() else line.split()[-1]
        found = [text for text in _offers(shell, line, word) if text.startswith(word)]
        typed = len(word) - len(context.token) if word.endswith(context.token) else len(word)  # IPython takes dashes and colons for the ends of words
        return {"completions": [SimpleCompletion(text[typed:], type="param") for text in found], "suppress": True}

    return nbtrack_matcher  # type: ignore[no-any-return,unused-ignore]


def _offers(shell: Any, line: str, word: str) -> Iterable[str]:
    words = line.split()
    said = words[1 : len(words) - bool(word)]
    before = said[-1] if said else ""
    is_run = words[0] == "%%track" or said[:1] == ["on"]
    if is_run and OPTIONS.get(before, ("",))[0]:
        return _values(shell, before)
    if is_run:
        return OPTIONS
    if not said:
        return COMMANDS
    usage = COMMANDS.get(said[0], "").partition(": ")[0]
    options = dict(_OPTION.findall(usage))
    if before in _RUNS:
        return _quoted({view.name for view in _recent()})
    if wanted := options.get(before, ""):
        return wanted.split("|") if wanted.islower() else ()
    runs = _quoted({view.name for view in _recent()}) if _TAKES_RUN.search(usage) and not word.startswith("-") else []
    return [*runs, *options]


def _values(shell: Any, option: str) -> Iterable[str]:
    wanted = OPTIONS[option][0]
    if wanted.startswith("NAME"):
        return sorted(name for name in shell.user_ns_hidden.keys() ^ shell.user_ns.keys() if not name.startswith("_"))
    if option == "--goal":
        return [f"{way}:{name}" for way in ("max", "min") for name in ["", *sorted({name for view in _recent() for name in view.metrics})]]
    if option == "--parent":
        return _quoted({view.name for view in _recent()})
    if option in ("-e", "--experiment"):
        return _quoted({view.start.experiment for view in _recent()})
    return wanted.split("|") if wanted.islower() else ()


def _recent() -> list[RunView]:
    """The runs that were written to last; reading all ten thousand would be felt."""
    home = Home(settings.home(settings.load()))
    try:
        with os.scandir(home.root / "runs") as entries:
            found = sorted(((entry.stat().st_mtime_ns, entry.name) for entry in entries if not entry.name.startswith(".")), reverse=True)
    except OSError:
        return []
    views = (fold(home, run_id) for _, run_id in found[:_RECENT])
    return [view for view in views if view is not None]


def _quoted(names: Iterable[str]) -> list[str]:
    """As the line takes them; names with quotes are left out."""
    return [f'"{name}"' if " " in name else name for name in sorted(names) if '"' not in name]
