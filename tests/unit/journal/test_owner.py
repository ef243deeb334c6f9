"""The owner's lock: it lives and dies with the process, whatever children do."""

from __future__ import annotations

import json
import os
import signal
import stat
import threading

import pytest

from nbtrack.errors import JournalError
from nbtrack.journal import owner as owning
from nbtrack.journal.owner import Owner, OwnerView, is_alive, why_gone
from nbtrack.system import boot_id, lock, open_private

POSIX = pytest.mark.skipif(os.name == "nt", reason="no SIGKILL and fork here")
OWN = """
import os, sys, time
from pathlib import Path
from nbtrack.journal import Home
from nbtrack.journal.owner import Owner
owner = Owner(Home(Path(sys.argv[1])))
owner.show("a" * 32)
"""


@pytest.fixture
def owner(home):
    owner = Owner(home)
    yield owner
    owner.close()


def test_a_living_owner_is_alive_until_it_closes(home, owner):
    assert is_alive(home, owner.name)
    owner.close()
    assert not is_alive(home, owner.name)
    owner.close()
    owner.show("a" * 32)  # too late to matter


@pytest.mark.parametrize("name", ["", "1-none"])
def test_nobody_is_not_alive(home, name):
    assert not is_alive(home, name)


def test_others_see_the_run_in_the_foreground(home, owner):
    view = OwnerView(home.owner(owner.name))
    assert view.current_run() == ""
    for run in ("a" * 32, "b" * 32, ""):
        owner.show(run)
        assert view.current_run() == run
    facts = view.facts()
    assert facts["pid"] == os.getpid() and facts["boot"] == boot_id()


@POSIX
def test_the_lock_dies_with_a_killed_process(home, python):
    process = python(OWN + "print(owner.name, flush=True); time.sleep(60)", home.root)
    name = process.stdout.readline().strip()
    assert is_alive(home, name)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not is_alive(home, name)
    assert OwnerView(home.owner(name)).current_run() == "a" * 32
    assert why_gone(home, name) == f"its process (pid {process.pid}) ended without ending the run"


@POSIX
def test_the_lock_dies_with_a_killed_process_whose_children_live_on(home, python):
    script = (
        OWN
        + """
import subprocess
program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
child = os.fork()
if child == 0:
    owner.show("b" * 32)  # not the child's to tell
    print(owner.name, os.getpid(), program.pid, flush=True)
    time.sleep(60)
os.waitpid(child, 0)
"""
    )
    process = python(script, home.root)
    name, *children = process.stdout.readline().split()
    try:
        assert is_alive(home, name)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for child in children:
            os.kill(int(child), 0)
        assert not is_alive(home, name)
        assert OwnerView(home.owner(name)).current_run() == "a" * 32
    finally:
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        process.communicate()


def test_an_owner_of_another_boot_went_with_the_machine(home, owner):
    owner.close()
    path = home.owner(owner.name)
    data = bytearray(path.read_bytes())
    facts = json.dumps({"pid": 7, "boot": "another", "since_ns": 1}).encode()
    data[64:] = facts.ljust(len(data) - 64, b"\0")
    path.write_bytes(data)
    if not boot_id():
        pytest.skip("this system does not tell when it started")
    assert why_gone(home, owner.name) == "the machine stopped or restarted"


@pytest.mark.parametrize("content", [None, b"", b"x" * 4096, bytes(4096)])
def test_an_owner_that_left_no_facts_just_ended(home, content):
    path = home.folder("owners") / "1-x"
    if content is not None:
        path.write_bytes(content)
    assert why_gone(home, "1-x") in ("its process ended", "its process (pid ?) ended without ending the run")


def test_in_doubt_an_owner_is_alive(home):
    (home.folder("owners") / "1-x").mkdir()  # cannot be opened for writing, not even by root
    assert is_alive(home, "1-x")


def test_an_owner_waits_for_who_only_looks(home):
    path = home.folder("owners") / "1-x"
    mine, theirs = (open_private(path, os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert lock(theirs)
    threading.Timer(0.1, os.close, [theirs]).start()
    owning._insist(mine, path)
    again = open_private(path, os.O_RDWR)
    with pytest.raises(JournalError, match=r"cannot be locked.*Point NBTRACK_HOME"):
        owning._insist(again, path)
    os.close(mine)
    os.close(again)


@POSIX
def test_only_the_user_may_read_owners(home, owner):
    assert stat.S_IMODE(home.owner(owner.name).stat().st_mode) == 0o600
