"""Tracked cells in a real kernel do what they do in a kernel without nbtrack, and an interrupt leaves the curve there was."""

from __future__ import annotations

import re
import time

import pytest

from nbtrack.entities import State

PROGRAMS = [
    "losses = []\nfor epoch in range(4):\n    loss = 1 / (epoch + 1)\n    losses.append(loss)\n    print(f'epoch {epoch} loss {loss:.3f}')\nlosses",
    "import asyncio\nasync def work():\n    for i in range(3):\n        await asyncio.sleep(0)\n        loss = i / 3\n        print('loss', loss)\n    return loss\nawait work()",
    "def fit(n):\n    for i in range(n):\n        try:\n            err = 1 / (2 - i)\n        finally:\n            print('err', i)\nfit(5)",
    "class A:\n    def fit(self):\n        for i in range(3):\n            self.loss = 1 / (i + 1)\n            if i == 1:\n                raise ValueError(f'{self.loss}')\nA().fit()",
    "for i in range(3):\n    loss = i\n    acc = loss +\n",
    "while (loss := globals().get('loss', 8) / 2) > 1:\n    print(loss)\nloss",
    "%%time\nfor i in range(3):\n    loss = 1 / (i + 1)\n    print('loss', loss)",
    "for i in range(2):\n    score = i / 3\n    %time pass\n    !echo score {score}",
    "from IPython.display import display\nfor i in range(2):\n    acc = 1 / (i + 2)\n    display(acc)",
    "exec('for i in range(3):\\n    loss = i / 2')\nloss, [l for l in (0.5, 1.5)]",
    "from math import *\nfor i in range(3):\n    loss = sqrt(i)\n    print('loss', loss)\ndel loss\nloss",
    "with open('part.py', 'w') as file: print('made = 0.5\\nprint(\"part\")', file=file)\nfor i in range(2):\n    %run part.py\n    loss = made / (i + 1)\n    print('loss', loss)",
    "for i in range(2):\n    said = !echo 0.{i}\n    loss = float(said[0])\n    %cd -q .\nsaid, loss",
    "import builtins\nprint = lambda *given: builtins.print('mine', *given)\nlen = sum = nbtrack = 3\nfor i in range(3):\n    loss = len / (i + 1)\n    print('loss', loss)\ndel print, len, sum",
    "def train():\n    best = 9.0\n    def step(k):\n        nonlocal best\n        global total\n        total = best = best / k\n        return lambda: best\n"
    "    fs = [step(k) for k in (2, 3)]\n    return [f() for f in fs]\ntrain(), total",
    "for i in range(4):\n    try:\n        if i == 1:\n            continue\n        match i:\n            case 3:\n                break\n            case _ if (loss := 1 / (i + 1)) > 0:\n"
    "                print('loss', loss)\n    finally:\n        print('done', i)\nelse:\n    print('never')",
    "%%bash\nfor i in 1 2; do echo loss 0.$i; done",
    "%%writefile kept.txt\nloss 0.5",
]
_VARIES = re.compile(r"(Cell )?In\[\d+\]|ipykernel_\d+/\d+|\d+\.?\d*(e\+\d+)? [^\W\d]{0,2}s\b|\x1b\[[\d;]*m| *1 # as it is\n")


def seen(reply):
    return reply.status, reply.stdout, reply.result, reply.shown, reply.ename, reply.traceback


def test_cells_do_what_they_do_without_us(kernel, kernel_env, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    bare = type(kernel)(other, {**kernel_env, "NBTRACK_HOME": str(tmp_path / "none")})
    try:
        for code in PROGRAMS:
            magic = code.startswith("%%")
            heads = [("%%track --quiet\n", "# as it is\n" if not magic else "")]
            for ours, theirs in [("", ""), *heads]:
                with_taps, without = seen(kernel.run(ours + code)), seen(bare.run(theirs + code))
                clean = [[_VARIES.sub("", it) if isinstance(it, str) else it for it in found] for found in (with_taps, without)]
                assert clean[0] == clean[1], code
    finally:
        bare.stop()
    assert sum("loss" in run.metrics for run in kernel.runs()) >= 3


def test_an_interrupt_ends_the_loop_and_keeps_its_curve(kernel):
    sent = kernel.send("%%track --quiet --capture curves\nimport time\nfor i in range(100_000):\n    loss = 1 / (i + 1)\n    time.sleep(0.01)")
    deadline = time.monotonic() + 60
    while not any("loss" in run.metrics for run in kernel.runs()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    kernel.manager.interrupt_kernel()
    reply = kernel.answer(sent)
    assert reply.ename == "KeyboardInterrupt"
    assert kernel.run("i").result is not None
    [run] = kernel.runs()
    count = int(kernel.run("i + 1").result)
    assert run.state is State.KILLED
    assert run.metrics["loss"].count in (count - 1, count)
    assert run.metrics["loss"].last == pytest.approx(1 / run.metrics["loss"].count)
