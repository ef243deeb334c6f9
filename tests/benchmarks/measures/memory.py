"""How much a kernel grows while a tracked cell logs a million points."""

from __future__ import annotations

from statistics import median

from environments import new_folder
from kernels import Kernel
from plan import Plan
from report import Row
from rounds import say

AIM_MB = 10
POINTS = 1_000_000
_SIZE = """
def _resident_mb():
    import os, sys
    if sys.platform == "linux":
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    import psutil
    return psutil.Process().memory_info().rss / 1e6
"""
_CELL = """%%track
nbtrack.log(loss=0.5)
_before = _resident_mb()
for i in range({count}):
    nbtrack.log(loss=0.5)
print(json.dumps({{"grown_mb": _resident_mb() - _before}}))
"""


def measure(plan: Plan) -> list[Row]:
    count, grown = plan.points(POINTS), []
    for number in range(min(plan.rounds, 3)):
        say(f"round {number + 1}: memory of a kernel")
        with new_folder() as folder, Kernel(folder) as kernel:
            kernel.run("import json, nbtrack\n%load_ext nbtrack" + _SIZE)
            grown.append(kernel.ask(_CELL.format(count=count))["grown_mb"])
    return [Row(f"Memory of the kernel, {count:,} points", f"+{median(grown):.1f} MB", f"< {AIM_MB} MB", "", median(grown) < AIM_MB)]
