"""Writing to a real store."""

from __future__ import annotations

import threading

import pytest

from nbtrack.errors import GoneError, RefusedError, StoreUnreachableError
from nbtrack.store.client import StoreClient


@pytest.fixture
def client(store):
    return StoreClient(store)


@pytest.fixture
def run(client):
    return client.create_run(client.ensure_experiment("Trials"), name="one", start_ms=1000, tags={"nbtrack.run_id": "ab" * 16})


def test_a_run_is_found_by_its_tag_even_in_the_trash(client, run):
    assert client.find_run("ab" * 16, run.experiment_id) == run
    assert client.find_run("cd" * 16, run.experiment_id) is None
    client.delete_run(run.run_id)
    assert client.find_run("ab" * 16, run.experiment_id).is_trashed
    client.restore_run(run.run_id)
    assert not client.get_run(run.run_id).is_trashed


def test_experiments_made_at_once_are_one(store, mlflow_of):
    ids = []
    threads = [threading.Thread(target=lambda: ids.append(StoreClient(store).ensure_experiment("Race"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 4
    assert len(set(ids)) == 1


def test_a_deleted_experiment_is_taken_out_of_the_trash(store, mlflow_of):
    first = StoreClient(store).ensure_experiment("Again")
    mlflow_of(store).delete_experiment(first)
    assert StoreClient(store).ensure_experiment("Again") == first
    assert mlflow_of(store).get_experiment(first).lifecycle_stage == "active"


def test_a_batch_arrives_and_may_be_repeated(client, run, store, mlflow_of, history_of):
    for _ in range(2):
        client.log_batch(run.run_id, [("loss", 0.5, 1000, 0), ("loss", float("nan"), 1001, 1)], [("lr", "0.1")], [("who", "ann")])
    found = mlflow_of(store).get_run(run.run_id)
    assert found.data.params == {"lr": "0.1"}
    assert found.data.tags["who"] == "ann"
    assert [step for step, _ in history_of(store, run.run_id, "loss")] == [0, 1]


def test_a_changed_param_is_refused(client, run):
    client.log_batch(run.run_id, params=[("lr", "0.1")])
    with pytest.raises(RefusedError, match="It stays in the journal"):
        client.log_batch(run.run_id, params=[("lr", "0.2")])


def test_a_tag_is_taken_off_and_a_missing_one_is_fine(client, run, store, mlflow_of):
    client.log_batch(run.run_id, tags=[("who", "ann")])
    client.delete_tag(run.run_id, "who")
    client.delete_tag(run.run_id, "who")
    assert "who" not in mlflow_of(store).get_run(run.run_id).data.tags


def test_a_missing_run_is_gone(client):
    with pytest.raises(GoneError):
        client.get_run("0" * 32)


def test_dataset_inputs_arrive(client, run, store, mlflow_of):
    client.log_input(
        run.run_id, {"dataset": {"name": "iris", "digest": "d" * 50, "source_type": "local", "source": {"uri": "x.csv"}}, "tags": {"context": "train"}}
    )
    [found] = mlflow_of(store).get_run(run.run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest) == ("iris", "d" * 36)
    assert [(tag.key, tag.value) for tag in found.tags] == [("context", "train")]


def test_a_run_ends_and_goes_on(client, run, store, mlflow_of):
    client.set_terminated(run.run_id, "FAILED", 5000)
    info = mlflow_of(store).get_run(run.run_id).info
    assert (info.status, info.end_time) == ("FAILED", 5000)
    client.set_running(run.run_id)
    assert mlflow_of(store).get_run(run.run_id).info.status == "RUNNING"


def test_a_dead_server_is_unreachable(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(StoreUnreachableError, match="tries again"):
        StoreClient("http://127.0.0.1:9").ensure_experiment("x")


def test_an_unknown_scheme_is_named():
    with pytest.raises(StoreUnreachableError, match="nonsense"):
        StoreClient("nonsense://x").ensure_experiment("x")
