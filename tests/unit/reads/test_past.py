"""One view of the journal's runs and of those that the store alone has, from an index that lies there."""

from __future__ import annotations

import dataclasses
import sqlite3
import time

import pytest

from nbtrack import courier, settings
from nbtrack.charts.run_page import RunPage
from nbtrack.courier import acts
from nbtrack.courier.channel import Place, write_private
from nbtrack.delivery.index import FILE, Index
from nbtrack.entities import Kind, State
from nbtrack.entities.stored import StoredMetric, StoredRun
from nbtrack.errors import DeliveryError, UnknownRunError, UsageError
from nbtrack.journal import cursor
from nbtrack.magics.table import RunTable
from nbtrack.reads import act, all_runs, find, words
from nbtrack.reads.diff import diff_runs
from nbtrack.reads.fresh import freshness, told
from nbtrack.reads.newest import newest

HOUR_MS = 3_600_000


@pytest.fixture
def masked(store):
    return courier.mask_uri(store)


@pytest.fixture
def in_force(monkeypatch, store):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    monkeypatch.setenv("NBTRACK_DELIVERY", "no")  # what the index says is all there is


@pytest.fixture
def index_of(home):
    """The index of a store, for writing what delivery would have."""
    opened = []

    def index_of(uri):
        place = Place.of(home, courier.mask_uri(uri))
        place.make()
        write_private(place.uri, courier.mask_uri(uri).encode())
        opened.append(Index(place.folder / FILE))
        return opened[-1]

    yield index_of
    for index in opened:
        index.close()


@pytest.fixture
def index(index_of, store, in_force):
    return index_of(store)


def stored(number, name, **facts):
    """A run that began `number` hours after the epoch."""
    plain = StoredRun(f"{number:032x}", name, "Default", State.FINISHED, number * HOUR_MS, number * HOUR_MS + 5000, False)
    return dataclasses.replace(plain, **facts)


def names(views):
    return [view.name for view in views]


def test_runs_of_the_store_and_of_the_journal_are_one_list_newest_first(home, index, begin, finish):
    finish(begin(name="mine"))
    index.put([stored(1, "theirs", params={"lr": "0.1"}), stored(2, "later", tags={"owner": "ana"})], 1)
    views = all_runs(home)
    assert names(views) == ["mine", "later", "theirs"]
    assert [view.is_local for view in views] == [True, False, False]
    assert views[2].params == {"lr": "0.1"}
    assert names(all_runs(home, "lr=0.1 or tag:owner=ana")) == ["later", "theirs"]


def test_the_newest_runs_are_those_of_both_and_the_others_are_counted(home, index, begin, finish):
    index.put([stored(1, "oldest"), stored(2, "trashed", is_trashed=True), stored(3, "older"), stored(4, "old")], 1)
    finish(begin(name="mine"))
    found, others = newest(home, 2, 60)
    assert (names(found), others) == (["mine", "old"], 2)
    assert (names(newest(home, 9, 60)[0]), newest(home, 9, 60)[1]) == (names(all_runs(home)), 0)


def test_a_run_that_the_journal_has_is_told_as_the_journal_has_it(home, index, begin, finish):
    writer = begin(name="mine")
    finish(writer)
    cursor.save(home, writer.run_id, cursor.Cursor(mlflow_run_id="e" * 32, is_done=True))
    index.put([stored(1, "as the store has it", mlflow_run_id="e" * 32), stored(2, "by tag", tags={"nbtrack.run_id": writer.run_id})], 1)
    assert names(all_runs(home)) == ["mine"]


def test_a_run_that_mlflow_made_and_we_wrote_to_is_told_as_the_store_has_it(home, index, begin, finish):
    guest = begin(name="mlflow-eeeeeeee", mlflow_run_id="e" * 32)
    guest.log("loss", 0.5, 0)
    assert names(all_runs(home)) == ["mlflow-eeeeeeee"]  # as long as nothing else tells of it
    index.put([stored(1, "theirs", mlflow_run_id="e" * 32, params={"lr": "0.1"})], 1)
    [view] = all_runs(home)
    assert (view.name, view.params) == ("theirs", {"lr": "0.1"})


