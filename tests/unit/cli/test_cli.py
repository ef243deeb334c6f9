"""The nbtrack command, as a process would run it."""

import json
import os
import subprocess
import sys

import pytest

import nbtrack


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.chdir(tmp_path)
    for lr in (0.1, 0.5):
        with nbtrack.track(f"fit-{lr}", params={"lr": lr}):
            nbtrack.log(acc=lr * 2)
    return tmp_path


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", "from nbtrack.cli import main; main()", *words], capture_output=True, text=True, check=False)


def test_runs_lists_and_filters(folder):
    assert "fit-0.1" in command("runs").stdout
    assert [run["name"] for run in json.loads(command("runs", "lr>0.2", "--json").stdout)] == ["fit-0.5"]


def test_a_wrong_name_in_a_filter_is_told(folder):
    told = "No run matches acx>0.9: no run has acx. Did you mean acc?"
    assert told in command("runs", "acx>0.9").stdout
    for_programs = command("runs", "acx>0.9", "--json")
    assert (json.loads(for_programs.stdout), for_programs.returncode) == ([], 0)
    assert told in for_programs.stderr


def test_a_variable_that_is_no_setting_is_told(folder, monkeypatch):
    monkeypatch.setenv("NBTRACK_QUIT", "1")
    said = command("runs", "--json")
    assert "Did you mean NBTRACK_QUIET?" in said.stderr
    assert len(json.loads(said.stdout)) == 2


def test_show_tells_all_of_one_run(folder):
    assert "lr" in command("show", "fit-0.1").stdout
    assert json.loads(command("show", "fit-0.1", "--json").stdout)["metrics"]["acc"]["last"] == 0.2


def test_log_adds_to_an_ended_run_and_names_it(folder):
    assert "fit-0.1" in command("log", "fit-0.1", "f1=0.25").stdout
    assert nbtrack.run("fit-0.1").metrics["f1"].last == 0.25
    wrong = command("log", "fit-0.1", "f1=high")
    assert wrong.returncode == 3
    assert "Write nbtrack log RUN acc=0.93" in wrong.stderr


def test_rm_and_unrm(folder):
    assert json.loads(command("rm", "fit-0.1", "--json").stdout)["is_trashed"] is True
    assert "fit-0.1" not in command("runs").stdout
    command("unrm", "fit-0.1")
    assert "fit-0.1" in command("runs").stdout


def test_an_unknown_run_ends_with_code_3_and_the_nearest_name(folder):
    wrong = command("show", "fit-0.2")
    assert wrong.returncode == 3
    assert "Did you mean" in wrong.stderr


