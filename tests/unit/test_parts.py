"""The parts of `make test`: side by side, one after another in what is shown, and none that fails is passed over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import Part, run

MEET = "import pathlib, sys, time; mine, other = map(pathlib.Path, sys.argv[1:])\nmine.touch()\nwhile not other.exists(): time.sleep(0.02)\nprint('met')"


def part(name, code, *words):
    return Part(name, (sys.executable, "-c", code, *map(str, words)))


@pytest.fixture
def shown(tmp_path):
    """Runs parts; gives those that failed, and what was shown."""

    def shown(front, *beside):
        with (tmp_path / "out").open("wb") as out:
            failed = run(front, beside, out)
        return failed, (tmp_path / "out").read_text()

    return shown


def test_they_run_at_once_and_are_shown_one_after_another(shown, tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    assert shown(part("plain", MEET, a, b), part("first", MEET, b, a), part("second", "print('third to be shown')")) == (
        [],
        "\n== plain\nmet\n\n== first\nmet\n\n== second\nthird to be shown\n",
    )


def test_each_that_fails_is_named_and_the_others_run_all_the_same(shown):
    fails, passes = "import sys; print('red', file=sys.stderr); sys.exit(1)", "print('green')"
    assert shown(part("plain", fails), part("first", passes), part("second", passes))[0] == ["plain"]
    failed, text = shown(part("plain", passes), part("first", fails), part("second", fails))
    assert failed == ["first", "second"]
    assert text.count("red") == 2
    assert shown(part("plain", fails), part("first", fails), part("second", passes))[0] == ["plain", "first"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_that_cannot_be_started_has_not_passed(shown):
    assert shown(part("plain", "pass"), Part("first", ("no such program",)), part("second", "pass"))[0] == ["first", "second"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal for a group")
def test_an_interrupt_ends_all_and_starts_no_more(tmp_path, until):
    waits = "import pathlib, sys, time\ntry:\n    pathlib.Path(sys.argv[1]).touch()\n    time.sleep(600)\nfinally:\n    print('tidied', flush=True)"
    code = (
        "import sys; from tests.parts import Part, run\n"
        "part = lambda name: Part(name, (sys.executable, '-c', sys.argv[1], name))\n"
        "print(run(part('plain'), [part('first'), part('second')], sys.stdout.buffer))"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", code, waits], cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    until(lambda: (tmp_path / "plain").exists() and (tmp_path / "first").exists())
    os.killpg(process.pid, signal.SIGINT)
    told = process.communicate()[0]
    assert told.count("tidied") == 2 and told.endswith("['plain', 'first', 'second']\n")
    assert not (tmp_path / "second").exists()