def test_a_pruned_run_keeps_its_id_attempt_and_words(home, index):
    tags = {
        "nbtrack.run_id": "a" * 32, "nbtrack.attempt": "3", "nbtrack.goal": "min:score", "nbtrack.notebook": "/n/train.ipynb", "nbtrack.cell_id": "c1",
        "nbtrack.param.lr.2": "0.2", "nbtrack.reason": "KeyboardInterrupt", "mlflow.note.content": "a note", "nbtrack.stamp": "yes", "owner": "ana",
    }  # fmt: skip
    metrics = {"score": StoredMetric(0.5, 9, 0.25, 4, 0.75, 0, 10), "acc": StoredMetric(0.9, 3)}
    index.put([stored(1, "train", params={"lr": "0.1"}, tags=tags, metrics=metrics, state=State.KILLED)], 1)
    view = find(home, "train#3")
    assert (view.run_id, view.start.attempt, view.start.goal, view.reason) == ("a" * 32, 3, "min:score", "KeyboardInterrupt")
    assert view.params == {"lr": "0.1"}
    assert view.later_params == {"lr": ("0.2",)}
    assert view.notes == ("a note",)
    assert view.tags["owner"] == "ana"
    assert (view.metrics["score"].best, view.metrics["score"].best_step, view.metrics["score"].direction) == (0.25, 4, "min")
    assert (view.metrics["acc"].last, view.metrics["acc"].best, view.metrics["acc"].count) == (0.9, 0.9, -1)
    assert words.stamp(view) == "reproducible: yes"


def test_a_word_means_a_run_of_the_store_by_name_id_or_first_letters(home, index):
    index.put([stored(1, "base"), stored(2, "base"), stored(0xABCD, "other", mlflow_run_id="abcd" * 8)], 1)
    assert find(home, "base").mlflow_run_id == f"{2:032x}"
    assert find(home, "abcd").name == "other"
    assert find(home, "last").name == "other"
    with pytest.raises(UnknownRunError, match="2 runs begin with"):
        find(home, "0000")


def test_another_store_is_looked_into_for_a_run_that_the_one_in_force_does_not_have(home, index, index_of, tmp_path):
    other = index_of(f"sqlite:///{tmp_path}/other.db")
    other.put([stored(1, "elsewhere")], 1)
    index.put([stored(2, "here")], 1)
    assert names(all_runs(home)) == ["here"]
    assert find(home, "elsewhere").start.store == f"sqlite:///{tmp_path}/other.db"


