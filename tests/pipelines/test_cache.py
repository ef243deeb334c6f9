"""The cache as one meets it in a terminal: damaged, read-only, looked at and tidied up; and what is told of a pipeline without running it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-c", "from nbtrack.cli import main; main()"]


@pytest.fixture
def run(notebook, tmp_path):
    """A pipeline of two stages, and what runs a command beside it."""
    notebook("make.ipynb", "open('made.txt', 'w').write('x' * n)", parameters="n = 1")
    notebook("use.ipynb", "import nbtrack, os\nnbtrack.output('size', os.path.getsize('made.txt'))\nnbtrack.output('place', os.environ['PLACE'])")
    (tmp_path / "nbtrack.yaml").write_text("""
params: {n: 3}
stages:
  make: {notebook: make.ipynb, params: {n: "${params.n}"}, outputs: [made.txt]}
  use:
    notebook: use.ipynb
    inputs: [made.txt]
    outputs: {size: {value: int}, place: {value: str}}
    environment: {variables: {PLACE: "at ${params.n}"}}
""")

    def run(*words, code=0):
        done = subprocess.run([*COMMAND, *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=250)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout) if "--json" in words else done.stdout + done.stderr

    return run


def phases(found):
    return {it: row["phase"] for it, row in found["stages"].items()}


def test_what_is_damaged_is_found_by_its_digest_and_made_again_and_what_is_old_is_taken_away(run, tmp_path):
    assert phases(run("run", "--json")) == {"make": "done", "use": "done"}
    cache, made = tmp_path / ".nbtrack" / "cache", tmp_path / "made.txt"
    (kept,) = (cache / "objects").glob("*/*")
    kept.write_text("another")
    made.unlink()
    found = run("run")
    assert "The cache has made.txt damaged" in found and "1 done, 1 cached" in found and made.read_text() == "xxx"
    for path in (cache / "entries").glob("*/*"):
        path.write_text(path.read_text()[:-20])
    assert phases(run("run", "--json")) == {"make": "done", "use": "done"}
    kept.write_text("another")
    assert "1 file looked at, 2 damaged" in run("cache", "verify", code=1)
    assert run("cache", "verify", "--json") == {"results": 1, "objects": 0, "damaged": []}
    assert phases(run("run", "--json")) == {"make": "done", "use": "cached"}
    assert [it["stage"] for it in run("cache", "ls", "--json")] == ["make", "use"]
    assert run("cache", "gc", "--days", "0", "--json")["results"] == 2 and "empty" in run("cache", "ls")


@pytest.fixture
def read_only():
    """Makes a folder one that nothing can be written to, also by root."""
    mounted = []

    def read_only(path):
        if os.geteuid():
            for place in (path, *(it for it in path.rglob("*") if it.is_dir())):
                place.chmod(0o500)
        else:
            words = (["mount", "--bind", path, path], ["mount", "-o", "remount,ro,bind", path])
            if any(subprocess.run(it, capture_output=True, check=False).returncode for it in words):
                pytest.skip("no folder can be mounted here")
            mounted.append(path)

    yield read_only
    for path in mounted:
        subprocess.run(["umount", "-l", path], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="no modes here")
def test_a_cache_that_is_read_only_gives_what_it_has_and_the_rest_goes_on_without(run, tmp_path, read_only):
    run("run")
    cache, made = tmp_path / ".nbtrack" / "cache", tmp_path / "made.txt"
    read_only(cache)
    made.unlink()
    assert phases(run("run", "--json")) == {"make": "cached", "use": "cached"} and made.read_text() == "xxx"
    told = run("run", "-p", "n=4")
    assert "2 done" in told and "make is not kept in" in told and made.read_text() == "xxxx"
    assert phases(run("run", "--json")) == {"make": "cached", "use": "cached"} and made.read_text() == "xxx"


def test_what_is_told_of_a_pipeline_without_running_it(run, tmp_path, home):
    assert "is fine: 2 stages" in run("check")
    (tmp_path / "n.yaml").write_text("n: 7\n")
    told = run("run", "--dry-run", "-f", "n.yaml")
    assert "▶ make" in told and "? use" in told and "make runs first" in told and "1 run, 1 perhaps" in told
    assert [it["action"] for it in run("plan", "--json")] == ["run", "perhaps"]
    assert run("graph", "--mermaid").startswith("flowchart LR")
    assert run("graph", "--svg").startswith("<svg")
    assert run("graph", "--json") == {"make": [], "use": ["make"]}
    assert list(home.run_ids()) == []
    found = run("run", "-f", "n.yaml", "--json")
    assert phases(found) == {"make": "done", "use": "done"} and (tmp_path / "made.txt").read_text() == "x" * 7
