"""What a tap costs in the user's loop, and what every executed cell costs for the sake of curves; both ways in one kernel, in turns."""

from __future__ import annotations

from statistics import median

from environments import new_folder
from kernels import Kernel
from plan import Plan
from report import Row
from rounds import say

AIM_RECORDING, AIM_OFF, AIM_LONG, AIM_CELL_MS = 3.0, 1.5, 1.05, 1.0
STEPS, FEW_STEPS, LONG_STEPS, CELLS = 2_000_000, 20_000, 2_000, 1_000
_BLOCKS = 40
# `plain` is compiled from a text, which no tap gets into; `tapped` is the same text, typed into a cell.
_BODY = """def {name}(n):
    loss = 1.0
    for i in range(n):
        {work}loss = loss * 0.9999999
    return loss
"""
_SETUP = """
import json, time
def spin(end=time.perf_counter):
    until = end() + 1e-4
    while end() < until:
        pass
exec({plain!r})
{tapped}"""
_TURNS = """
def once(function, n):
    start = time.perf_counter()
    function(n)
    return time.perf_counter() - start
plain_s, tapped_s = [], []
for turn in range({turns}):
    plain_s.append(once(plain, {steps}))
    tapped_s.append(once(tapped, {steps}))
print(json.dumps({{"plain_ns": min(plain_s) / {steps} * 1e9, "tapped_ns": min(tapped_s) / {steps} * 1e9}}))
"""


def measure(plan: Plan) -> list[Row]:
    found: dict[str, list[float]] = {}
    for number in range(plan.rounds):
        say(f"round {number + 1}/{plan.rounds}: loops with taps and without")
        for title, pair in _one_round(plan).items():
            found.setdefault(title, []).append(pair["tapped_ns"] / pair["plain_ns"])
    say(f"{CELLS} cells with curves and without")
    more_ms = _cells(plan)
    rows = [
        Row(f"`loss = loss * 0.99` with a tap that {what}", f"{median(found[title]):.2f}x", f"<= {aim}x", "", median(found[title]) <= aim)
        for title, what, aim in (("recording", "records", AIM_RECORDING), ("thinned", "has its points", AIM_OFF), ("off", "is off", AIM_OFF))
    ]
    long = median(found["long"])
    rows.append(Row("… a body of 100 us, recording", f"{long:.3f}x", f"<= {AIM_LONG}x", "", long <= AIM_LONG))
    rows.append(Row("A tracked cell without loops, for the sake of curves", f"{more_ms:.2f} ms", f"<= {AIM_CELL_MS} ms", "", more_ms <= AIM_CELL_MS))
    return rows


def _one_round(plan: Plan) -> dict[str, dict]:
    steps, long_steps = plan.points(STEPS), plan.points(LONG_STEPS)
    short = _setup("")
    tracked = "%%track --quiet --capture curves\n"
    with new_folder() as folder, Kernel(folder) as kernel:
        kernel.run("%load_ext nbtrack")
        kernel.run(short)
        answers = {"off": kernel.ask(_TURNS.format(turns=5, steps=steps))}
        few = plan.points(FEW_STEPS)  # in each turn few enough for every value to be kept in full
        turns = [kernel.ask(tracked + _TURNS.format(turns=1, steps=few)) for _ in range(20)]
        answers["recording"] = {name: min(it[name] for it in turns) for name in turns[0]}
        kernel.run("%env NBTRACK_CURVE_POINTS=1000")
        answers["thinned"] = kernel.ask(f"{tracked}tapped({steps})\n" + _TURNS.format(turns=5, steps=steps))
        kernel.run("%env NBTRACK_CURVE_POINTS=100000")
        kernel.run(_setup("spin()\n        "))
        answers["long"] = kernel.ask(tracked + _TURNS.format(turns=3, steps=long_steps))
    return answers


def _setup(work: str) -> str:
    plain, tapped = (_BODY.format(name=name, work=work) for name in ("plain", "tapped"))
    return _SETUP.format(plain=plain, tapped=tapped)


def _cells(plan: Plan) -> float:
    """Milliseconds, from request to idle, that a tracked cell takes longer with curves than without: median over pairs of neighbouring blocks."""
    count = max(_BLOCKS, int(CELLS * min(plan.scale, 1)))
    more_s = []
    with new_folder() as folder, Kernel(folder) as kernel:
        kernel.run("%load_ext nbtrack")
        for block in range(_BLOCKS):
            took = {}
            for kinds in ("all", "-curves") if block % 2 == 0 else ("-curves", "all"):
                kernel.run(f"%track on --capture {kinds} --quiet")
                cells = (f"a_name = {number}\nother = [a_name, 2, 'x']\nif a_name:\n    other = None" for number in range(count // _BLOCKS))
                took[kinds] = median(kernel.run(cell)[1] for cell in cells)
                kernel.run("%track off")
            more_s.append(took["all"] - took["-curves"])
    return median(more_s) * 1e3
