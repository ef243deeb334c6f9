"""What counts as the same, and what is said where it is not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.errors import UsageError
from nbtrack.replay.compare import Tolerance, compare_metrics, compare_outputs, compare_params, normal


def printed(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data):
    return {"output_type": "display_data", "metadata": {}, "data": {name.replace("_", "/"): value for name, value in data.items()}}


def test_equal_curves_are_equal_with_their_gaps():
    points = {"loss": [(0, 1.0), (1, math.nan), (2, math.inf)]}
    assert compare_metrics(points, {"loss": list(points["loss"]), "more": [(0, 1.0)]}, Tolerance()) == ([], [])


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ([(0, 1.0), (1, 0.5)], [(0, 1.0), (1, 0.75)], "metric loss at step 1 was 0.5, is 0.75"),
        ([(0, 1.0), (1, 0.5)], [(0, 1.0)], "metric loss was 2 points up to step 1, is 1 point at step 0"),
        ([(0, 1.0)], [(0, math.nan)], "metric loss was 1, is nan"),
        ([(0, 3.0)], None, "metric loss was 3, is missing"),
    ],
)
def test_the_first_difference_of_a_curve_is_told(before, now, told):
    [found], _ = compare_metrics({"loss": before}, {} if now is None else {"loss": now}, Tolerance())
    assert str(found) == told and not found.is_within


def test_a_difference_within_tolerance_is_told_apart_from_one_beyond():
    before, now = {"acc": [(0, 1.0), (1, 2.0)]}, {"acc": [(0, 1.0 + 1e-9), (1, 2.1)]}
    assert [it.is_within for it in compare_metrics(before, now, Tolerance())[0]] == [False]
    assert [it.is_within for it in compare_metrics(before, now, Tolerance.parse(["acc=0.1"]))[0]] == [True]
    assert [it.is_within for it in compare_metrics(before, now, Tolerance.parse(["a*=0.1"]))[0]] == [True]
    assert [it.is_within for it in compare_metrics(before, now, Tolerance.parse(["0.1"]))[0]] == [True]


def test_a_curve_that_was_sampled_by_the_clock_is_compared_where_both_have_a_point():
    before, now = {"loss": [(0, 1.0), (3, 0.5), (9, 0.1)]}, {"loss": [(0, 1.0), (4, 0.4), (9, 0.2)]}
    [found], _ = compare_metrics(before, now, Tolerance(), sampled={"loss": False})
    assert str(found) == "metric loss at step 9 was 0.1, is 0.2"
    assert compare_metrics({"loss": [(0, 1.0), (3, 0.5)]}, {"loss": [(0, 2.0), (4, 0.5)]}, Tolerance(), sampled={"loss": True}) == ([], [])


@pytest.mark.parametrize("word", ["fast", "-1", "acc=", "=0.1", "nan", "acc=x"])
def test_a_tolerance_that_is_none_is_refused(word):
    with pytest.raises(UsageError, match=r"Write --tolerance 1e-6"):
        Tolerance.parse([word])


def test_what_measures_time_or_the_machine_is_not_judged_unless_asked():
    before = {"fit_seconds": [(0, 1.0)], "system/cpu": [(0, 1.0)], "timed_out": [(0, 1.0)]}
    now = {"fit_seconds": [(0, 2.0)], "timed_out": [(0, 1.0)]}
    assert compare_metrics(before, now, Tolerance()) == ([], ["fit_seconds"])
    assert [str(it) for it in compare_metrics(before, now, Tolerance.parse(["fit_seconds=0.1"]))[0]] == ["metric fit_seconds was 1, is 2"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<__main__.Model object at 0x7f01aa>", "<__main__.Model object at 0x7fffbc00>"),
        ("12.3 ms ± 1.2 µs per loop", "9 ms ± 33 ns per loop"),
        ("CPU times: user 1.2 s, sys: 3 ms, total: 4 s\nWall time: 2.1 s", "CPU times: user 2.2 s, sys: 8 ms, total: 9 s\nWall time: 1.1 s"),
        ("took 0.12", "took 3.5e-05"),
        ("Epoch 1 loss 0.5 - 12ms/step", "Epoch 1 loss 0.5 - 9ms/step"),
        ("2026-11-25T20:33:27Z done", "2027-01-02 08:00:01.5 done"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("File /tmp/ipykernel_12/345.py, Cell In[3], line 1", "File /tmp/ipykernel_9/1.py, Cell In[14], line 1"),
        ('<div id="sk-container-id-3" class="x">', '<div id="sk-container-id-1" class="x">'),
        ("saved to /data/project/out.csv", "saved to /scratch/out.csv"),
    ],
)
def test_what_differs_from_process_to_process_is_no_difference(one, other):
    folders = ["/data/project", "/scratch"]
    assert compare_outputs([printed(one)], [printed(other)], 0, folders) == []


@pytest.mark.parametrize(("one", "other"), [("x 1", "x 2"), ("5 cats", "6 cats"), ("[1, 2]", "[1, 2, 3]"), ("yes", "no"), ("v1.2", "v1.3")])
def test_results_are_told_apart(one, other):
    [found] = compare_outputs([printed(one)], [printed(other)], 1e-6)
    assert (found.what, found.before, found.now, found.is_within) == ("output 1", one, other, False)


def test_printed_numbers_may_differ_within_tolerance():
    [found] = compare_outputs([printed("a\nloss 0.50000001, n=3")], [printed("a\nloss 0.5, n=3")], 1e-6)
    assert found.is_within and str(found) == "output 1 was loss 0.50000001, n=3, is loss 0.5, n=3"


def test_streams_are_one_however_they_came_and_stderr_is_passed_over():
    assert compare_outputs([printed("a\n"), shown(text_plain="x"), printed("b\n")], [printed("a\nb\n"), shown(text_plain="x"), printed("!", "stderr")], 0) == []


def test_errors_pictures_and_missing_outputs_are_compared():
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["at 0x1234567"]}
    assert compare_outputs([error], [{**error, "traceback": []}], 0) == []
    [found] = compare_outputs([error], [{**error, "evalue": "yes"}], 0)
    assert str(found) == "output 1 was ValueError: no, is ValueError: yes"
    [found] = compare_outputs([shown(image_png="AAAA")], [shown(image_png="AAAB")], 1)
    assert found.what == "output 1" and not found.is_within
    [found] = compare_outputs([printed("a"), shown(text_plain="x")], [printed("a")], 0)
    assert str(found) == "number of outputs (text/plain: x) was 2, is 1"


def test_the_line_of_nbtrack_is_no_output_of_the_cell():
    ours = {**shown(text_plain="✓ run"), "metadata": {"nbtrack": {}}}
    assert compare_outputs([ours], [], 0) == []


def test_params_are_compared_where_both_have_them_and_nobody_gave_them():
    assert compare_params({"f": "<function f at 0x7f01aa>", "lr": "1"}, {"f": "<function f at 0x7f02bb>", "lr": "1"}, ()) == []
    assert [str(it) for it in compare_params({"lr": "1", "n": "2", "rows": "5"}, {"lr": "3", "rows": "6"}, {"lr"})] == ["param rows was 5, is 6"]


@given(st.text())
def test_to_make_normal_twice_changes_nothing_more_and_any_text_will_do(text):
    assert compare_outputs([printed(text)], [printed(text)], 0) == []
    assert isinstance(normal(text), str)
