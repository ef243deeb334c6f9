"""MLflow's own API over `nbtrack+sqlite`: writes return at once, reads see them, and the real store has it all."""

from __future__ import annotations

import threading

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from nbtrack.entities import State
from nbtrack.journal import fold
from nbtrack.journal.fold import events_of
from nbtrack.reads.local import local_runs


def real_run(client, experiment, run_id):
    """The run as the real store has it."""
    found = client.get_experiment_by_name(experiment)
    (run,) = client.search_runs([found.experiment_id], f"tags.`nbtrack.run_id` = '{run_id}'")
    return run


def test_the_fluent_api_works_and_reads_see_its_writes(plugged, mlflow_of):
    mlflow.set_experiment("fluent")
    with mlflow.start_run(run_name="mine", tags={"a": "b"}, description="what it is") as active:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"depth": 3})
        mlflow.log_metrics({"loss": 0.5, "acc": 0.4}, step=3)
        mlflow.set_tag("c", "d")
        mlflow.set_tags({"e": "f", "gone": "soon"})
        mlflow.delete_tag("gone")
        for step in range(10):
            mlflow.log_metric("curve", step**2, step=step)
        live = mlflow.get_run(active.info.run_id)
        assert (live.info.status, live.data.metrics["curve"], live.data.params["depth"]) == ("RUNNING", 81.0, "3")
    seen = mlflow.get_run(active.info.run_id)
    assert (seen.info.status, seen.info.run_name, seen.data.metrics["acc"]) == ("FINISHED", "mine", 0.4)
    assert "gone" not in seen.data.tags
    points = MlflowClient().get_metric_history(active.info.run_id, "curve")
    assert [(it.step, it.value) for it in points] == [(step, float(step**2)) for step in range(10)]
    real = real_run(mlflow_of(plugged), "fluent", active.info.run_id)
    assert (real.info.run_name, real.info.status) == ("mine", "FINISHED")
    assert real.data.params == {"lr": "0.1", "depth": "3"}
    assert real.data.tags.items() >= {"a": "b", "c": "d", "e": "f", "mlflow.note.content": "what it is"}.items()
    assert real.info.run_id != active.info.run_id


def test_search_finds_own_runs_by_the_id_they_have_here(plugged):
    experiment = mlflow.set_experiment("searched")
    with mlflow.start_run() as parent:
        mlflow.log_metric("m", 1)
        with mlflow.start_run(nested=True) as child:
            mlflow.log_param("p", "x")
    found = mlflow.search_runs([experiment.experiment_id])
    assert set(found.run_id) == {parent.info.run_id, child.info.run_id}
    query = f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
    (only,) = mlflow.search_runs([experiment.experiment_id], query, output_format="list")
    assert only.info.run_id == child.info.run_id
    assert only.data.tags["mlflow.parentRunId"] == parent.info.run_id
    (named,) = mlflow.search_runs([experiment.experiment_id], f"attributes.run_id = '{parent.info.run_id}'", output_format="list")
    assert named.data.metrics == {"m": 1.0}


def test_the_client_works(plugged, mlflow_of):
    client = MlflowClient()
    experiment = client.create_experiment("by-client")
    run = client.create_run(experiment, run_name="named", tags={"k": "v"})
    run_id = run.info.run_id
    client.log_metric(run_id, "x", 1.5, timestamp=1_700_000_000_123, step=2)
    client.log_batch(run_id, [Metric("y", 2.0, 1_700_000_000_000, 0)], [Param("p", "1")], [RunTag("t", "u")])
    client.log_param(run_id, "now", "here", synchronous=False).wait()
    client.update_run(run_id, name="renamed")
    client.set_terminated(run_id, "FAILED", end_time=1_700_000_009_000)
    assert (client.get_run(run_id).info.status, client.get_run(run_id).info.run_name) == ("FAILED", "renamed")
    (point,) = client.get_metric_history(run_id, "x")
    assert (point.timestamp, point.step, point.value) == (1_700_000_000_123, 2, 1.5)
    real = real_run(mlflow_of(plugged), "by-client", run_id)
    assert (real.info.status, real.info.end_time, real.info.run_name) == ("FAILED", 1_700_000_009_000, "renamed")
    assert (real.data.params, real.data.tags["t"]) == ({"p": "1", "now": "here"}, "u")


def test_a_block_that_raises_is_failed_and_the_error_is_the_users(plugged):
    with pytest.raises(ZeroDivisionError), mlflow.start_run() as active:
        1 / 0  # noqa: B018
    assert mlflow.get_run(active.info.run_id).info.status == "FAILED"


def test_a_changed_param_is_no_error_and_the_first_value_stays(plugged, home):
    with mlflow.start_run() as active:
        mlflow.log_param("lr", 1)
        mlflow.log_param("lr", 2)
    assert mlflow.get_run(active.info.run_id).data.params == {"lr": "1"}
    assert fold(home, active.info.run_id).later_params == {"lr": ("2",)}


def test_a_run_can_be_resumed_by_its_id_here_and_by_mlflows(plugged, mlflow_of):
    mlflow.set_experiment("again")
    with mlflow.start_run() as active:
        mlflow.log_metric("m", 1, step=0)
    with mlflow.start_run(run_id=active.info.run_id):
        mlflow.log_metric("m", 2, step=1)
        assert mlflow.get_run(active.info.run_id).info.status == "RUNNING"
    assert len(MlflowClient().get_metric_history(active.info.run_id, "m")) == 2
    real = real_run(mlflow_of(plugged), "again", active.info.run_id)
    with mlflow.start_run(run_id=real.info.run_id):
        mlflow.log_metric("m", 3, step=2)
    assert len(MlflowClient().get_metric_history(real.info.run_id, "m")) == 3
    assert mlflow_of(plugged).get_run(real.info.run_id).info.status == "FINISHED"


