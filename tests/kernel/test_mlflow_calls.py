"""Plain MLflow calls inside a tracked cell go to its run."""

from nbtrack.entities import State


def test_mlflow_imported_in_the_cell_writes_to_its_run_and_not_to_the_next(kernel):
    reply = kernel.run("%%track one\nimport warnings; warnings.simplefilter('ignore')\nimport mlflow\nmlflow.log_metric('x', 1.5)\nmlflow.log_param('p', 'q')")
    assert reply.status == "ok", reply.traceback
    reply = kernel.run("%%track two\nmlflow.log_metric('y', 2.5)")
    assert reply.status == "ok", reply.traceback
    two, one = kernel.runs()
    assert (one.state, set(one.metrics), one.params) == (State.FINISHED, {"x"}, {"p": "q"})
    assert (two.state, set(two.metrics)) == (State.FINISHED, {"y"})
    assert kernel.run("mlflow.get_tracking_uri().startswith('nbtrack'), mlflow.active_run()").result == "(False, None)"


def test_a_users_own_start_run_joins_and_a_second_one_is_a_child(kernel):
    reply = kernel.run(
        "%%track cell\nimport warnings; warnings.simplefilter('ignore')\nimport mlflow\n"
        "with mlflow.start_run():\n    mlflow.log_metric('x', 1)\nwith mlflow.start_run(run_name='inner'):\n    mlflow.log_metric('y', 1)"
    )
    assert reply.status == "ok", reply.traceback
    views = {view.name: view for view in kernel.runs()}
    assert set(views) == {"cell", "inner"}
    assert views["inner"].start.parent == views["cell"].run_id
    assert set(views["cell"].metrics) == {"x"}


def test_runs_of_a_kernel_do_not_name_its_launcher_as_their_source(kernel):
    cell = "import warnings; warnings.simplefilter('ignore')\nimport mlflow\nmlflow.log_metric('x', 1)\nwith mlflow.start_run(run_name='inner', nested=True):\n    pass"
    assert kernel.run(f"%%track nowhere\n{cell}").status == "ok"
    kernel.run("import os; os.environ['NBTRACK_NOTEBOOK'] = '/notes/digits.ipynb'")
    assert kernel.run(f"%%track there\n{cell}").status == "ok"
    inner_there, there, inner_nowhere, nowhere = (view.tags for view in kernel.runs())
    assert "mlflow.source.name" not in {**nowhere, **inner_nowhere}
    assert there["mlflow.source.name"] == inner_there["mlflow.source.name"] == "/notes/digits.ipynb"
    assert {tags["mlflow.source.type"] for tags in (nowhere, inner_nowhere, there, inner_there)} == {"NOTEBOOK"}


def test_set_experiment_in_one_cell_holds_for_the_tracked_cells_after_it(kernel):
    kernel.run("import warnings; warnings.simplefilter('ignore')\nimport mlflow\nmlflow.set_experiment('chosen')")
    assert kernel.run("%%track\nmlflow.log_metric('x', 1)").status == "ok"
    kernel.run("%%track -e mine\npass")
    mine, chosen = kernel.runs()
    assert (chosen.start.experiment, mine.start.experiment) == ("chosen", "mine")
    assert set(chosen.metrics) == {"x"}
