"""Outputs in IPython without a kernel."""

import json
import subprocess
import sys

SCRIPT = r"""
import json, sys
from IPython.terminal.interactiveshell import TerminalInteractiveShell
shell = TerminalInteractiveShell.instance(simple_prompt=True, colors="nocolor")
load, cells = json.loads(sys.argv[1])
if load:
    shell.run_line_magic("load_ext", "nbtrack")
    session = shell._nbtrack_session
for cell in cells:
    shell.run_cell(cell, store_history=True)
if load:
    kept = [entry.outputs for entry in session.ledger.entries]
    shell.run_line_magic("unload_ext", "nbtrack")
    left = [name for thing in (shell, shell.displayhook, shell.display_pub, sys.stdout, sys.stderr) for name, value in vars(thing).items() if "TerminalDoor" in str(getattr(value, "__qualname__", ""))]
    with open("kept.json", "w") as file:
        json.dump([kept, left], file)
"""
CELLS = [
    "import sys\nprint('a')\nprint('b', file=sys.stderr)\n41 + 1",
    "display('x', display_id='it')\nprint('c')",
    "display('y', display_id='it', update=True);",
    "1/0",
    "class Bad:\n    def __repr__(self):\n        raise ValueError('no repr')\nBad()",
    "print('after')",
]


def run(folder, cells, *, load):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps([load, cells])], cwd=folder, capture_output=True, text=True, timeout=120, check=True, stdin=subprocess.DEVNULL
    )
    return done.stdout, done.stderr


def test_a_terminal_shows_the_same_and_the_outputs_are_kept(tmp_path):
    assert run(tmp_path, CELLS, load=True) == run(tmp_path, CELLS, load=False)
    kept, left = json.loads((tmp_path / "kept.json").read_text())
    assert left == []
    assert kept[0] == [
        {"output_type": "stream", "name": "stdout", "text": "a\n"},
        {"output_type": "stream", "name": "stderr", "text": "b\n"},
        {"output_type": "execute_result", "data": {"text/plain": "42"}, "metadata": {}, "execution_count": 1},
    ]
    assert kept[1][0]["data"] == {"text/plain": "'y'"}
    assert kept[1][1]["text"] == "c\n"
    assert kept[2] == []
    assert (kept[3][-1]["output_type"], kept[3][-1]["ename"]) == ("error", "ZeroDivisionError")
    assert kept[5] == [{"output_type": "stream", "name": "stdout", "text": "after\n"}]
