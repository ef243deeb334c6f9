"""What differs between operating systems."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nbtrack import system

POSIX = pytest.mark.skipif(os.name == "nt", reason="no modes, forks and SIGKILL here")


@pytest.fixture
def fd(tmp_path):
    fd = system.open_private(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield fd
    os.close(fd)


def wait_for(path: Path) -> str:
    for _ in range(600):
        if path.exists() and (text := path.read_text()).endswith("\n"):
            return text.strip()
        time.sleep(0.05)
    raise AssertionError(f"{path} was not written")


def test_a_lock_is_had_once(tmp_path, fd):
    path = tmp_path / "file"
    assert not system.is_locked(path)
    assert system.lock(fd)
    assert system.is_locked(path)
    other = system.open_private(path, os.O_RDWR)
    assert not system.lock(other)
    os.close(other)
    assert system.is_locked(path)


@POSIX
def test_a_shared_lock_is_had_by_many_and_keeps_out_who_wants_it_alone(tmp_path, fd):
    other, third = (system.open_private(tmp_path / "file", os.O_RDWR) for _ in range(2))
    assert system.lock(fd, is_shared=True) and system.lock(other, is_shared=True)
    assert not system.lock(third)
    for it in (other, third):
        os.close(it)


def test_asking_takes_no_lock_and_a_missing_file_has_none(tmp_path, fd):
    assert not system.is_locked(tmp_path / "file")
    assert system.lock(fd)
    assert not system.is_locked(tmp_path / "none")
    assert not (tmp_path / "none").exists()


@POSIX
def test_with_too_many_open_files_a_lock_is_not_thought_gone(tmp_path, fd):
    script = """
import resource, sys
from pathlib import Path
from nbtrack.system import is_locked
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
print(is_locked(Path(sys.argv[1])))
"""
    assert system.lock(fd)
    found = subprocess.run([sys.executable, "-c", script, str(tmp_path / "file")], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.strip() == "True"


def test_reserved_space_is_real_and_zero(tmp_path, fd):
    system.reserve(fd, 3 << 20)
    status = os.fstat(fd)
    assert status.st_size == 3 << 20
    if hasattr(status, "st_blocks"):
        assert status.st_blocks * 512 >= 3 << 20
    assert (tmp_path / "file").read_bytes() == bytes(3 << 20)


@POSIX
def test_space_is_reserved_where_the_system_has_no_call_for_it(tmp_path, fd, monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    system.reserve(fd, (2 << 20) + 5)
    assert os.fstat(fd).st_size == (2 << 20) + 5


@POSIX
def test_space_that_is_not_there_is_an_error():
    with Path("/dev/full").open("r+b", buffering=0) as full, pytest.raises(OSError):
        system.reserve(full.fileno(), 1 << 20)


@POSIX
def test_files_and_folders_are_the_users_alone(tmp_path):
    before = os.umask(0)
    try:
        folder = system.make_private_folder(tmp_path / "a")
        os.close(system.open_private(folder / "file", os.O_WRONLY | os.O_CREAT))
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "file").stat().st_mode) == 0o600
    assert system.make_private_folder(folder) == folder


@POSIX
def test_children_do_not_inherit_files(fd):
    assert not os.get_inheritable(fd)


@POSIX
def test_every_forked_child_is_told():
    script = """
import os
from nbtrack.system import after_fork_in_child
told = []
after_fork_in_child(lambda: told.append(os.getpid()))
pid = os.fork()
if pid == 0:
    os._exit(0 if told == [os.getpid()] else 1)
print(os.waitpid(pid, 0)[1], told)
"""
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True).stdout.strip() == "0 []"


DETACHED = """
import os, sys, time
from nbtrack.system import leave_parent
leave_parent()
print("spoke", flush=True)
open(sys.argv[1], "w").write(f"{os.getpid()} {os.getcwd()} {os.environ['COLOUR']} {os.getsid(0) != int(sys.argv[2])} {sys.stdin.read()!r}\\n")
time.sleep(60)
"""
STARTER = """
import os, signal, sys
from pathlib import Path
from nbtrack.system import start_detached
script, folder = sys.argv[1], Path(sys.argv[2])
start_detached([sys.executable, "-c", script, str(folder / "told"), str(os.getsid(0))], env={"COLOUR": "red"}, log=folder / "log", cwd=folder)
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("no child", flush=True)
os.killpg(0, signal.SIGKILL)
"""


@POSIX
def test_a_detached_process_outlives_its_starter_and_its_terminals_signals(tmp_path):
    starter = [sys.executable, "-c", STARTER, DETACHED, str(tmp_path)]
    found = subprocess.run(starter, capture_output=True, text=True, timeout=60, start_new_session=True, check=False)
    assert (found.returncode, found.stdout) == (-signal.SIGKILL, "no child\n"), found.stderr
    pid, _, told = wait_for(tmp_path / "told").partition(" ")
    pid = int(pid)
    try:
        assert told == f"{tmp_path} red True ''"
        os.kill(pid, 0)
        assert (tmp_path / "log").read_text() == "spoke\n"
        assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600
    finally:
        os.kill(pid, signal.SIGKILL)


def test_the_boot_has_a_name_that_stays():
    assert system.boot_id() == system.boot_id()
    if sys.platform == "linux":
        assert len(system.boot_id()) == 36


def test_a_folder_can_be_made_durable(tmp_path):
    system.sync_folder(tmp_path)


def test_the_interpreter_is_this_environments():
    assert Path(system.python()).parent == Path(sys.executable).parent


def test_what_is_above_a_folder_comes_nearest_first(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    for folder in (tmp_path, below):
        (folder / "mark").touch()
    assert [path for path in system.upwards(below, "mark") if path.is_relative_to(tmp_path)] == [below / "mark", tmp_path / "mark"]
    assert [path for path in system.upwards(below.parent, "mark") if path.is_relative_to(tmp_path)] == [tmp_path / "mark"]
    assert list(system.upwards(below, "no such mark anywhere")) == []