def test_doctor_makes_no_database(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = command("doctor")
    assert told.returncode == 0 and "mlflow.db is not there yet; the first run makes it" in " ".join(told.stdout.split()), told.stdout
    assert not list(tmp_path.rglob("mlflow.db"))


def test_sync_delivers_and_doctor_finds_all_well(folder):
    before = command("doctor")
    assert before.returncode == 1
    assert "Run nbtrack sync" in before.stdout
    done = json.loads(command("sync", "--wait", "--json").stdout)
    assert (len(done["delivered"]), done["waiting"], done["problems"]) == (2, [], {})
    after = command("doctor")
    assert after.returncode == 0, after.stdout
    assert "0 runs not fully delivered" in after.stdout
    assert "2 runs; delivered ones stay for 30 days here, then in MLflow alone" in after.stdout
    assert "MLflow takes nbtrack+ URIs" in after.stdout
    with nbtrack.track("now") as run:
        assert f"pid {os.getpid()} (run {run.run_id[:8]})" in " ".join(command("doctor").stdout.split())


def test_a_store_that_does_not_answer_ends_with_code_4(folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with nbtrack.track("nowhere"):
        pass
    failed = command("sync")
    assert failed.returncode == 4
    assert "127.0.0.1:9" in failed.stderr


def test_diff_shows_what_changed_in_each_form(folder):
    text = command("diff", "fit-0.1", "fit-0.5").stdout
    assert "lr" in text and "0.1" in text and "better" in text
    assert "| lr |" in command("diff", "fit-0.1", "fit-0.5", "--md").stdout
    assert "<table>" in command("diff", "fit-0.1", "fit-0.5", "--html").stdout
    assert json.loads(command("diff", "fit-0.1", "fit-0.5", "--json").stdout)["params"] == [{"name": "lr", "a": "0.1", "b": "0.5"}]
    assert command("diff", "fit-0.1", "nothing").returncode == 3
    assert nbtrack.diff("fit-0.1", "fit-0.5").diff.metrics[0].verdict == "better"


def test_compare_prints_writes_and_tells_what_is_wrong(folder):
    text = command("compare").stdout
    assert "2 runs; fit-0.5 has the highest acc, 1." in text
    assert "**1**" in command("compare", "--md").stdout
    assert command("compare", "lr<0.3", "--csv").stdout.count("fit-") == 1
    assert json.loads(command("compare", "fit-0.1", "fit-0.5", "--group", "lr", "--json").stdout)["statistics"]["groups"][0]["label"] == "lr=0.5"
    assert command("compare", "--png", "runs.png").stdout.strip() == "runs.png"
    assert (folder / "runs.png").read_bytes().startswith(b"\x89PNG")
    assert "> runs.md" in command("compare", "--md", "runs.md").stderr
    wrong = command("compare", "lr<")
    assert (wrong.returncode, "at character 4" in wrong.stderr) == (3, True)
    assert "Did you mean 'acc'" in command("compare", "--metric", "ac").stderr
    assert command("compare", "--html", "runs.html").stdout.strip() == "runs.html"
    assert 'id="nbtrack-data"' in (folder / "runs.html").read_text()
    with nbtrack.track("falls"):
        for step in range(8):
            nbtrack.log(loss=8 - step, step=step)
    falls = next(line for line in command("compare", "falls").stdout.splitlines() if "falls" in line)
    assert "█" in falls and "▁" in falls


def test_a_narrow_window_keeps_names_short_and_metrics_in_sight(folder, monkeypatch):
    with nbtrack.track("a name of " + "x" * 300, params={f"param_{at}": "y" * 30 for at in range(20)}):
        nbtrack.log(acc=0.9)
    monkeypatch.setenv("COLUMNS", "80")
    lines = command("compare").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "acc" in lines[0] and "0.9" in next(line for line in lines if "a name of xxx" in line)


def test_a_run_travels_by_commands_and_is_restored_where_it_arrives(folder, tmp_path, monkeypatch):
    with nbtrack.track("kept") as run:
        nbtrack.log(acc=0.75)
        run.artifact_bytes("notebook/executed.ipynb", b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    assert command("bundle", "kept", "out.zip").returncode == 0
    wrong = command("bundle", "kept", "out.zip")
    assert wrong.returncode == 3 and "Give another name" in wrong.stderr
    monkeypatch.setenv("NBTRACK_HOME", str(tmp_path / "there"))
    arrived = json.loads(command("import", "out.zip", "--json").stdout)
    assert (arrived["is_new"], arrived["run_id"], arrived["metrics"]["acc"]["last"]) == (True, run.run_id, 0.75)
    assert "was here already" in command("import", "out.zip").stdout
    assert json.loads(command("restore", "kept", "--json").stdout)["path"] == str(folder / "notebook-kept-executed.ipynb")
    assert (folder / "notebook-kept-executed.ipynb").exists()
    wrong = command("restore", "kept", "--recipe", "--env")
    assert wrong.returncode == 3 and "one thing at a time" in wrong.stderr
    assert command("restore", "kept", "--data").stdout == "The run recorded no data.\n"


def test_a_run_that_cannot_be_reproduced_ends_with_code_2(folder):
    done = command("reproduce", "fit-0.1")
    assert done.returncode == 2 and "not runnable" in done.stdout
    assert nbtrack.run("fit-0.1").tags["nbtrack.verdict"] == "not runnable"


def test_runs_says_that_the_journal_cannot_be_there(folder, monkeypatch):
    (folder / "file").touch()
    monkeypatch.setenv("NBTRACK_HOME", str(folder / "file" / "home"))
    done = command("runs")
    assert done.stdout == "No runs can be read.\n"
    assert "file/home cannot be written: Not a directory." in done.stderr and "NBTRACK_HOME" in done.stderr
    assert "NBTRACK_HOME" in command("runs", "--json").stderr