def test_after_the_store_was_switched_the_runs_of_the_new_one_are_listed(home, index, index_of, tmp_path, monkeypatch):
    other = f"sqlite:///{tmp_path}/other.db"
    index_of(other).put([stored(1, "there")], 1)
    index.put([stored(2, "here")], 1)
    assert names(all_runs(home)) == ["here"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", other)
    assert names(all_runs(home)) == ["there"]


def test_a_child_of_the_store_knows_its_parent_by_the_id_used_here(home, index):
    index.put([stored(1, "parent", tags={"nbtrack.run_id": "b" * 32}), stored(2, "child", tags={"mlflow.parentRunId": f"{1:032x}"})], 1)
    assert find(home, "child").start.parent == "b" * 32


def test_show_table_and_diff_take_runs_of_the_store(home, index, tmp_path):
    index.put([stored(1, "one", params={"lr": "0.1"}, metrics={"acc": StoredMetric(0.5, 0)}), stored(2, "two", params={"lr": "0.2"})], 1)
    one, two = find(home, "one"), find(home, "two")
    assert "0.1" in repr(RunPage(home, one))
    assert "0.5" in repr(RunTable([one, two]))
    assert [(it.name, it.a, it.b) for it in diff_runs(home, one, two, tmp_path).params] == [("lr", "0.1", "0.2")]


def test_trash_is_left_out_unless_asked_for(home, index):
    index.put([stored(1, "kept"), stored(2, "gone", is_trashed=True)], 1)
    assert names(all_runs(home)) == ["kept"]
    assert names(all_runs(home, with_trash=True)) == ["gone", "kept"]


def test_what_was_asked_to_be_changed_is_read_at_once_and_waits_in_order(home, index, masked):
    index.put([stored(1, "old", tags={"owner": "ana", "mlflow.note.content": "first"}), stored(2, "other")], 1)
    assert act.rename(home, "old", "  new   name ").name == "new name"
    act.tag(home, "new name", {"stage": "prod", "bad name$": 3})
    act.untag(home, "new name", ["owner"])
    act.note(home, "new name", "second")
    act.trash(home, "other")
    view = find(home, "new name")
    assert view.tags == {"stage": "prod", "bad name_": "3"}
    assert view.notes == ("first\n\nsecond",)
    assert names(all_runs(home)) == ["new name"]
    asked = [one for _, one in acts.waiting(Place.of(home, masked))]
    assert [(it.name, it.tags, it.trash) for it in asked] == [
        ("new name", {}, None), (None, {"stage": "prod", "bad name_": "3"}, None), (None, {"owner": None}, None),
        (None, {"mlflow.note.content": "first\n\nsecond"}, None), (None, {}, True),
    ]  # fmt: skip
    act.restore(home, f"{2:032x}")
    assert names(all_runs(home)) == ["other", "new name"]


def test_a_secret_in_a_tag_does_not_reach_the_queue(home, index):
    index.put([stored(1, "run")], 1)
    act.tag(home, "run", {"password": "correct-horse-battery"})
    assert find(home, "run").tags == {"password": "***"}
    assert b"correct-horse" not in b"".join(path.read_bytes() for path in home.root.rglob("*") if path.is_file())


def test_runs_of_the_journal_are_changed_in_the_journal(home, begin, finish, in_force):
    writer = begin(name="old", attempt=4)
    finish(writer)
    act.rename(home, "old", "best")
    act.tag(home, "best", {"owner": "ana", "stage": "prod"})
    act.untag(home, "best", ["owner"])
    act.note(home, "best", "good")
    view = act.trash(home, "best")
    assert (view.run_id, view.is_trashed, view.notes) == (writer.run_id, True, ("good",))
    assert (view.tags["stage"], "owner" in view.tags, view.tags["mlflow.runName"]) == ("prod", False, "best")
    assert words.title(view) == "best"
    assert not act.restore(home, "best").is_trashed
    with pytest.raises(UsageError, match="needs a name"):
        act.rename(home, "best", "  ")


def test_metrics_are_not_added_to_a_run_of_the_store_and_the_mend_says_how(home, index):
    index.put([stored(1, "theirs")], 1)
    with pytest.raises(UsageError, match=r"mlflow\.start_run\(run_id"):
        act.writing(home, find(home, "theirs"))


def test_what_a_run_of_the_store_kept_is_asked_of_delivery_and_the_mend_says_how(home, index, tmp_path):
    from nbtrack.replay.bundle import pack
    from nbtrack.replay.restore import restore

    index.put([stored(1, "theirs")], 1)
    view = find(home, "theirs")
    for ask in (lambda: restore(home, view, "env"), lambda: restore(home, view, "recipe"), lambda: pack(home, view, tmp_path / "run.zip")):
        with pytest.raises(DeliveryError, match="Track a cell"):
            ask()


def test_a_diff_with_a_run_of_the_store_tells_no_data_as_removed(home, index, begin, finish, tmp_path):
    writer = begin(name="mine")
    writer.event(Kind.INPUT, dataset={"dataset": {"name": "iris", "digest": "1"}})
    finish(writer)
    index.put([stored(1, "theirs", metrics={"loss": StoredMetric(1.0, 3, 0.5, 1, 2.0, 0, 4)})], 1)
    found = diff_runs(home, find(home, "mine"), find(home, "theirs"), tmp_path)
    assert found.data == ()
    assert [(it.name, it.b) for it in found.metrics] == [("loss", 1.0)]


def test_stale_data_is_told_with_its_age(home, index, masked):
    index.put([stored(1, "a")], 1)
    index.note(as_of_ms=1_000_000, reached_ms=1_000_000, is_complete=1, problem="Connection refused.", problem_ms=2_000_000)
    found = freshness(home)
    assert (found.as_of_ms, found.seen_runs, found.is_complete) == (1_000_000, 1, True)
    assert told(found) == f"{masked} could not be read since {words.when(1_000_000_000_000)}: Connection refused."
    assert names(all_runs(home)) == ["a"]
    index.note(problem="")
    assert told(freshness(home)) == ""


def test_a_store_that_was_never_looked_at_has_no_index_and_is_not_made(home, monkeypatch, tmp_path):
    from nbtrack.reads.fresh import refresh_first

    missing = tmp_path / "nowhere" / "mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{missing}")
    assert refresh_first(home, settings.load()).as_of_ms == 0
    assert all_runs(home) == []
    assert not missing.parent.exists()
    assert courier.known_stores(home) == []


