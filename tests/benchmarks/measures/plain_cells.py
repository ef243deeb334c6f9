"""What an untracked cell costs with nbtrack loaded, and 100,000 prints: blocks with and without the extension, in turns, in one kernel."""

from __future__ import annotations

from statistics import median

from environments import new_folder
from kernels import Kernel
from plan import Plan
from report import Row
from rounds import say

AIM_MS, AIM_RATIO = 1.0, 1.1
_BLOCK = 100
_PRINTS = "import sys\nfor i in range({}): print(i)\nsys.stdout.flush()"


def measure(plan: Plan) -> list[Row]:
    cells: dict[bool, list[float]] = {False: [], True: []}
    prints: dict[bool, list[float]] = {False: [], True: []}
    with new_folder() as folder, Kernel(folder) as kernel:
        kernel.run("pass")
        for number in range(max(2, plan.rounds * 2)):
            say(f"block {number + 1}: untracked cells and prints")
            for is_on in (number % 2 == 0, number % 2 == 1):
                kernel.run("%load_ext nbtrack" if is_on else "import sys\nif 'nbtrack' in sys.modules: get_ipython().run_line_magic('unload_ext', 'nbtrack')")
                cells[is_on] += [kernel.run("x = 1")[1] for _ in range(_BLOCK)]
                prints[is_on].append(kernel.run(_PRINTS.format(plan.points(100_000)))[1])
    more_ms = (median(cells[True]) - median(cells[False])) * 1e3
    ratio = median(prints[True]) / median(prints[False])
    return [
        Row("Untracked cell with nbtrack loaded, more than without", f"{more_ms:.2f} ms", f"<= {AIM_MS:.0f} ms", "", more_ms <= AIM_MS),
        Row("100,000 prints with nbtrack loaded", f"{median(prints[True]):.2f} s", f"<= {AIM_RATIO}x", f"{ratio:.2f}x", ratio <= AIM_RATIO),
    ]
