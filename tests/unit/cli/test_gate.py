"""`nbtrack gate`, and the exit codes of the command."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import nbtrack
from nbtrack.exits import Exit


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(tmp_path)
    with nbtrack.track("fit"):
        nbtrack.log(acc=0.9)
    (tmp_path / "nbtrack.yaml").write_text("gates:\n  good: {kind: metric, metric: acc, threshold: 0.8}\n")
    return tmp_path


START = [sys.executable, "-c", "from nbtrack.cli import main; main()"]


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*START, *words], capture_output=True, text=True, check=False)


def test_gates_that_pass_end_with_0_and_are_told(folder):
    done = command("gate", "fit")
    assert done.returncode == Exit.OK and "1 of 1 gates passed" in done.stdout
    assert json.loads(command("gate", "--json").stdout)["verdicts"][0]["measured"] == 0.9
    assert command("gate", "fit", "--md").stdout.startswith("### fit")


def test_a_gate_that_says_no_ends_with_2_and_a_readable_reason(folder):
    (folder / "strict.yaml").write_text("gates:\n  good: {kind: metric, metric: acc, threshold: 0.95}\n")
    done = command("gate", "fit", "--gates", "strict.yaml")
    assert done.returncode == Exit.GATE
    assert "good  0.9 (wanted acc ≥ 0.95): 0.9 is 0.05 below the threshold" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("gate", "fit", "--gates", "wrong.yaml"), "wrong.yaml:2: gates.good: there is no kind 'metrik'; did you mean 'metric'?"),
        (("gate", "nobody"), "No run answers to 'nobody'"),
        (("gate", "fit", "--gtes", "x"), "No such option"),
        (("gaet",), "No such command"),
        (("diff", "fit"), "Missing argument"),
    ],
)
def test_wrong_input_ends_with_3(folder, words, told):
    (folder / "wrong.yaml").write_text("gates:\n  good: {kind: metrik}\n")
    done = command(*words)
    assert (done.returncode, told in done.stderr) == (Exit.WRONG_INPUT, True), done.stderr


def test_a_store_that_cannot_be_reached_ends_with_4(folder, free_port):
    (folder / "nbtrack.yaml").write_text('gates:\n  good: {kind: baseline, metric: acc, against: "models:/m@champion"}\n')
    env = {**os.environ, "NBTRACK_TRACKING_URI": f"http://127.0.0.1:{free_port}"}
    done = subprocess.run([*START, "gate", "fit"], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == Exit.UNREACHABLE, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
def test_an_interrupt_ends_with_130(folder):
    (folder / "slow.py").write_text("import pathlib, time\npathlib.Path('began').touch()\ntime.sleep(600)\n")
    (folder / "nbtrack.yaml").write_text('gates:\n  slow: {kind: data, data: "slow.py:x", schema: "slow.py:x"}\n')
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it, and so would its children
    try:
        process = subprocess.Popen([*START, "gate", "fit"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finally:
        signal.signal(signal.SIGINT, before)
    while not (folder / "began").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == Exit.INTERRUPTED
