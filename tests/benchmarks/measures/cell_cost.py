"""What a tracked cell costs more than an untracked one: the same cell both ways, in turns, in one kernel, from request to idle."""

from __future__ import annotations

import time
from statistics import median

from environments import new_folder
from kernels import Kernel
from plan import Plan
from report import Row
from rounds import say

AIM_FIRST_MS, AIM_TWENTIETH_MS = 40, 8
_PLAIN = "pass"
_TRACKED = "%%track\npass"


def measure(plan: Plan) -> list[Row]:
    kernels = []
    for number in range(plan.rounds):
        say(f"round {number + 1}/{plan.rounds}: tracked and untracked cells in a fresh kernel")
        kernels.append(_one_kernel(plan.cells))
    first = median(more[0] for more in kernels)
    at = min(19, plan.cells - 1)
    twentieth = median(more[at] for more in kernels)
    later = median(ms for more in kernels for ms in more[10:]) if plan.cells > 10 else twentieth
    return [
        Row("Tracked empty cell minus untracked, 1st", f"{first:.1f} ms", f"<= {AIM_FIRST_MS} ms", "", first <= AIM_FIRST_MS),
        Row("… 20th", f"{twentieth:.1f} ms", f"<= {AIM_TWENTIETH_MS} ms", "", twentieth <= AIM_TWENTIETH_MS),
        Row("… all from the 11th on", f"{later:.1f} ms"),
    ]


def _one_kernel(cells: int) -> list[float]:
    """Milliseconds more, by number of tracked cells before."""
    with new_folder() as folder, Kernel(folder) as kernel:
        kernel.run("%load_ext nbtrack")
        for _ in range(3):
            kernel.run(_PLAIN)
        more = []
        for number in range(cells):
            took = {}
            for code in (_PLAIN, _TRACKED) if number % 2 == 0 else (_TRACKED, _PLAIN):
                took[code] = kernel.run(code)[1]
                time.sleep(0.1)  # people do not run cells within the same millisecond
            more.append((took[_TRACKED] - took[_PLAIN]) * 1e3)
    return more
