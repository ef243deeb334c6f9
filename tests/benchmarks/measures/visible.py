"""100,000 points until others can read them in MLflow's database: nbtrack against MLflow's own log_batch of 1,000."""

from __future__ import annotations

import functools

from environments import NBTRACK, Peer, drive, new_folder
from plan import Plan
from report import Row
from rounds import middle, take_turns

POINTS = 100_000
_OURS, _THEIRS = "nbtrack to MLflow", "MLflow log_batch to MLflow"


def measure(plan: Plan) -> list[Row]:
    count, peer = plan.points(POINTS), plan.peer("mlflow_batch")
    rows = []
    for title, task in (("warm", "visible"), ("cold", "visible_cold")):
        contenders = {_OURS: functools.partial(_alone, NBTRACK, task, count)}
        if peer is not None:
            contenders[_THEIRS] = functools.partial(_alone, peer, task, count)
        refused: dict[str, str] = {}
        found = take_turns(plan.rounds, contenders, refused)
        plan.refused.update({f"{name}, {title}": reason for name, reason in refused.items()})
        ours = middle(found[_OURS], "visible_s") if _OURS in found else float("inf")
        theirs = middle(found[_THEIRS], "visible_s") if _THEIRS in found else None
        what = f"{count:,} points visible in MLflow (sqlite), {title}"
        if title == "warm":
            aim, is_met = "no slower than log_batch", None if theirs is None else ours <= theirs
        else:
            aim, is_met = "", None
        rows.append(Row(what, f"{ours:.2f} s", aim, "" if theirs is None else f"{theirs / ours:.2f}x", is_met))
        if theirs is not None:
            rows.append(Row(f"… MLflow's own log_batch of 1,000, {title}", f"{theirs:.2f} s"))
    return rows


def _alone(peer: Peer, task: str, count: int) -> dict:
    with new_folder() as folder:
        return drive(peer, task, folder, count)