def test_a_run_of_mlflows_own_is_continued_and_its_state_left_alone(plugged, mlflow_of, script, home, until):
    plain = mlflow_of(plugged)
    made = plain.create_run("0", run_name="elsewhere").info.run_id
    script(f"import mlflow; mlflow.MlflowClient().log_metric({made!r}, 'late', 2.0, step=1)", f"nbtrack+{plugged}")
    until(lambda: plain.get_run(made).data.metrics == {"late": 2.0})
    until(lambda: all(view.state is State.KILLED for view in local_runs(home)))  # the journal of the process that is gone
    MlflowClient().log_metric(made, "after", 1.0)
    assert MlflowClient().get_metric_history(made, "after")[0].value == 1.0
    assert plain.get_run(made).info.status == "RUNNING"
    assert plain.get_run(made).info.run_name == "elsewhere"


def test_an_unknown_run_is_refused_as_by_mlflow(plugged):
    with pytest.raises(MlflowException) as caught:
        MlflowClient().log_metric("0" * 32, "x", 1.0)
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_threads_log_to_one_run(plugged):
    client = MlflowClient()
    run_id = client.create_run("0").info.run_id

    def work(name):
        for step in range(50):
            client.log_metric(run_id, name, step, step=step)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(client.get_metric_history(run_id, f"t{n}")) for n in range(4)] == [50] * 4


def test_deleting_and_restoring_reach_the_store(plugged, mlflow_of):
    client = MlflowClient()
    experiment = client.create_experiment("trash")
    run_id = client.create_run(experiment).info.run_id
    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert client.search_runs([experiment]) == []
    assert mlflow_of(plugged).search_runs([experiment]) == []
    client.restore_run(run_id)
    assert [run.info.run_id for run in client.search_runs([experiment])] == [run_id]


def test_datasets_are_inputs_of_the_run(plugged, mlflow_of):
    mlflow.set_experiment("data")
    with mlflow.start_run() as active:
        mlflow.log_input(mlflow.data.from_numpy(np.arange(4.0), name="few"), context="training")
    (own,) = mlflow.get_run(active.info.run_id).inputs.dataset_inputs
    mlflow.search_runs(experiment_names=["data"])
    (there,) = real_run(mlflow_of(plugged), "data", active.info.run_id).inputs.dataset_inputs
    assert own.dataset.name == there.dataset.name == "few"
    assert own.dataset.digest == there.dataset.digest
    assert [(tag.key, tag.value) for tag in there.tags] == [("mlflow.data.context", "training")]


def test_a_metric_that_mlflow_would_refuse_is_found_by_its_own_name(plugged):
    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    client.log_batch(run_id, metrics=[Metric("loss@1%", 0.5, 1_700_000_000_000, 0)])
    assert [it.value for it in client.get_metric_history(run_id, "loss@1%")] == [0.5]
    assert client.get_run(run_id).data.metrics == {"loss@1%": 0.5}


def test_a_script_ends_its_open_run_and_leaves_delivery_to_it(plugged, script, until, runs_of):
    run_id = script(
        "import mlflow; run = mlflow.start_run(run_name='open'); mlflow.log_metric('x', 1); print(run.info.run_id)", f"nbtrack+{plugged}"
    )  # fmt: skip
    (real,) = until(lambda: [run for run in runs_of(plugged, run_id) if run.info.status != "RUNNING"])
    assert (real.info.status, real.info.run_name, real.data.metrics) == ("FINISHED", "open", {"x": 1.0})


def test_a_killed_script_loses_no_point_and_ends_killed(plugged, script, until, runs_of, home):
    code = """
        import mlflow, os, signal
        with mlflow.start_run() as run:
            print(run.info.run_id, flush=True)
            for step in range(1000):
                mlflow.log_metric("loss", step, step=step)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    run_id = script(code, f"nbtrack+{plugged}", check=False)
    (real,) = until(lambda: [run for run in runs_of(plugged, run_id) if run.info.status != "RUNNING"])
    assert real.info.status == "KILLED"
    assert len(MlflowClient(plugged).get_metric_history(real.info.run_id, "loss")) == 1000


def test_what_is_not_ours_goes_to_the_real_store(plugged, mlflow_of):
    client = MlflowClient()
    experiment = client.create_experiment("plain")
    client.set_experiment_tag(experiment, "k", "v")
    client.rename_experiment(experiment, "renamed")
    assert client.get_experiment(experiment).name == "renamed"
    assert client.search_experiments(filter_string="name = 'renamed'")[0].tags["k"] == "v"
    with pytest.raises(MlflowException, match="already exists"):
        client.create_experiment("renamed")
    client.delete_experiment(experiment)
    assert mlflow_of(plugged).get_experiment(experiment).lifecycle_stage == "deleted"


def test_writes_cost_no_request(plugged, home):
    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    store = client._tracking_client.store
    asked = []
    store.real, real = (lambda: asked.append(1) or real()), store.real
    try:
        for step in range(100):
            client.log_metric(run_id, "m", step, step=step)
        client.log_param(run_id, "p", 1)
        client.set_tag(run_id, "t", 1)
        client.log_text(run_id, "text", "a.txt")
        client.get_run(run_id)
        client.set_terminated(run_id)
    finally:
        del store.real
    assert asked == []
    assert events_of(home, run_id)[-1].kind == "end"
