"""Secrets on their way from the journal to a real sqlite store."""

from __future__ import annotations

import json

import nbformat
import pytest

from nbtrack import courier
from nbtrack.delivery.backlog import Backlog
from nbtrack.delivery.deliver import Delivery
from nbtrack.delivery.sync import allow_secrets, sync
from nbtrack.entities import Kind, State
from nbtrack.errors import SecretError
from nbtrack.journal import blobs, fold
from nbtrack.journal import cursor as cursors
from nbtrack.store.client import StoreClient

TOKEN = "gh" + "p_" + "aB3" * 12
PASSWORD = "hunter2" + "b"
STRICT = {"nbtrack.secrets": "strict"}


@pytest.fixture
def deliver(home, store):
    def deliver(writer):
        Delivery(StoreClient(store), lambda run_id: cursors.load(home, run_id).mlflow_run_id).deliver(Backlog(home, writer.run_id, 6000))

    return deliver


@pytest.fixture
def keep(home):
    """Keeps bytes as an artifact of a run."""

    def keep(writer, path, data):
        writer.event(Kind.ARTIFACT, path=path, blob=blobs.put_bytes(home, data), size_bytes=len(data))

    return keep


@pytest.fixture
def all_of(store, runs_of, mlflow_of, tmp_path):
    """The one MLflow run of a writer and, by path, the bytes of its artifacts."""

    def all_of(writer):
        [run] = runs_of(store, writer.run_id)
        folder = tmp_path / "got"
        folder.mkdir(exist_ok=True)
        mlflow_of(store).download_artifacts(run.info.run_id, "", str(folder))
        return run, {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    return all_of


def fill(writer, keep):
    """A secret in every place a run has."""
    writer.event(Kind.PARAM, name="db_password", value=PASSWORD)
    writer.event(Kind.PARAM, name="lr", value="0.1")
    writer.event(Kind.PARAM, name="config", value="x" * 5990 + f" {TOKEN}")
    writer.event(Kind.TAG, name="uri", value=f"postgresql://ann:{PASSWORD}@db/wine")
    writer.event(Kind.NOTE, text=f"used {TOKEN}")
    writer.event(Kind.INPUT, dataset={"name": "wine", "digest": "abc", "source_type": "sql", "source": json.dumps({"uri": f"mysql://ann:{PASSWORD}@db/x"})})
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f'token = "{TOKEN}"', id="c")])
    keep(writer, "notebook/executed.ipynb", nbformat.writes(book).encode())
    keep(writer, "streams/stdout.txt", f"one\nlogged in with {TOKEN}\n{PASSWORD}\n".encode())
    keep(writer, "git/diff.patch", f"+API_KEY={TOKEN}\n".encode())
    keep(writer, "weights.bin", b"\x00" + TOKEN.encode())
    keep(writer, "model/MLmodel", b"flavors: {}\n")
    keep(writer, "model/vocabulary.txt", TOKEN.encode())
    keep(writer, "clean.txt", b"nothing\r\nhere\xff")


def test_no_secret_reaches_the_store_and_each_is_listed_by_kind_and_place(begin, finish, deliver, keep, all_of, home):
    writer = begin(name=f"fit-{TOKEN}", tags={"nbtrack.cell": "c1", "token": TOKEN})
    fill(writer, keep)
    finish(writer, State.FAILED, reason=f"ValueError: {TOKEN}", traceback=f"Traceback\n  password = '{PASSWORD}'\n")
    deliver(writer)
    run, files = all_of(writer)
    leaked = [
        path for path, data in files.items() if (TOKEN.encode() in data or PASSWORD.encode() in data) and path not in ("weights.bin", "model/vocabulary.txt")
    ]
    assert leaked == []
    facts = str((run.data.params, run.data.tags, run.info.run_name, [it.dataset.source for it in run.inputs.dataset_inputs]))
    assert TOKEN[:12] not in facts
    assert PASSWORD not in facts
    assert (run.data.params["db_password"], run.data.params["lr"]) == ("***", "0.1")
    assert run.data.tags["uri"] == "postgresql://ann:***@db/wine"
    assert files["streams/stdout.txt"] == b"one\nlogged in with ***\n***\n"
    assert files["clean.txt"] == b"nothing\r\nhere\xff"
    listed = [(it["kind"], it["place"]) for it in json.loads(run.data.tags["nbtrack.masked"])]
    assert ("Password", "param db_password") in listed
    staying = {("GitHub Token", "weights.bin, where it stays"), ("GitHub Token", "model/vocabulary.txt, where it stays")}
    assert staying <= set(listed) and files["model/vocabulary.txt"] == TOKEN.encode()
    assert ("GitHub Token", "notebook/executed.ipynb cell 1 source line 1") in listed
    assert {"param config", "tag uri", "note", "a dataset input", "tag nbtrack.reason", "traceback line 2", "git/diff.patch line 1", "the run's name"} <= {
        place for _, place in listed
    }
    view = fold(home, writer.run_id)
    assert view.params["db_password"] == PASSWORD
    assert any(text.startswith("Struck out on the way to MLflow: ") for text in view.notices)
    assert any("weights.bin; GitHub Token in model/vocabulary.txt" in text and text.startswith("Sent to MLflow with secrets in it") for text in view.notices)
    assert TOKEN not in str(view.notices)


