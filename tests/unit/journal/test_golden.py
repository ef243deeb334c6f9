"""The journal of format 1 stays readable, whatever release reads it."""

from __future__ import annotations

import importlib.util
import math
import shutil
from pathlib import Path

import pytest

from nbtrack.entities import Artifact, Kind, State
from nbtrack.journal import Home, RunWriter, attempts, blobs, cursor, events_of, fold, points_of

GOLDEN = Path(__file__).parents[2] / "golden"
_SPEC = importlib.util.spec_from_file_location("make_journal_v1", GOLDEN / "make_journal_v1.py")
maker = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(maker)
HOME = Home(GOLDEN / "journal-v1")


def test_it_folds_to_what_was_written():
    view = fold(HOME, maker.RUN)
    assert (view.run_id, view.name, view.start.experiment, view.start.store) == (maker.RUN, "bold-otter", "wine", "sqlite:///mlflow.db")
    assert (view.start.owner, view.start.parent, view.start.goal, view.start.attempt) == ("4243-0123456789ab", maker.PARENT, "max:score", 1)
    assert (view.start.started_ns, view.start.cell_key) == (maker.STARTED_NS, maker.CELL)
    assert (view.state, view.reason, view.ended_ns - maker.STARTED_NS) == (State.FAILED, "ValueError: no wine", 123_000_369)
    assert view.traceback == "Traceback (most recent call last): …"
    assert view.params == {"lr": "0.1", "note\nwith a break": "žluťoučký 🦦 \ud800", "long": "x" * 10_000}
    assert view.later_params == {"lr": ("0.2",)}
    assert view.tags == {"nbtrack.cell": "b7c1e2", "stays": "yes"}
    assert view.artifacts == (Artifact("figures/curve.svg", blobs_name(), len(maker.FIGURE)),)
    assert (view.notes, view.notices) == (("first try",), ("2 cells were out of order",))
    assert (view.is_trashed, view.is_delivered, view.mlflow_run_id) == (False, False, "f" * 32)


def blobs_name() -> str:
    (name,) = [path.stem for path in (HOME.root / "blobs").rglob("*.zst")]
    return name


def test_its_metrics_fold_to_what_was_logged():
    found = {name: (it.count, it.last_step, it.lowest, it.highest, it.best, it.best_step, it.direction) for name, it in fold(HOME, maker.RUN).metrics.items()}
    assert found == {
        "val_loss": (51, 50, 0.001, 1.0, 0.001, 50, "min"),
        "score": (51, 50, 0.0, 9.0, 9.0, 9, "max"),
        "train/größe": (1, -3, -math.inf, -math.inf, -math.inf, -3, "max"),
        "rows": (1, 0, 2.0**60, 2.0**60, 2.0**60, 0, "max"),
    }
    assert math.isnan(fold(HOME, maker.RUN).metrics["score"].last)


def test_its_points_are_all_there():
    points = list(points_of(HOME, maker.RUN))
    assert [value for name, _, _, value in points if name == "val_loss"] == [*(1.0 / (step + 1) for step in range(50)), 0.001]
    assert ("train/größe", -3, maker.STARTED_NS + 5, -math.inf) in points
    assert len(points) == 104


def test_its_events_are_all_there_but_the_torn_one():
    kinds = [event.kind for event in events_of(HOME, maker.RUN)]
    begun = ["start", "param", "param", "param", "tag", *["series"] * 4, "exact", "artifact", "input", "param", "note", "notice"]
    assert kinds == [*begun, "a kind of tomorrow", "end", "resume", "series", "trash", "trash", "end"]
    (exact,) = [event.data for event in events_of(HOME, maker.RUN) if event.kind == Kind.EXACT]
    assert int(exact["value"], 0) == 2**60 + 1


def test_its_bytes_cursor_and_attempts_are_read():
    assert blobs.get_bytes(HOME, blobs_name()) == maker.FIGURE
    known = cursor.load(HOME, maker.RUN)
    assert (known.mlflow_run_id, known.experiment_id, known.slots, known.params) == ("f" * 32, "7", {"points-4242x00000001-0.bin": 20}, {"lr": 1})
    assert attempts.of(HOME, maker.CELL) == [maker.RUN]


def test_this_release_writes_the_same_bytes(tmp_path):
    maker.make(tmp_path / "again")
    for path in HOME.root.rglob("*"):
        if path.is_file() and path.suffix not in (".zst", ".json"):  # compression and the cursor's fields may grow better
            assert (tmp_path / "again" / path.relative_to(HOME.root)).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("cut", [0, 1, 40, 200, 5000])
def test_it_can_be_continued_even_after_a_cut(tmp_path, cut):
    shutil.copytree(HOME.root, tmp_path / "home")
    home = Home(tmp_path / "home")
    path = home.run(maker.RUN) / "events.log"
    path.write_bytes(path.read_bytes()[: path.stat().st_size - cut])
    run = RunWriter(home, maker.RUN)
    run.event(Kind.RESUME, owner="")
    run.log("score", 99.0, step=51)
    run.event(Kind.END, state=State.FINISHED)
    run.close()
    view = fold(home, maker.RUN)
    assert (view.state, view.metrics["score"].best, view.metrics["score"].count) == (State.FINISHED, 99.0, 52 if cut < 5000 else view.metrics["score"].count)