@pytest.mark.parametrize("content", [b"", b"garbage" * 999], ids=["empty", "garbage"])
def test_an_index_that_cannot_be_read_is_passed_over(home, index, masked, begin, finish, content):
    index.close()
    (Place.of(home, masked).folder / FILE).write_bytes(content)
    finish(begin(name="mine"))
    assert names(all_runs(home)) == ["mine"]
    assert freshness(home).as_of_ms == 0


def test_many_runs_are_cut_in_the_table_and_the_note_says_so(home, index):
    index.put([stored(at, f"run-{at}") for at in range(250)], 1)
    table = RunTable(all_runs(home), "The store does not answer.")
    assert (len(table), len(table.rows)) == (250, 200)
    assert table.note == "The newest 200 of 250 runs are shown; a filter finds others. The store does not answer."
    assert table.note in table._repr_html_()
    assert repr(table).endswith(table.note)


def test_a_run_of_the_journal_is_folded_again_when_it_was_written_to(home, begin, finish, in_force):
    writer = begin(name="mine", started_ns=time.time_ns() - 10**13)
    writer.log("acc", 0.5, 0)
    writer.event(Kind.END, timestamp_ns=time.time_ns() - 10**12, state=State.FINISHED)
    writer.close()
    [first] = all_runs(home)
    assert all_runs(home)[0] is first
    act.tag(home, "mine", {"k": "v"})
    assert all_runs(home)[0].tags["k"] == "v"


def test_reading_needs_no_mlflow_and_no_pandas(home, index, store, tmp_path):
    import subprocess
    import sys

    index.put([stored(1, "a", params={"lr": "0.1"}, metrics={"m": StoredMetric(1.0, 0)})], 1)
    code = (
        "import sys\nfrom pathlib import Path\nfrom nbtrack.journal import Home\nfrom nbtrack.reads import all_runs\n"
        f"home = Home(Path({str(home.root)!r}))\nassert all_runs(home, 'm>0')\n"
        "print([name for name in ('mlflow', 'pandas', 'sqlalchemy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_the_index_lets_others_read_while_it_is_written(home, index, masked):
    index.put([stored(1, "a")], 1)
    index._db.execute("begin immediate")
    index._db.execute("update runs set name = 'half-written'")
    assert names(all_runs(home)) == ["a"]
    index._db.rollback()
    with sqlite3.connect(Place.of(home, masked).folder / FILE) as database:
        assert database.execute("pragma journal_mode").fetchone() == ("wal",)
    database.close()
