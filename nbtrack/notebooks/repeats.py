"""Executions that did once more what the same code had done, and came to the same: a cell that evaluates, run a second time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from nbtrack.entities.ledger import Status

if TYPE_CHECKING:
    from nbtrack.notebooks.history import History
    from nbtrack.notebooks.step import Step

_HARMLESS = frozenset({"path", "environment", "machine"})
"""Rules of facts that hold for the first execution as for the second."""
MOVES_ON = ("<out", "<random ", "<remembered>", "<hits>")
"""Places that a repetition changes all the same, as each iteration of a DataLoader moves PyTorch's generator."""


def repeated(steps: Sequence[Step], earlier: Step | None, step: Step, history: History, loaded: Collection[str] = ()) -> Step | None:
    """The first execution that this one repeats; None where anything is another afterwards, or what the first one needed has changed since.

    Args:
        steps: before this one.
        earlier: the last of them with the same code.
        loaded: the user's own modules that it loaded again, and that are as they were.
    """
    seen = step.entry.seen
    if earlier is None or seen is None or earlier.entry.seen is None or {step.entry.status, earlier.entry.status} != {Status.OK}:
        return None
    changed = seen.changed.difference(f"<module {it}>" for it in loaded)
    if step.draws or changed or seen.gone or step.needs_everything or any(fact.rule not in _HARMLESS for fact in step.facts):
        return None
    if any(it.startswith("<random ") for it in step.sets):
        return None  # what was drawn since begins anew, too
    again = {name for name, kind in seen.kinds.items() if kind.startswith(("module ", "callable ")) and kind.partition(" ")[2] in loaded}
    if not seen.bound <= seen.alike | again or _shown(step.entry.outputs) != _shown(earlier.entry.outputs):
        return None
    same = seen.alike | seen.unchanged | again | (frozenset() if history.is_past_counting else seen.counted)
    if not seen.has_imported:
        same |= {name for name, kind in seen.kinds.items() if kind.startswith("module ") and name not in seen.bound}
    if any(it not in same and it not in step.settled and not it.startswith(MOVES_ON) for it in (*step.sets, *step.changes)):
        return None
    if any(seen.kinds.get(name) != "plain" and not history.is_alone(name, seen) for name in (seen.bound | seen.alike) - again):
        return None
    first = earlier.repeats or earlier
    needs = step.settled | {it for it in first.needs if not it.startswith("<random ")}  # it came to the same from another state
    between = takewhile(lambda it: it is not earlier, reversed(steps))  # those before it were looked at when it ran
    return first if all(needs.isdisjoint(it.sets) and needs.isdisjoint(it.changes) for it in between) else None


def _shown(outputs: Sequence[dict[str, Any]]) -> list[Any]:
    return [{name: value for name, value in it.items() if name not in ("execution_count", "metadata")} if isinstance(it, dict) else it for it in outputs]
