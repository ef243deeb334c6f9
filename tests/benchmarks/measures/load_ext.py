"""`%load_ext nbtrack` in a started kernel against `import mlflow` in a started kernel of the same environment."""

from __future__ import annotations

from environments import new_folder
from kernels import Kernel
from plan import Plan
from report import Row
from rounds import middle, take_turns

AIM_MS, AIM_RATIO = 60, 20
_CODE = """
import json, time
_wall, _cpu = time.perf_counter(), time.process_time()
{act}
print(json.dumps({{"wall_ms": (time.perf_counter() - _wall) * 1e3, "cpu_ms": (time.process_time() - _cpu) * 1e3}}))
"""


def measure(plan: Plan) -> list[Row]:
    acts = {"%load_ext nbtrack": "get_ipython().run_line_magic('load_ext', 'nbtrack')", "import mlflow": "import mlflow"}
    found = take_turns(plan.rounds, {title: lambda act=act: _in_fresh_kernel(act) for title, act in acts.items()}, plan.refused)
    ours, theirs = (middle(found[title], "wall_ms") for title in acts)
    return [
        Row("`%load_ext nbtrack` in a started kernel", f"{ours:.1f} ms", f"<= {AIM_MS} ms", f"1/{theirs / ours:.0f} of import mlflow", ours <= AIM_MS),
        Row("… against `import mlflow` there", f"{theirs:,.0f} ms", f">= {AIM_RATIO}x", f"{theirs / ours:.0f}x", theirs >= AIM_RATIO * ours),
    ]


def _in_fresh_kernel(act: str) -> dict:
    with new_folder() as folder, Kernel(folder) as kernel:
        kernel.run("1")
        return kernel.ask(_CODE.format(act=act))
