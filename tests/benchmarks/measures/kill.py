"""`kill -9` of a kernel in the middle of its tracked cell, many times, and what is in MLflow afterwards.

The cell notes in a shared memory map how many calls have returned; the map outlives the kernel. Every second time, from
the first on, the delivery process is killed in the same moment, so that only the next contact, the next kernel that tracks a cell, can bring the rest.
Half the cells log without a pause, so that the end falls into a call; the others log as training does, for longer.
"""

from __future__ import annotations

import mmap
import random
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from environments import end_delivery, new_folder
from kernels import Kernel
from plan import Plan
from report import Row
from rounds import say
from store import ask, wait_until

AIM_S = 5
_GIVE_UP_S = 60
_BEFORE = """
import mmap, struct, time, nbtrack
_file = open("returned", "r+b")
_returned = mmap.mmap(_file.fileno(), 8)
_note = struct.Struct("<q").pack_into
%load_ext nbtrack
"""
_WITHOUT_PAUSE = """%%track {name}
for i in range(10**9):
    nbtrack.log(loss=i + 0.5)
    _note(_returned, 0, i + 1)
"""
_AS_TRAINING = (
    _WITHOUT_PAUSE
    + """    if i % 100 == 99:
        time.sleep(0.005)
"""
)


@dataclass(frozen=True)
class Death:
    """One killed kernel and what was found of it."""

    with_delivery: bool
    returned: int
    delivered: int
    wrong: int
    twice: int
    runs: int
    closed_s: float
    """From the next contact to KILLED in MLflow."""


def measure(plan: Plan) -> list[Row]:
    deaths = []
    with new_folder() as folder:
        for number in range(plan.kills):
            deaths.append(_one(folder, f"kill-{number}", with_delivery=number % 2 == 0, seed=number))
            say(f"kill {number + 1}/{plan.kills}: {deaths[-1]}")
    returned, lost = sum(death.returned for death in deaths), sum(max(0, death.returned - death.delivered) for death in deaths)
    wrong, twice = sum(death.wrong for death in deaths), sum(death.twice + max(0, death.runs - 1) for death in deaths)
    slowest = max(death.closed_s for death in deaths)
    what = f"kill -9 of the kernel, {plan.kills} times: points of returned calls in MLflow"
    rows = [
        Row(what, f"{returned - lost:,} of {returned:,}", "all", "", lost == 0 < returned),
        Row("… with a wrong value, or twice", f"{wrong} and {twice}", "0 and 0", "", not wrong and not twice),
        Row("… KILLED after the next contact, slowest", f"{slowest:.1f} s", f"<= {AIM_S} s", "", slowest <= AIM_S),
    ]
    for title, kind in (("delivery lives", False), ("delivery killed too, next contact is a new kernel", True)):
        these = sorted(death.closed_s for death in deaths if death.with_delivery is kind)
        if these:
            rows.append(Row(f"… median, {title}", f"{these[len(these) // 2]:.1f} s"))
    return rows


def _one(folder: Path, name: str, *, with_delivery: bool, seed: int) -> Death:
    cell, longest_s = (_WITHOUT_PAUSE, 0.02) if seed // 2 % 2 == 0 else (_AS_TRAINING, 1.0)
    (folder / "returned").write_bytes(bytes(8))
    with (folder / "returned").open("r+b") as file, mmap.mmap(file.fileno(), 8) as noted:
        with Kernel(folder) as kernel:
            kernel.run(_BEFORE)
            kernel.send(cell.format(name=name))
            wait_until(lambda: noted[:8] != bytes(8), timeout_s=_GIVE_UP_S, poll_s=0.001)
            time.sleep(random.Random(seed).uniform(0, longest_s))
            contact = time.perf_counter()
            kernel.kill()
            if with_delivery:
                end_delivery(folder)
        (returned,) = struct.unpack("<q", noted[:8])
    if with_delivery:
        with Kernel(folder) as kernel:
            kernel.run("%load_ext nbtrack")
            contact = time.perf_counter()
            kernel.run("%%track next\npass")
            closed_s = _wait_closed(folder, name, contact)
    else:
        closed_s = _wait_closed(folder, name, contact)
    runs = [row[0] for row in ask(folder, "select run_uuid from runs where name = ?", name)]
    points = [point for run in runs for point in ask(folder, "select step, value from metrics where run_uuid = ? and key = 'loss'", run)]
    steps = {step for step, _ in points}
    wrong = sum(value != step + 0.5 for step, value in points)
    return Death(with_delivery, returned, len(steps & set(range(returned))), wrong, len(points) - len(steps), len(runs), closed_s)


def _wait_closed(folder: Path, name: str, contact: float) -> float:
    left_s = contact + _GIVE_UP_S - time.perf_counter()
    took_s = wait_until(lambda: ask(folder, "select status from runs where name = ?", name) == [("KILLED",)], timeout_s=left_s)
    return time.perf_counter() - contact if took_s < _GIVE_UP_S else took_s