def test_what_was_struck_out_is_told_once(begin, finish, deliver, home, all_of):
    writer = begin()
    writer.event(Kind.PARAM, name="token", value=TOKEN)
    deliver(writer)
    writer.event(Kind.TAG, name="api_key", value=TOKEN)
    finish(writer)
    deliver(writer)
    deliver(writer)
    run, _ = all_of(writer)
    assert [it["place"] for it in json.loads(run.data.tags["nbtrack.masked"])] == ["param token", "tag api_key"]
    assert len(fold(home, writer.run_id).notices) == 2


def test_off_sends_everything_and_allowed_kinds_and_values_pass(begin, finish, deliver, all_of, home, keep, runs_of, store):
    from nbtrack.secrets.policy import allow_text

    off = begin(tags={"nbtrack.secrets": "off"})
    fill(off, keep)
    finish(off)
    deliver(off)
    run, files = all_of(off)
    assert run.data.params["db_password"] == PASSWORD
    assert TOKEN.encode() in files["streams/stdout.txt"]
    some = begin(tags={"nbtrack.secrets.allow": allow_text([PASSWORD])})
    fill(some, keep)
    finish(some)
    deliver(some)
    [run] = runs_of(store, some.run_id)
    assert run.data.params["db_password"] == PASSWORD
    assert TOKEN not in str(run.data.params)


def test_a_strict_run_with_a_secret_is_not_sent_and_says_why(begin, finish, deliver, home, store, runs_of, keep):
    writer = begin(tags=STRICT)
    keep(writer, "streams/stdout.txt", f"hello\n{TOKEN}".encode())
    writer.log("loss", 1.0)
    finish(writer)
    for _ in range(2):
        with pytest.raises(SecretError, match=r"GitHub Token in streams/stdout\.txt line 2") as caught:
            deliver(writer)
    assert "nbtrack.secrets=mask" in caught.value.mend
    assert runs_of(store, writer.run_id) == []
    view = fold(home, writer.run_id)
    assert not view.is_delivered
    assert [text for text in view.notices if "holds secrets" in text and TOKEN not in text] == list(view.notices)
    assert len(view.notices) == 1


def test_a_strict_run_whose_model_holds_a_secret_is_not_sent(begin, finish, deliver, store, runs_of, home):
    writer = begin(tags=STRICT)
    pickle = b"\x80\x04\x95" + b"api_key\x94\x8c" + TOKEN.encode() + b"\x94."
    writer.event(
        Kind.MODEL, name="net", files={"MLmodel": [blobs.put_bytes(home, b"flavors: {}"), 11], "model.pkl": [blobs.put_bytes(home, pickle), len(pickle)]}
    )
    finish(writer)
    with pytest.raises(SecretError, match=r"GitHub Token in models/net/model\.pkl"):
        deliver(writer)
    assert runs_of(store, writer.run_id) == []


def test_a_strict_run_without_secrets_is_sent_and_one_that_gets_one_later_still_ends(begin, finish, deliver, store, runs_of, history_of):
    writer = begin(tags=STRICT)
    writer.event(Kind.PARAM, name="lr", value="0.1")
    writer.log("loss", 1.0)
    deliver(writer)
    writer.event(Kind.PARAM, name="password", value=PASSWORD)
    writer.log("loss", 2.0)
    finish(writer, State.FAILED)
    with pytest.raises(SecretError):
        deliver(writer)
    [run] = runs_of(store, writer.run_id)
    assert (run.info.status, run.data.params) == ("FAILED", {"lr": "0.1"})
    assert history_of(store, run.info.run_id, "loss") == [(0, 1.0)]


@pytest.mark.parametrize("mend", ["mask", "allow"])
def test_a_held_run_is_sent_once_it_is_mended(begin, finish, home, store, settings, runs_of, mend):
    writer = begin(tags=STRICT)
    writer.event(Kind.PARAM, name="password", value=PASSWORD)
    finish(writer)
    report = sync(home, settings)
    assert (report.delivered, report.waiting, type(report.problems[store])) == ([], [writer.run_id], SecretError)
    if mend == "mask":
        writer.event(Kind.TAG, name="nbtrack.secrets", value="mask")
    else:
        allow_secrets(home, [PASSWORD])
    assert sync(home, settings).delivered == [writer.run_id]
    [run] = runs_of(store, writer.run_id)
    assert run.data.params["password"] == ("***" if mend == "mask" else PASSWORD)
    assert cursors.load(home, writer.run_id).held == ""


def test_the_process_holds_a_strict_run_delivers_others_and_takes_it_up_when_mended(begin, finish, home, store, settings, runs_of, until):
    held, other = begin(tags=STRICT), begin()
    held.event(Kind.PARAM, name="password", value=PASSWORD)
    finish(held)
    finish(other)
    courier.announce(home, store, settings)
    until(lambda: runs_of(store, other.run_id))
    until(lambda: held.run_id in courier.status(home, store)["held_runs"])
    with pytest.raises(SecretError):
        courier.flush(home, store, held.run_id, 30)
    held.event(Kind.TAG, name="nbtrack.secrets", value="mask")
    courier.wake(home, store)
    until(lambda: runs_of(store, held.run_id))
