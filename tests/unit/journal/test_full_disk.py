"""Disks that are full and folders that cannot be written: an error, never a dead process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack.entities import RunStart
from nbtrack.errors import JournalError
from nbtrack.journal import Home, RunWriter, fold, points_of
from nbtrack.journal.lines import read_events
from nbtrack.journal.points import segments
from tests.unit.journal.conftest import finish

POSIX = pytest.mark.skipif(os.name == "nt", reason="no resource limits here")
FILL = """
import errno, resource, sys
from pathlib import Path
from nbtrack.entities import RunStart
from nbtrack.journal import Home, RunWriter
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
run = RunWriter.create(Home(Path(sys.argv[1])), RunStart("a" * 32, "n", "e", "s", "", 1))
count = 0
try:
    while True:
        run.log("loss", count)
        count += 1
except OSError as error:
    assert error.errno in (errno.ENOSPC, errno.EFBIG), error
for _ in range(3):  # the same error each time, not one about a file left behind
    try:
        run.log("loss", -1)
    except OSError as error:
        assert error.errno in (errno.ENOSPC, errno.EFBIG), error
    else:
        raise SystemExit("logged on a full disk")
print(count, flush=True)
if sys.argv[3:]:
    sys.stdin.readline()
    run.log("loss", count)
    run.event("note", text="room again")
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    run.log("loss", count)
    run.event("note", text="room again")
"""


def check(home: Home, count: int) -> None:
    assert [value for _, _, _, value in points_of(home, "a" * 32)] == list(range(count + 1))
    assert fold(home, "a" * 32).notes == ("room again",)


@POSIX
@pytest.mark.parametrize("limit_kb", [70, 600])
def test_a_file_size_limit_is_an_error_and_logging_goes_on_when_it_is_gone(home, python, limit_kb):
    count = int(finish(python(FILL, home.root, limit_kb << 10)))
    assert count > 1000
    check(home, count)


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 1 MiB, its own and real."""
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_an_error_and_logging_goes_on_when_there_is_room(small_disk, python):
    process = python(FILL, small_disk / "state", 0, "wait")
    count = int(process.stdout.readline())
    home = Home(small_disk / "state")
    assert len(segments(home.run("a" * 32))) == 2  # what could not be had is not left behind
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    process.stdin.write("go on\n")
    finish(process)
    check(home, count)


def test_an_event_that_does_not_fit_is_an_error_and_the_next_one_is_read(small_disk):
    home = Home(small_disk / "state")
    run = RunWriter.create(home, RunStart("a" * 32, "n", "e", "s", "", 1))
    with pytest.raises(OSError, match="No space left"):
        run.event("note", text="x" * (2 << 20))
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    run.event("note", text="fits")
    run.close()
    assert fold(home, "a" * 32).notes == ("fits",)


LINE_LIMIT = """
import errno, resource, sys
from pathlib import Path
from nbtrack.entities import Event
from nbtrack.journal.lines import LineWriter, encode
path = Path(sys.argv[1])
line = encode(Event("note", 1, {"text": "one"}))
file = LineWriter(path)
file.append(Event("note", 1, {"text": "one"}))
resource.setrlimit(resource.RLIMIT_FSIZE, (len(line) + int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    file.append(Event("note", 1, {"text": "two"}))
except OSError as error:
    print(error.errno == errno.EFBIG)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
file.append(Event("note", 1, {"text": "three"}))
"""


@POSIX
@pytest.mark.parametrize("room_bytes", [0, 1, 10, 20, 40])
def test_a_line_that_fits_in_part_is_an_error_and_the_next_one_is_read(tmp_path, python, room_bytes):
    assert finish(python(LINE_LIMIT, tmp_path / "events.log", room_bytes)) == "True"
    assert [event.data["text"] for event, _ in read_events(tmp_path / "events.log")] == ["one", "three"]


def test_a_state_directory_that_is_a_file_is_refused_with_the_way_out(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(JournalError, match=r"cannot be written.*point NBTRACK_HOME to a folder that is"):
        Home(tmp_path / "state").folder("runs")


UNWRITABLE = """
import os, sys
from pathlib import Path
from nbtrack.errors import JournalError
from nbtrack.journal import Home
if os.getuid() == 0:
    os.setuid(65534)
try:
    Home(Path(sys.argv[1])).folder("runs")
except JournalError as error:
    print(error)
"""


@POSIX
def test_a_folder_that_cannot_be_written_is_refused_with_the_way_out(tmp_path, python):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    for parent in (tmp_path, *list(tmp_path.parents)[:2]):
        parent.chmod(parent.stat().st_mode | 0o011)
    said = finish(python(UNWRITABLE, closed / "state"))
    assert "Permission denied" in said and "point NBTRACK_HOME to a folder that is" in said
