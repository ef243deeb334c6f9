"""The attempts of a cell."""

from __future__ import annotations

import os

import pytest

from nbtrack.journal import attempts, new_id
from tests.unit.journal.conftest import finish

ADD = """
import sys
from pathlib import Path
from nbtrack.journal import Home, attempts, new_id
sys.stdin.readline()
print(*(attempts.add(Home(Path(sys.argv[1])), "key", new_id()) for _ in range(300)))
"""


def test_attempts_are_counted_from_one_and_listed_oldest_first(home):
    runs = [new_id() for _ in range(3)]
    assert [attempts.add(home, "key", run) for run in runs] == [1, 2, 3]
    assert attempts.of(home, "key") == runs
    assert attempts.add(home, "other", runs[0]) == 1


def test_a_cell_never_tracked_has_none(home):
    assert attempts.of(home, "key") == []


def test_processes_that_add_at_once_get_numbers_of_their_own(home, python):
    processes = [python(ADD, home.root) for _ in range(3)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    numbers = [int(number) for process in processes for number in finish(process).split()]
    assert sorted(numbers) == list(range(1, 901))
    assert len(set(attempts.of(home, "key"))) == 900


def test_a_line_written_in_part_hides_no_other(home):
    runs = [new_id() for _ in range(2)]
    attempts.add(home, "key", runs[0])
    with (home.root / "cells" / "key").open("ab") as file:
        file.write(b"abc\xff")
    attempts.add(home, "key", runs[1])
    assert attempts.of(home, "key") == runs


@pytest.mark.parametrize(("notebook", "cell"), [("a.ipynb", "1"), ("\ud800", "ž\n"), ("", "")])
def test_a_key_is_a_file_name_the_same_each_time(notebook, cell):
    key = attempts.cell_key(notebook, cell)
    assert key == attempts.cell_key(notebook, cell) and len(key) == 32 and key.isalnum()
    assert key != attempts.cell_key(notebook, cell + "x")


@pytest.mark.skipif(os.name == "nt", reason="no resource limits here")
def test_a_full_disk_is_an_error(home, python):
    script = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50, 50))\n" + ADD
    process = python(script, home.root)
    _, err = process.communicate("go\n")
    assert "OSError" in err
    assert len(attempts.of(home, "key")) == 1
