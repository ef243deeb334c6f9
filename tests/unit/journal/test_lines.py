"""Events as checksummed lines."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.entities import Event, Kind
from nbtrack.errors import JournalError
from nbtrack.journal.lines import LineWriter, decode, encode, read_events

TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates and line breaks included
VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
DATA = st.dictionaries(TEXT.filter(lambda name: name not in ("k", "t")), VALUES, max_size=4)


def whole(value: object) -> object:
    """Two surrogates that make a pair are the character they stand for."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    if isinstance(value, dict):
        return {whole(name): whole(inner) for name, inner in value.items()}
    return [whole(inner) for inner in value] if isinstance(value, list) else value


def read(path: Path) -> list[str]:
    return [event.data["text"] for event, _ in read_events(path)]


def note(text: str) -> Event:
    return Event(Kind.NOTE, 1, {"text": text})


@given(TEXT, st.integers(-(2**63), 2**63 - 1), DATA)
def test_an_event_comes_back_as_it_was(kind, timestamp_ns, data):
    line = encode(Event(kind, timestamp_ns, data))
    assert line.startswith(b"\n") and line.endswith(b"\n") and b"\n" not in line[1:-1]
    assert decode(line[1:-1]) == Event(whole(kind), timestamp_ns, whole(data))


def test_not_a_number_and_infinity_come_back():
    back = decode(encode(Event("x", 1, {"values": [float("nan"), float("inf"), float("-inf")]}))[1:-1])
    assert str(back.data["values"]) == "[nan, inf, -inf]"


def test_what_json_cannot_hold_is_written_as_text():
    assert decode(encode(Event("x", 1, {"path": Path("a/b")}))[1:-1]).data == {"path": str(Path("a/b"))}


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_without_an_error(line):
    assert decode(line) is None


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b"{}", b'{"k":1}', b""])
def test_a_line_with_a_good_checksum_that_is_no_event_is_passed_over(body):
    assert decode(b"%08x %s" % (zlib.crc32(body), body)) is None


def test_a_torn_last_line_is_skipped_and_what_is_appended_later_is_read(tmp_path):
    last = encode(note("last"))
    for cut in range(len(last)):
        path = tmp_path / str(cut)
        path.write_bytes(encode(note("first")) + last[:cut])
        assert read(path) == ["first"]
        file = LineWriter(path)
        file.append(note("later"))
        file.close()
        assert read(path) == (["first", "later"] if cut < len(last) - 1 else ["first", "last", "later"])  # only its line break was missing


@given(st.data())
def test_a_damaged_byte_costs_at_most_one_event(data):
    texts = ["one", "two", "three", "four"]
    log = bytearray(b"".join(encode(note(text)) for text in texts))
    place = data.draw(st.integers(0, len(log) - 1))
    log[place] = data.draw(st.integers(0, 255))
    read = [event.data["text"] for line in bytes(log).split(b"\n") if (event := decode(line))]
    assert len(read) >= 3
    assert [text for text in texts if text in read] == read


def test_offsets_let_a_reader_go_on_where_it_was(tmp_path):
    path = tmp_path / "events.log"
    file = LineWriter(path)
    offsets = [0]
    for text in "abc":
        file.append(note(text))
        offsets.append(path.stat().st_size)
    assert [offset for _, offset in read_events(path)] == offsets[1:]
    assert [[event.data["text"] for event, _ in read_events(path, offset)] for offset in offsets] == [["a", "b", "c"], ["b", "c"], ["c"], []]
    file.close()


def test_a_missing_file_has_no_events(tmp_path):
    assert list(read_events(tmp_path / "none")) == []


def test_a_text_of_a_megabyte_is_kept_whole(tmp_path):
    text = "ř\n" * (1 << 19)
    file = LineWriter(tmp_path / "events.log")
    file.append(note(text))
    file.close()
    assert read(tmp_path / "events.log") == [text]


def test_a_closed_file_refuses_and_says_how_to_go_on(tmp_path):
    file = LineWriter(tmp_path / "events.log")
    file.close()
    file.close()
    other = os.open(tmp_path / "foreign", os.O_WRONLY | os.O_CREAT)  # likely gets the same number
    with pytest.raises(JournalError, match=r"closed.*Resume the run"):
        file.append(note("late"))
    os.close(other)
    assert (tmp_path / "foreign").read_bytes() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_an_error():
    file = LineWriter(Path("/dev/full"))
    with pytest.raises(OSError, match="No space left"):
        file.append(note("much"))
    file.close()


def test_the_line_is_plain_json_behind_its_checksum():
    checksum, _, body = encode(Event(Kind.TAG, 7, {"name": "a", "value": None})).strip().partition(b" ")
    assert int(checksum, 16) == zlib.crc32(body)
    assert json.loads(body) == {"k": "tag", "t": 7, "name": "a", "value": None}
