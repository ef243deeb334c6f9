"""Where things lie."""

from __future__ import annotations

import os
import stat

import pytest

from nbtrack.errors import JournalError
from nbtrack.journal import Home, new_id


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


def test_what_keeps_a_folder_from_being_written_is_known_without_writing(home, tmp_path):
    assert home.problem() is None
    assert not home.root.exists()
    (tmp_path / "file").touch()
    problem = Home(tmp_path / "file" / "below" / "home").problem()
    with pytest.raises(JournalError) as raised:
        Home(tmp_path / "file" / "below" / "home").folder("runs")
    assert str(problem) == str(raised.value)
