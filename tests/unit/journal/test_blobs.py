"""Bytes by their content."""

from __future__ import annotations

import io
import os
import random
import stat
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbtrack.errors import JournalError
from nbtrack.journal import blobs


def files(home):
    return [path for path in (home.root / "blobs").rglob("*") if path.is_file()]


@given(st.binary(max_size=3000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_come_back_as_they_were(home, tmp_path, data):
    name = blobs.put_bytes(home, data)
    assert blobs.get_bytes(home, name) == data
    blobs.copy_to(home, name, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data


def test_the_same_bytes_lie_once(home):
    names = {blobs.put_bytes(home, b"one" * 100) for _ in range(5)} | {blobs.put(home, io.BytesIO(b"one" * 100))}
    assert len(names) == 1 and len(files(home)) == 1
    assert blobs.put_bytes(home, b"two") not in names
    assert len(files(home)) == 2


def test_two_hundred_like_texts_cost_little_more_than_their_difference(home):
    text = b"a line of a notebook\n" * 5000
    blobs.put_bytes(home, text)
    (path,) = files(home)
    assert path.stat().st_size * 100 < len(text)


def test_a_big_file_is_stored_and_copied_in_little_memory(home, tmp_path):
    chunk = random.Random(1).randbytes(1 << 20)
    with (tmp_path / "big").open("wb") as file:
        for _ in range(48):
            file.write(chunk)
    tracemalloc.start()
    with (tmp_path / "big").open("rb") as file:
        name = blobs.put(home, file)
    blobs.copy_to(home, name, tmp_path / "copy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert (tmp_path / "copy").stat().st_size == 48 << 20


@pytest.mark.parametrize("act", [blobs.get_bytes, lambda home, name: blobs.copy_to(home, name, home.root / "copy")])
def test_missing_bytes_are_a_missing_file(home, act):
    home.folder("blobs")
    with pytest.raises(FileNotFoundError):
        act(home, "0" * 64)
    assert not (home.root / "copy").exists()


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[:-9] + b"!" + data[-8:], lambda data: b"x" * 50])
def test_damaged_bytes_are_refused_and_healed_by_storing_them_again(home, damage):
    data = random.Random(2).randbytes(5000)
    name = blobs.put_bytes(home, data)
    (path,) = files(home)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(JournalError, match=rf"{name} is damaged.*Log the file again"):
        blobs.get_bytes(home, name)
    with pytest.raises(JournalError, match="damaged"):
        blobs.copy_to(home, name, home.root / "copy")
    assert not (home.root / "copy").exists()
    blobs.put_bytes(home, data)
    assert blobs.get_bytes(home, name) == data


def test_storing_again_makes_it_young_for_pruning(home):
    blobs.put_bytes(home, b"data")
    (path,) = files(home)
    os.utime(path, (1, 1))
    blobs.put_bytes(home, b"data")
    assert path.stat().st_mtime > 1


def test_a_source_that_fails_leaves_nothing_behind(home):
    class Failing(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            raise OSError("the disk was taken away")

    with pytest.raises(OSError, match="taken away"):
        blobs.put(home, Failing())
    assert files(home) == []


@pytest.mark.skipif(os.name == "nt", reason="no modes here")
def test_only_the_user_may_read_bytes(home):
    blobs.put_bytes(home, b"secret")
    for path in home.root.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_bytes_kept_in_parts_come_back_joined_and_equal_parts_lie_once(home, tmp_path):
    parts = [blobs.keep(home, data) for data in (b"head", b"a" * 1000, b"tail")]
    again = [parts[0], blobs.keep(home, b"b" * 1000), parts[2]]
    first, second = blobs.put_joined(home, parts), blobs.put_joined(home, again)
    assert blobs.get_bytes(home, first) == b"head" + b"a" * 1000 + b"tail"
    blobs.copy_to(home, second, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"head" + b"b" * 1000 + b"tail"
    assert blobs.parts_of(home, second) == again
    assert blobs.put_joined(home, parts) == first
    assert len([path for path in files(home) if path.suffix == ".zst"]) == 4


def test_a_missing_part_is_told_and_leaves_no_file(home, tmp_path):
    parts = [blobs.keep(home, b"one"), blobs.keep(home, b"two")]
    name = blobs.put_joined(home, parts)
    blobs.remove(home, parts[1])
    with pytest.raises(FileNotFoundError):
        blobs.get_bytes(home, name)
    with pytest.raises(FileNotFoundError):
        blobs.copy_to(home, name, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_keeping_what_is_there_marks_it_as_in_use(home):
    name = blobs.keep(home, b"same")
    path = home.root / "blobs" / name[:2] / f"{name}.zst"
    os.utime(path, (1, 1))
    assert blobs.keep(home, b"same") == name
    assert path.stat().st_mtime > 1
