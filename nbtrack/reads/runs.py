"""Runs of this machine's journal: all that match, or the one that a word means."""

from __future__ import annotations

import re

from nbtrack.entities import RunView
from nbtrack.errors import FormatError, UnknownRunError, UsageError
from nbtrack.journal import Home, fold
from nbtrack.patterns import regex

_TERM = regex(r"(?P<name>[^\s<>=!:]+)\s*(?P<how><=|>=|!=|==|=|<|>|:)\s*(?P<value>\"[^\"]*\"|\S+)|(?P<word>\S+)")

REPRODUCES_TAG = "nbtrack.reproduces"
"""On a run that reproduces another: the other's id. It is nobody's last run."""


def all_runs(home: Home, query: str = "", *, with_trash: bool = False, metrics: bool = True) -> list[RunView]:
    """Runs that match, newest first.

    Args:
        query: terms that must all hold: a word (part of name, experiment or id), `lr<0.1`, `acc>=.9`, `state:FAILED`, `KEY:VALUE` for a tag;
            `and` between them is passed over.
        with_trash: include runs in the trash.
        metrics: False leaves points unread; a query on metrics then finds nothing.

    Raises:
        UsageError: the query cannot be read.
    """
    terms = [match for match in _TERM.finditer(query) if match.group().lower() != "and"]
    views = (_folded(home, run_id, metrics) for run_id in home.run_ids())
    found = [view for view in views if view is not None and (with_trash or not view.is_trashed) and all(_holds(view, term) for term in terms)]
    return sorted(found, key=lambda view: view.start.started_ns, reverse=True)


def find(home: Home, word: str = "last") -> RunView:
    """The one run that a word means: `last`, an id or the first letters of it (nbtrack's or MLflow's), a name (its last attempt), `name#2`.

    Raises:
        UnknownRunError: there is none, or there are several; names the nearest.
    """
    views = all_runs(home, with_trash=True, metrics=False)
    if word == "last":
        chosen = [view for view in views if not view.is_trashed and REPRODUCES_TAG not in view.tags][:1]
    else:
        name, _, attempt = word.partition("#")
        chosen = [view for view in views if view.name == name and (not attempt or str(view.start.attempt) == attempt)][:1] or [
            view for view in views if len(word) >= 4 and (view.run_id.startswith(word) or view.mlflow_run_id.startswith(word))
        ]
    if len(chosen) == 1:
        full = fold(home, chosen[0].run_id)
        if full is not None:
            return full
    if chosen:
        ids = ", ".join(view.run_id[:12] for view in chosen[:5])
        raise UnknownRunError(word, f"{len(chosen)} runs begin with {word!r}.", mend=f"Give more of the id: {ids}.")
    import difflib

    close = difflib.get_close_matches(word, [view.name for view in views], n=1)
    mend = f"Did you mean {close[0]!r}?" if close else "`%track runs` or `nbtrack runs` lists them."
    raise UnknownRunError(word, f"No run answers to {word!r}" + ("." if views else "; there is no run yet."), mend=mend)


def _folded(home: Home, run_id: str, metrics: bool) -> RunView | None:
    try:
        return fold(home, run_id, metrics=metrics)
    except FormatError:
        return None  # written by a newer release; the others are still shown


def _holds(view: RunView, term: re.Match[str]) -> bool:
    if word := term["word"]:
        return word.lower() in f"{view.name} {view.start.experiment} {view.run_id}".lower()
    name, how, value = term["name"], term["how"], term["value"].strip('"')
    if name == "state":
        actual: str | float | None = view.state.value
    elif name in view.metrics:
        actual = view.metrics[name].last
    else:
        actual = view.params.get(name, view.tags.get(name))
    if actual is None:
        return how == "!="
    if how in (":", "=", "=="):
        return str(actual).lower() == value.lower() or _number(actual) == _number(value) is not None
    if how == "!=":
        return str(actual).lower() != value.lower()
    left, right = _number(actual), _number(value)
    if right is None:
        raise UsageError(f"{term.group()!r} compares with {value!r}, which is not a number.", mend=f"Write a number, such as {name}{how}0.1.")
    return left is not None and {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[how]


def _number(value: str | float) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
