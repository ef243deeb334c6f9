"""Cells that were executed again, mostly with a line more, and did all again that they had done: they count as having run where they ran first.

Of such a kind is the cell that imports and sets options, long after others used what it had imported: each name means what it meant.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from nbtrack.entities.ledger import Status

if TYPE_CHECKING:
    from nbtrack.notebooks.history import History
    from nbtrack.notebooks.step import Step

_OUTPUTS, _STATE = ("<out", "<subclasses>"), ("<random", "<file", "<any file", "<figures", "<folder", "<hits", "<remembered")
_STILL = ("module", "callable", "plain")
"""Kinds of objects that no cell changes."""
_MOST = 8
"""Executions of one cell that are looked at."""


def renewed(steps: Sequence[Step], step: Step, history: History) -> Step | None:
    """The execution in whose place this one may stand; None where anything that ran since could tell the difference.

    Args:
        steps: before this one.
    """
    cell = step.entry.cell_id
    if not cell or not _is_plain(step) or step.repeats is not None:
        return None
    earlier = [it for it in steps if it.entry.cell_id == cell and it.repeats is None][-_MOST:]
    return next((first for at, first in enumerate(earlier) if _stands_for(step, first, [*earlier[at + 1 :], step], steps, history)), None)


def _stands_for(step: Step, first: Step, again: Sequence[Step], steps: Sequence[Step], history: History) -> bool:
    if not _is_plain(first) or not all(_is_plain(it, may_fail=True) for it in again):
        return False
    before, after = _touched(first), _touched(step)
    all_touched = before.union(*map(_touched, again))
    same = {name for name in all_touched if all(name not in _touched(it) or _is_same(name, it, history) for it in again)}
    if not all_touched <= step.sets | {it for it in same & after if not it.startswith("<")}:
        return False
    if not all_touched.isdisjoint(step.needs - step.body.packages):
        return False  # in the first place it would find something else
    others = [it for it in steps if it.entry.number > first.entry.number and it.entry.cell_id != step.entry.cell_id]
    return not any(
        it.needs_everything or not _touched(it).isdisjoint(all_touched | step.needs) or not it.needs.isdisjoint(all_touched - (same & before)) for it in others
    )


def in_first_places(steps: Sequence[Step], last: int, targets: Collection[int]) -> list[Step]:
    """The steps up to a number; those that renew others stand in the place of these."""
    found: list[Step] = []
    for step in steps:
        if step.entry.number > last:
            break
        first, cell = step.renews, step.entry.cell_id
        at = next((at for at, it in enumerate(found) if first is not None and (it is first or it.renews is first)), None)
        if at is None or any(it.entry.number in targets for it in (step, found[at])):
            found.append(step)
        else:
            found = [*found[:at], step, *(it for it in found[at + 1 :] if it.entry.cell_id != cell)]
    return found


def _touched(step: Step) -> set[str]:
    """Names and places; without those that a cell which failed did not come to."""
    seen = step.entry.seen
    came_to = (lambda it: it.startswith("<") or it in seen.kinds) if seen is not None and step.entry.status is Status.ERROR else bool
    return {it for it in step.sets | step.changes if not it.startswith(_OUTPUTS) and came_to(it)}


def _is_plain(step: Step, *, may_fail: bool = False) -> bool:
    """Whether nothing but names, options and imports takes part."""
    entry = step.entry
    if entry.seen is None or step.draws or step.facts or step.needs_everything or step.clears or step.is_ours:
        return False
    if entry.status is not Status.OK and not (may_fail and entry.status is Status.ERROR):
        return False
    return not any(it.startswith(_STATE) for it in _touched(step))


def _is_same(name: str, step: Step, history: History) -> bool:
    """Whether a name means, or a place is, after the execution what it was before."""
    seen = step.entry.seen
    assert seen is not None  # of a plain one
    if name.startswith("<"):
        return ("<environ>" if name.startswith("<variable ") else name) in seen.kept
    if name in seen.alike:
        return seen.kinds.get(name) == "plain" or history.is_alone(name, seen)
    return name not in seen.bound and (seen.kinds.get(name, "").startswith(_STILL) or name in seen.unchanged)
