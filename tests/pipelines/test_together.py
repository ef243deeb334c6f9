"""Two runs of one pipeline at once that make different things of its stages, as from two environments."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from nbtrack.pipelines.outputs import outputs_of

COMMAND = [sys.executable, "-c", "from nbtrack.cli import main; main()"]
MAKE = "import importlib.util\nword = 'second' if importlib.util.find_spec('only_in_the_second') else 'first'\nopen(path, 'w').write(word)"
READ = """
import nbtrack, pathlib, time
before = pathlib.Path('word.txt').read_text(), pathlib.Path('once.txt').read_text()
pathlib.Path(f'{before[0]} reads').touch()
while hold and before[0] == 'first' and pathlib.Path('hold').exists():
    time.sleep(0.05)
nbtrack.output('words', [*before, pathlib.Path('word.txt').read_text(), pathlib.Path('once.txt').read_text()])
"""
PAUSE = """
import importlib.util, pathlib, time
while not importlib.util.find_spec('only_in_the_second') and not pathlib.Path('second reads').exists():
    time.sleep(0.05)
"""
SPEC = """
stages:
  make: {notebook: make.ipynb, params: {path: word.txt}, outputs: [word.txt]}
  once: {notebook: make.ipynb, params: {path: once.txt}, cache: false, outputs: [once.txt]}
  read: {notebook: read.ipynb, params: {hold: true}, inputs: [word.txt, once.txt], outputs: {words: {value: list}}}
  pause: {notebook: pause.ipynb, needs: [read]}
  again: {notebook: read.ipynb, inputs: [word.txt, once.txt], needs: [pause], outputs: {words: {value: list}}}
"""


class Run:
    """`nbtrack run`, begun."""

    def __init__(self, folder, name, **env):
        self._out, self._said = folder / f"{name}.json", folder / f"{name}.log"
        with self._out.open("w") as out, self._said.open("w") as said:
            self._process = subprocess.Popen([*COMMAND, "run", "--json"], cwd=folder, env={**os.environ, **env}, stdout=out, stderr=said)

    @property
    def is_over(self):
        return self._process.poll() is not None

    @property
    def said(self):
        return self._said.read_text()

    def end(self):
        """Id of each stage's run."""
        assert self._process.wait(280) == 0, self.said
        return {it: row["run_id"] for it, row in json.loads(self._out.read_text())["stages"].items()}


@pytest.mark.timeout(600)
def test_two_environments_in_one_folder_do_not_disturb_each_other(notebook, tmp_path, home, until):
    """The second one begins while the first reads what both would write; then it writes that, and then the first reads it once more."""
    notebook("make.ipynb", MAKE, parameters="path = ''")
    notebook("pause.ipynb", PAUSE)
    notebook("read.ipynb", READ, parameters="hold = False")
    other = tmp_path / "other" / "site-packages"
    (other / "only_in_the_second-1.0.dist-info").mkdir(parents=True)
    (other / "only_in_the_second.py").write_text("")
    (tmp_path / "nbtrack.yaml").write_text(SPEC)
    (tmp_path / "hold").touch()
    first = Run(tmp_path, "first")
    until(lambda: (tmp_path / "first reads").exists() or first.is_over, 200)
    second = Run(tmp_path, "second", PYTHONPATH=os.pathsep.join([str(other), *filter(None, [os.environ.get("PYTHONPATH")])]))
    until(lambda: "another run has it in hand" in second.said or second.is_over, 200)
    assert (tmp_path / "word.txt").read_text() == "first" and not second.is_over, second.said
    (tmp_path / "hold").unlink()
    mine, theirs = first.end(), second.end()
    assert (words_of(home, mine), words_of(home, theirs)) == ({"first"}, {"second"}), first.said
    assert "make: another run put its own result there" in first.said and "once: another run put its own result there" in first.said
    assert not list(tmp_path.glob("*.mine*")) and not list(tmp_path.glob(".nbtrack/runs/*/held"))


def words_of(home, runs):
    """What the stages of a run read of what both write."""
    return {word for stage in ("read", "again") for word in outputs_of(home, runs[stage])["words"]}
