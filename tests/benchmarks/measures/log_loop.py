"""What a logged point costs in the user's loop, ours and the peers', and who keeps the points through `kill -9`."""

from __future__ import annotations

import functools
import time

from environments import NBTRACK, CannotRunError, Peer, drive, new_folder
from kernels import Kernel
from plan import Plan
from report import Row
from rounds import middle, say, take_turns

AIM_US, AIM_TIMES = 1.5, 5
POINTS, CRASH_POINTS, CRASHES = 100_000, 5_000, 3
_KERNEL = "nbtrack in a tracked cell"
_PLAIN = "nbtrack in a plain process"
_CELL = """%%track
x = 0.5
nbtrack.log(loss=x)
_wall, _cpu = time.perf_counter(), time.process_time()
for i in range({count}):
    nbtrack.log(loss=x)
_wall, _cpu = time.perf_counter() - _wall, time.process_time() - _cpu
print(json.dumps({{"wall_us": _wall / {count} * 1e6, "cpu_us": _cpu / {count} * 1e6}}))
"""


def measure(plan: Plan) -> list[Row]:
    contenders = {_KERNEL: lambda: _in_kernel(plan.points(POINTS)), _PLAIN: lambda: _alone(NBTRACK, plan.points(POINTS))}
    contenders |= {peer.title: functools.partial(_alone, peer, plan.points(peer.points)) for peer in plan.peers}
    found = take_turns(plan.rounds, contenders, plan.refused)
    peers = [peer for peer in plan.peers if peer.title in found]
    kept = {peer.title: _kept(peer, plan) for peer in peers}
    wall = {title: middle(values, "wall_us") for title, values in found.items()}
    cpu = {title: middle(values, "cpu_us") for title, values in found.items()}
    ours = wall[_KERNEL]
    rows = [Row(f"`nbtrack.log(loss=x)`, {plan.points(POINTS):,} times in a tracked cell", _value(wall, cpu, _KERNEL), f"<= {AIM_US} us", "", ours <= AIM_US)]
    if _PLAIN in wall:
        rows.append(Row("… in a plain process, `with nbtrack.track()`", _value(wall, cpu, _PLAIN)))
    count = _kept(NBTRACK, plan)
    if count is not None:
        whole = plan.points(CRASH_POINTS)
        rows.append(Row("… points kept through kill -9, seen in MLflow", f"{count:,} of {whole:,}", "all", "", count == whole))
    safe = {peer.title: wall[peer.title] for peer in peers if kept[peer.title] is not None and kept[peer.title] == plan.points(CRASH_POINTS)}
    if safe:
        best = min(safe, key=safe.__getitem__)
        ratio = safe[best] / ours
        rows.append(Row(f"… the fastest that keeps its points, {best}", f"{safe[best]:.1f} us", f">= {AIM_TIMES}x", f"{ratio:.0f}x", ratio > AIM_TIMES))
    for peer in sorted(peers, key=lambda peer: wall[peer.title]):
        count = kept[peer.title]
        fate = "crash not measured" if count is None else f"keeps {count:,} of {plan.points(CRASH_POINTS):,} through kill -9"
        rows.append(Row(f"a point with {peer.title} ({fate})", _value(wall, cpu, peer.title), "", f"{wall[peer.title] / ours:,.1f}x"))
    return rows


def _value(wall: dict[str, float], cpu: dict[str, float], title: str) -> str:
    return f"{wall[title]:,.2f} us (CPU {cpu[title]:,.2f})"


def _in_kernel(count: int) -> dict:
    with new_folder() as folder, Kernel(folder) as kernel:
        kernel.run("import json, time, nbtrack")
        kernel.run("%load_ext nbtrack")
        return kernel.ask(_CELL.format(count=count))


def _alone(peer: Peer, count: int) -> dict:
    with new_folder() as folder:
        return drive(peer, "loop", folder, count)


def _kept(peer: Peer, plan: Plan) -> int | None:
    """The fewest points found after a killed process; None where not even an orderly end keeps them, so that the reader is at fault."""
    count = plan.points(CRASH_POINTS)
    fewest = count
    for task in ("orderly", *["crash"] * (CRASHES if plan.scale == 1 else 1)):
        say(f"{task} end of {peer.title}")
        try:
            with new_folder() as folder:
                drive(peer, task, folder, count, dies=task == "crash")
                time.sleep(2)  # a peer with a process of its own may still be writing
                kept = drive(peer, "survivors", folder, count)["kept"]
        except CannotRunError as reason:
            plan.refused[f"{peer.title}, {task}"] = str(reason)
            return None
        if task == "orderly" and kept < count:
            plan.refused[f"{peer.title}, control"] = f"only {kept} of {count} points found after an orderly end"
            return None
        fewest = min(fewest, kept)
    return fewest
