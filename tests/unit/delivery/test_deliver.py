"""What of one run's journal arrives in a real sqlite store."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest

from nbtrack import courier
from nbtrack.courier.channel import Place
from nbtrack.entities import Kind, State
from nbtrack.journal import blobs, events_of, fold
from nbtrack.journal import cursor as cursors


def test_a_whole_run_arrives(begin, finish, deliver, the_run, store, history_of, mlflow_of):
    writer = begin(name="keen-owl", tags={"nbtrack.cell": "c1"}, attempt=3)
    writer.event(Kind.PARAM, name="lr", value="0.1")
    writer.event(Kind.TAG, name="who", value="ann")
    writer.event(Kind.TAG, name="gone", value="x")
    writer.event(Kind.TAG, name="gone", value=None)
    writer.event(Kind.NOTE, text="first")
    writer.event(Kind.NOTE, text="second")
    writer.event(Kind.INPUT, dataset={"name": "iris", "digest": "abc", "source_type": "local", "source": "{}"})
    for step in range(2500):
        writer.log("loss", 1 / (step + 1))
    finish(writer, State.FAILED, reason="ValueError: no", traceback="Traceback ...")
    cursor = deliver(writer)
    run = the_run(writer)
    assert cursor.is_done
    assert (run.info.run_name, run.info.status, run.data.params) == ("keen-owl", "FAILED", {"lr": "0.1"})
    tags = run.data.tags
    assert {name: tags[name] for name in ("nbtrack.cell", "nbtrack.attempt", "who", "mlflow.note.content", "nbtrack.reason")} == {
        "nbtrack.cell": "c1", "nbtrack.attempt": "3", "who": "ann", "mlflow.note.content": "first\n\nsecond", "nbtrack.reason": "ValueError: no",
    }  # fmt: skip
    assert "gone" not in tags
    assert history_of(store, run.info.run_id, "loss") == [(step, 1 / (step + 1)) for step in range(2500)]
    assert [file.path for file in mlflow_of(store).list_artifacts(run.info.run_id)] == ["traceback.txt"]
    assert [found.dataset.name for found in run.inputs.dataset_inputs] == ["iris"]


def test_delivering_again_from_nothing_changes_nothing(begin, finish, deliver, the_run, home, store, history_of):
    writer = begin()
    writer.event(Kind.PARAM, name="lr", value="0.1")
    for step in range(1500):
        writer.log("loss", float(step))
    finish(writer)
    first = deliver(writer)
    (home.run(writer.run_id) / "cursor.json").unlink()
    assert deliver(writer).mlflow_run_id == first.mlflow_run_id
    assert len(history_of(store, the_run(writer).info.run_id, "loss")) == 1500


def test_later_values_of_a_param_become_tags(begin, deliver, the_run):
    writer = begin()
    for value in ("1", "1", "2", "2", "1"):
        writer.event(Kind.PARAM, name="k", value=value)
    deliver(writer)
    writer.event(Kind.PARAM, name="k", value="3")
    deliver(writer)
    run = the_run(writer)
    assert run.data.params == {"k": "1"}
    assert {name: value for name, value in run.data.tags.items() if ".param." in name} == {
        "nbtrack.param.k.2": "2", "nbtrack.param.k.3": "1", "nbtrack.param.k.4": "3",
    }  # fmt: skip


@pytest.mark.parametrize("as_blob", [False, True])
def test_a_long_param_is_cut_and_kept_whole_beside(begin, deliver, the_run, home, store, mlflow_of, tmp_path, as_blob):
    writer, text = begin(), "é" * 1_000_000
    facts = {"blob": blobs.put_bytes(home, text.encode())} if as_blob else {"value": text}
    writer.event(Kind.PARAM, name="text", **facts)
    deliver(writer)
    run = the_run(writer)
    assert run.data.params["text"] == text[:6000]
    path = mlflow_of(store).download_artifacts(run.info.run_id, "nbtrack/params/text.txt", str(tmp_path))
    with open(path, encoding="utf-8") as file:
        assert file.read() == text


def test_numbers_a_float_cannot_hold(begin, deliver, the_run, store, history_of):
    writer = begin()
    for value in (2**53 + 1, float("inf"), float("-inf"), float("nan"), True):
        writer.log("x", value)
    deliver(writer)
    run = the_run(writer)
    assert json.loads(run.data.tags["nbtrack.exact.x"]) == {"0": str(2**53 + 1)}
    values = [value for _, value in history_of(store, run.info.run_id, "x")]
    assert values[1] > 1e308
    assert values[2] < -1e308
    assert math.isnan(values[3])
    assert values[4] == 1.0


def test_names_mlflow_refuses_are_renamed_and_reported_once(begin, deliver, the_run, home, store, history_of):
    writer = begin()
    for name in ("a?b", "a_b", "новое\nимя", "x" * 300):
        writer.log(name, 1.0)
    for _ in range(3):
        deliver(writer)
    run = the_run(writer)
    renamed = json.loads(run.data.tags["nbtrack.renamed"])
    assert renamed["a?b"] == "a_b"
    assert renamed["a_b"].startswith("a_b-")
    assert renamed["новое\nимя"] == "новое_имя"
    assert set(run.data.metrics) == {*renamed.values()}
    notices = [event for event in events_of(home, writer.run_id) if event.kind == Kind.NOTICE]
    assert len(notices) == 1
    assert "'a?b' 'a_b'" in notices[0].data["text"]


def test_one_refused_item_does_not_keep_the_others(begin, deliver, the_run, home, client, finish, store, mlflow_of):
    created = mlflow_of(store).create_run(client.ensure_experiment("Others"))
    mlflow_of(store).log_param(created.info.run_id, "taken", "by others")
    writer = begin(mlflow_run_id=created.info.run_id)
    for at in range(150):
        writer.event(Kind.PARAM, name=f"p{at}", value=str(at))
    writer.event(Kind.PARAM, name="taken", value="by us")
    finish(writer)
    cursor = deliver(writer)
    run = the_run(writer)
    assert cursor.is_done
    assert len(run.data.params) == 151
    assert run.data.params["taken"] == "by others"
    assert "param 'taken'" in run.data.tags["nbtrack.refused"]
    assert [notice for notice in fold(home, writer.run_id).notices if "param 'taken'" in notice]
    assert len(cursor.refusals) == 1


def test_artifacts_arrive_under_their_paths(begin, deliver, the_run, home, store, mlflow_of):
    writer = begin()
    for path, data in (("fig/a.svg", b"<svg/>"), ("fig/b.svg", b"<svg></svg>"), ("model.bin", bytes(100_000)), ("../up/c.txt", b"c")):
        writer.event(Kind.ARTIFACT, path=path, blob=blobs.put_bytes(home, data), size_bytes=len(data))
    writer.event(Kind.ARTIFACT, path="lost.txt", blob="0" * 64, size_bytes=1)
    writer.event(Kind.ARTIFACT, path="x" * 300, blob=blobs.put_bytes(home, b"x"), size_bytes=1)
    deliver(writer)
    run = the_run(writer)
    files = {file.path for folder in ("", "fig", "up") for file in mlflow_of(store).list_artifacts(run.info.run_id, folder) if not file.is_dir}
    assert files == {"fig/a.svg", "fig/b.svg", "model.bin", "up/c.txt"}
    assert "lost.txt" in run.data.tags["nbtrack.refused"]


def test_children_hang_under_their_parent(begin, deliver, the_run):
    parent = begin()
    deliver(parent)
    child = begin(parent=parent.run_id)
    orphan = begin(parent="f" * 32)
    deliver(child)
    deliver(orphan)
    assert the_run(child).data.tags["mlflow.parentRunId"] == the_run(parent).info.run_id
    assert the_run(orphan).data.tags["nbtrack.parent"] == "f" * 32


def test_strange_texts_arrive_as_far_as_databases_hold_them(begin, deliver, the_run, finish):
    writer = begin(name="a\0b\ud800", experiment="Эксперимент\n/1")
    writer.event(Kind.PARAM, name="p", value="x\0y\udfff")
    writer.event(Kind.TAG, name="t", value="z" * 9000)
    finish(writer)
    assert deliver(writer).is_done
    run = the_run(writer)
    assert run.data.params["p"] == "x\\x00y\\udfff"
    assert len(run.data.tags["t"]) == 8000


def test_dates_before_the_epoch_and_steps_at_the_border(begin, deliver, store, history_of):
    writer = begin()
    writer.log("x", 1.0, step=-(2**63), timestamp_ns=-5)
    writer.log("x", 2.0, step=2**63 - 1, timestamp_ns=0)
    cursor = deliver(writer)
    assert history_of(store, cursor.mlflow_run_id, "x") == [(-(2**63), 1.0), (2**63 - 1, 2.0)]


def test_five_thousand_names(begin, finish, deliver, the_run):
    writer = begin()
    for at in range(5000):
        writer.log(f"m/{at}", float(at))
    finish(writer)
    assert deliver(writer).is_done
    assert len(the_run(writer).data.metrics) == 5000


def test_fields_of_the_cursor_survive_a_round_trip(begin, deliver, home):
    writer = begin()
    writer.log("a?b", 1.0)
    cursor = deliver(writer)
    assert dataclasses.asdict(cursors.load(home, writer.run_id)) == dataclasses.asdict(cursor)


def test_a_notebook_kept_in_parts_arrives_whole_and_once(begin, deliver, the_run, home, store, mlflow_of, tmp_path):
    writer = begin()
    name = blobs.put_joined(home, [blobs.keep(home, part) for part in (b'{"cells":[', b"1", b",2", b"]}")])
    writer.event(Kind.ARTIFACT, path="notebook/executed.ipynb", blob=name, size_bytes=15)
    deliver(writer)
    client, run_id = mlflow_of(store), the_run(writer).info.run_id
    path = client.download_artifacts(run_id, "notebook/executed.ipynb", str(tmp_path))
    with open(path) as file:
        assert json.load(file) == {"cells": [1, 2]}
    (sent,) = (home.root.parent / "store").rglob("executed.ipynb")
    sent.write_text("untouched")
    writer.event(Kind.ARTIFACT, path="notebook/executed.ipynb", blob=name, size_bytes=15)
    deliver(writer)
    assert sent.read_text() == "untouched"
    other = blobs.put_joined(home, [blobs.keep(home, part) for part in (b'{"cells":[', b"1", b"]}")])
    writer.event(Kind.ARTIFACT, path="notebook/executed.ipynb", blob=other, size_bytes=13)
    deliver(writer)
    assert json.loads(sent.read_text()) == {"cells": [1]}


def test_a_document_that_runs_have_alike_lies_once_in_a_local_store(begin, deliver, home, store):
    Place.of(home, courier.mask_uri(store)).make()
    documents = [json.dumps({"cells": [], "metadata": {"filler": letter * 100_000}}).encode() for letter in "ab"]
    names = [blobs.put_bytes(home, it) for it in documents]
    sent = []
    for writer in (begin(), begin(), begin()):
        writer.event(Kind.ARTIFACT, path="notebook/document.ipynb", blob=names[0], size_bytes=len(documents[0]))
        writer.event(Kind.ARTIFACT, path="other/document.ipynb", blob=names[0], size_bytes=len(documents[0]))
        sent.append(Path(deliver(writer).artifact_uri.removeprefix("file://")))
    files = [it / "notebook" / "document.ipynb" for it in sent]
    assert [it.read_bytes() for it in files] == [documents[0]] * 3
    if files[0].stat().st_nlink > 1:  # a file system that clones shows nothing
        assert len({it.stat().st_ino for it in files}) == 1
    assert len({(it / "other" / "document.ipynb").stat().st_ino for it in sent}) == 3  # what is not ours alone is nobody else's, too
    writer.event(Kind.ARTIFACT, path="notebook/document.ipynb", blob=names[1], size_bytes=len(documents[1]))
    deliver(writer)
    assert [it.read_bytes() for it in files] == [documents[0], documents[0], documents[1]]


def test_a_twin_that_was_changed_or_removed_is_not_taken(begin, deliver, home, store):
    Place.of(home, courier.mask_uri(store)).make()
    document = b"x" * 100_000
    name, sent = blobs.put_bytes(home, document), []
    for number in range(3):
        writer = begin()
        writer.event(Kind.ARTIFACT, path="notebook/document.ipynb", blob=name, size_bytes=len(document))
        sent.append(Path(deliver(writer).artifact_uri.removeprefix("file://")) / "notebook" / "document.ipynb")
        assert sent[-1].read_bytes() == document
        sent[-1].write_bytes(b"y" * 100_000) if number == 0 else sent[-1].unlink()
    assert sent[0].read_bytes() == b"y" * 100_000
