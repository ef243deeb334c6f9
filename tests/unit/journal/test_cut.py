"""A journal whose last record was cut at any of its bytes: all before it is there, and the run goes on."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbtrack.delivery.backlog import Backlog
from nbtrack.entities import Event, Kind, State
from nbtrack.journal import Home, RunWriter, events_of, fold, points_of
from nbtrack.journal.lines import encode
from nbtrack.journal.points import RECORD_BYTES, segments
from nbtrack.journal.writer import EVENTS

NAMES = st.sampled_from(["lr", "naïve\nname", "žluť 🦦", "a" * 60])
TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)
EVENTS_OF = {
    Kind.START: st.just({}),  # a second one says nothing
    Kind.SERIES: st.builds(lambda name, key: {"writer": "9x1", "key": key, "name": name}, NAMES, st.integers(1, 9)),
    Kind.EXACT: st.builds(lambda name, value: {"name": name, "step": 0, "value": str(value)}, NAMES, st.integers(2**53, 2**70)),
    Kind.PARAM: st.builds(lambda name, value: {"name": name, "value": value}, NAMES, TEXTS),
    Kind.TAG: st.builds(lambda name, value: {"name": name, "value": value}, NAMES, st.none() | TEXTS),
    Kind.ARTIFACT: st.builds(lambda name: {"path": f"{name}.txt", "blob": "ab" * 32, "size_bytes": 3}, NAMES),
    Kind.MODEL: st.builds(lambda name: {"name": name, "flavor": "sklearn", "class_name": "X", "params": {}, "files": {"MLmodel": ["cd" * 32, 7]}}, NAMES),
    Kind.INPUT: st.builds(lambda name: {"dataset": {"name": name}}, NAMES),
    Kind.NOTE: st.builds(lambda text: {"text": text}, TEXTS),
    Kind.NOTICE: st.builds(lambda text: {"text": text}, TEXTS),
    Kind.END: st.builds(lambda state, reason: {"state": state, "reason": reason}, st.sampled_from([State.FINISHED, State.FAILED, State.KILLED]), TEXTS),
    Kind.RESUME: st.just({"owner": ""}),
    Kind.TRASH: st.builds(lambda on: {"on": on}, st.booleans()),
}
SOME = st.lists(st.sampled_from(list(Kind)).flatmap(lambda kind: st.tuples(st.just(kind), EVENTS_OF[kind])), max_size=4)


def seen(home: Home, run_id: str) -> tuple[object, ...]:
    """All that readers have of a run."""
    return fold(home, run_id), events_of(home, run_id), list(points_of(home, run_id))


@pytest.mark.parametrize("last", list(Kind))
@given(before=SOME, data=st.data())
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_an_event_cut_at_any_byte_takes_no_other_with_it_and_the_run_is_written_on(home, begin, last, before, data):
    run = begin()
    run.log("m", 0.5, step=0)
    for kind, facts in before:
        run.event(kind, **facts)
    path = run.folder / EVENTS
    whole, without = path.read_bytes(), seen(home, run.run_id)
    line = encode(Event(last, 7, data.draw(EVENTS_OF[last])))
    path.write_bytes(whole + line)
    full = seen(home, run.run_id)
    assert len(full[1]) == len(without[1]) + 1
    for cut in range(len(line)):
        path.write_bytes(whole + line[:cut])
        assert seen(home, run.run_id) == without
        delivery = Backlog(home, run.run_id, 6000)
        delivery.read()
        later = RunWriter(home, run.run_id)
        later.event(Kind.NOTE, text="later", timestamp_ns=9)
        later.close()
        kept = full[1] if cut == len(line) - 1 else without[1]  # only its line break was missing, which the next event brings
        expected = [*kept, Event(Kind.NOTE, 9, {"text": "later"})]
        assert events_of(home, run.run_id) == expected
        delivery.read()  # it reads on from where it was
        assert [event.timestamp_ns for event, _ in delivery._pending] == [event.timestamp_ns for event in expected]
    run.close()


def test_a_start_cut_at_any_byte_is_no_run_and_harms_no_reader(home, begin):
    run = begin()
    run.close()
    path = run.folder / EVENTS
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert seen(home, run.run_id) == (None, [], [])
        delivery = Backlog(home, run.run_id, 6000)
        delivery.read()
        assert (delivery.start, delivery.has_news()) == (None, False)


@pytest.mark.parametrize("cut", range(RECORD_BYTES + 1))
def test_a_point_cut_at_any_byte_takes_no_event_and_no_other_point_with_it(home, begin, cut):
    run = begin()
    for step in range(3):
        run.log("m", 1.5 + step, step=step)
    run.event(Kind.PARAM, name="lr", value="0.1")
    run.close()
    (path,) = segments(run.folder)
    path.write_bytes(path.read_bytes()[: 3 * RECORD_BYTES + cut])
    kept = [1.5, 2.5, 3.5] if cut == RECORD_BYTES else [1.5, 2.5]
    assert [value for _, _, _, value in points_of(home, run.run_id)] == kept
    assert (fold(home, run.run_id).metrics["m"].count, fold(home, run.run_id).params) == (len(kept), {"lr": "0.1"})
    delivery = Backlog(home, run.run_id, 6000)
    delivery.read()
    assert [value for *_, batch in delivery.points() for _, value, _, _ in batch] == kept


@pytest.mark.parametrize("how_much_later", [-9, -1, 0, 1, 9])
def test_what_is_written_over_a_delivered_event_that_was_cut_off_is_sent_with_all_before_it(home, begin, how_much_later):
    run = begin()
    run.event(Kind.TAG, name="first", value="1")
    whole = (run.folder / EVENTS).stat().st_size
    run.event(Kind.TAG, name="taken", value="x" * 20)
    delivery = Backlog(home, run.run_id, 6000)
    delivery.read()
    assert delivery.parcel(up_to_end=False).tags == {"first": "1", "taken": "x" * 20}
    delivery.parcel_delivered()
    delivery.save(mlflow_run_id="m")
    with (run.folder / EVENTS).open("r+b") as file:  # the system lost its last writes with the power
        file.truncate(whole)
    run.event(Kind.TAG, name="later", value="y" * (20 + how_much_later))
    run.close()
    anew = Backlog(home, run.run_id, 6000)
    anew.read()
    assert anew.parcel(up_to_end=False).tags == {"first": "1", "later": "y" * (20 + how_much_later)}
    assert anew.cursor.mlflow_run_id == "m"
    anew.parcel_delivered()
    again = Backlog(home, run.run_id, 6000)
    again.read()
    assert not again.has_events
