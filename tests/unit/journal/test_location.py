"""Where things lie."""

from __future__ import annotations

import os
import stat

import pytest

from nbtrack.journal import new_id


def test_ids_are_32_hexadecimal_digits_nobody_else_has():
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000 and all(len(name) == 32 and int(name, 16) >= 0 for name in ids)


def test_without_a_state_directory_there_are_no_runs(home):
    assert list(home.run_ids()) == []


def test_only_runs_are_listed(home, begin):
    runs = {begin().run_id for _ in range(3)}
    (home.root / "runs" / ".DS_Store").touch()
    assert set(home.run_ids()) == runs


@pytest.mark.skipif(os.name == "nt", reason="no modes here")
def test_folders_are_the_users_alone_whatever_the_umask(home):
    before = os.umask(0)
    try:
        home.folder("runs")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (home.root, home.root / "runs")] == [0o700, 0o700]


def test_a_folder_that_is_there_is_taken_as_it_is(home):
    assert home.folder("runs") == home.folder("runs") == home.root / "runs"
