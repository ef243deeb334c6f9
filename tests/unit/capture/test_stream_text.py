"""A stream as a screen shows it, within its cap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.capture.stream_text import StreamText


def shown(*pieces, cap=1_000_000):
    text = StreamText(cap)
    for piece in pieces:
        text.write(piece, 0)
    return text.text()


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("a\nb\n", "a\nb\n"),
        ("10%\r50%\r100%\n", "100%\n"),
        ("long line\rshort", "shortline"),
        ("long line\r\x1b[Kshort", "short"),
        ("dos\r\nline\r\n", "dos\nline\n"),
        ("abc\x08\x08X", "aXc"),
        ("outer 0\n\rinner 0\x1b[A\router 1\n\rinner 1\x1b[A\n\n", "outer 1\ninner 1\n"),
        ("\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"),
        ("\x1b[9Aup from the top", "up from the top"),
        ("one\x1b[2Bthree", "one\n\n   three"),
        ("", ""),
    ],
)
def test_controls_are_obeyed(written, seen):
    assert shown(written) == seen
    assert shown(*written.partition("%")) == seen


def test_a_progress_bar_of_many_writes_leaves_its_last_state():
    assert shown(*(f"\r{step}%|{'#' * (step // 10)}" for step in range(101)), "\n") == "100%|##########\n"


@given(st.lists(st.text(st.sampled_from("ab\n\r\x08é"), max_size=30), max_size=30))
def test_how_a_text_is_cut_into_writes_does_not_matter(pieces):
    assert shown(*pieces) == shown("".join(pieces))


@given(st.lists(st.text(st.sampled_from("ab\n"), max_size=200), max_size=60))
def test_plain_text_below_the_cap_stays_as_it_is(pieces):
    assert shown(*pieces, cap=1 << 20) == "".join(pieces)


@given(st.lists(st.text(st.sampled_from("abc\n"), max_size=300), max_size=60), st.integers(2, 400))
def test_beyond_the_cap_head_and_tail_stay_and_the_gap_says_how_much_is_gone(pieces, cap):
    whole, text = "".join(pieces), StreamText(cap)
    for piece in pieces:
        text.write(piece, 0)
    seen = text.text()
    if not text.is_cut:
        assert seen == whole
        return
    head, _, rest = seen.partition("\n[")
    count, _, tail = rest.partition(" characters left out]\n")
    if "[" not in whole:
        assert whole.startswith(head)
        assert whole.endswith(tail)
        assert len(head) + int(count) + len(tail) == len(whole)


def test_two_hundred_megabytes_and_a_line_without_end_stay_small():
    text = StreamText()
    for _ in range(200):
        text.write("x" * 1_000_000, 0)
    text.write("\nlast\n", 0)
    assert text.size == 200_000_006
    assert len(text.text()) < 1_200_000
    assert text.text().endswith("x\nlast\n")


def test_many_long_lines_stay_small():
    text = StreamText()
    for _ in range(100):
        text.write("x" * 300_000 + "\n", 0)
    assert len(text.text()) < 1_200_000


def test_times_tell_the_line_a_piece_began_at_and_stay_few():
    text = StreamText()
    text.write("first\nsec", 10)
    text.write("ond\nthird\n", 20)
    assert text.times == [(0, 10), (1, 20)]
    for step in range(10_000):
        text.write(f"{step}\n", step)
    assert len(text.times) <= 512
    assert text.times[0] == (0, 10)
