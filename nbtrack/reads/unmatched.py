"""Why a filter finds less than was meant: it asks for a name that no run has, and the nearest that one has is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nbtrack.entities import RunView
from nbtrack.journal import Home
from nbtrack.reads.query import RESERVED, Asked, parse
from nbtrack.reads.runs import all_runs
from nbtrack.reads.terms import INTERNAL, PARTS, facts_of

_MOST_NAMED = 8


def unmatched(home: Home, query: str, found: Sequence[RunView], *, with_trash: bool = False) -> str:
    """One sentence on a filter that found nothing, or that names what no run has; empty where there is nothing to say.

    Args:
        found: what the filter found.

    Raises:
        QueryError: the query cannot be read.
    """
    if not query.strip():
        return ""
    asked = [it for it in parse(query).asked if it.is_name or not found]
    facts = [facts_of(view) for view in found]
    missing = [it for it in asked if not any(map(it.is_of, facts))]
    if not missing and found:
        return ""
    every = all_runs(home, with_trash=with_trash)
    facts = [facts_of(view) for view in every]
    missing = [it for it in missing if not any(map(it.is_of, facts))]
    why = f"no run has {_told(missing[0])}. {_nearest(missing[0], every)}".rstrip() if missing and every else "" if every else "there is no run yet."
    if found:
        return why[:1].upper() + why[1:]
    return f"No run matches {query}: {why}" if why else f"No run matches {query}."


def _told(it: Asked) -> str:
    if it.kind == "word":
        return f"{it.text} in its name, experiment, params or tags"
    return f"a {it.kind} {it.text}" if it.kind else it.text


def _nearest(it: Asked, every: Iterable[RunView]) -> str:
    metrics, params, tags, values, names = (dict[str, None]() for _ in range(5))
    for view in every:
        metrics.update(dict.fromkeys(name for name in view.metrics if not name.startswith("system/")))
        params.update(dict.fromkeys(view.params))
        shown = {name: value for name, value in view.tags.items() if not name.startswith(INTERNAL)}
        tags.update(dict.fromkeys(shown))
        values.update(dict.fromkeys(shown.values()))
        names[view.name] = None
    known = {"metric": metrics, "param": params, "tag": tags | values, "word": names}.get(it.kind, metrics | params | tags)
    import difflib

    head, _, tail = it.text.rpartition(".")
    word = head if tail in PARTS else it.text
    # `stat:FINISHED` means a field; such names are no answer to what may be nothing but a metric
    close = difflib.get_close_matches(word, [*known, *(() if it.kind else RESERVED)], 1)
    if close:
        return f"Did you mean {close[0]}?"
    listed = sorted(known)[:_MOST_NAMED]
    return f"There {'are' if len(listed) > 1 else 'is'} {', '.join(listed)}{', …' if len(known) > len(listed) else ''}." if listed and it.kind != "word" else ""
