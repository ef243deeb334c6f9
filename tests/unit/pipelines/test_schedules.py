"""When schedules run, and what is written for cron, systemd and CI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from nbtrack.errors import SpecError, UsageError
from nbtrack.pipelines.load import load
from nbtrack.pipelines.schedules import manage
from nbtrack.pipelines.schedules.when import when
from nbtrack.pipelines.schedules.write import files_of

PIPELINE = """
    params: {rows: 1}
    profiles: {prod: {params: {rows: 2}}}
    schedules:
      retrain: weekly
      refresh: {when: "0 */6 * * *", stages: [a], profile: prod, params: {rows: 3}}
    stages:
      a: {notebook: a.ipynb}
"""
COMMAND = [sys.executable, "-m", "nbtrack", "schedule"]


@pytest.fixture
def schedule(write):
    """`schedule("retrain")`: one of the pipeline above."""
    loaded = load(write(PIPELINE, a=""))
    return lambda name="retrain", at="": manage.schedule_of(loaded, name, at)


@pytest.mark.parametrize(
    ("text", "cron", "calendar"),
    [
        ("weekly", "0 3 * * 1", ("Mon *-*-* 03:00:00",)),
        ("Mon 03:30", "30 3 * * 1", ("Mon *-*-* 03:30:00",)),
        ("mon-fri at 7:05", "5 7 * * 1-5", ("Mon,Tue,Wed,Thu,Fri *-*-* 07:05:00",)),
        ("23:59", "59 23 * * *", ("*-*-* 23:59:00",)),
        ("*/15 0-6/2 1,15 jan-mar *", "*/15 0-6/2 1,15 1-3 *", ("*-1..3-1,15 0..6/2:0/15:00",)),
        ("0 0 */2 */3 0,7", "0 0 */2 */3 0,7", ("*-1/3-1/2 00:00:00", "Sun *-1/3-* 00:00:00")),
        ("monthly", "0 3 1 * *", ("*-*-1 03:00:00",)),
    ],
)
def test_a_time_is_read_and_said_in_the_words_of_cron_and_systemd(text, cron, calendar):
    found = when(text)
    assert (found.cron, found.calendar()) == (cron, calendar)
    if shutil.which("systemd-analyze"):
        for it in calendar:
            subprocess.run(["systemd-analyze", "calendar", it], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sometimes", "a time is hourly, daily"),
        ("60 3 * * 1", "'60' is no minute; it is from 0 to 59"),
        ("0 3 * * mun", "'mun' is no day of the week; it is from 0 to 7, or a name"),
        ("0 5-3 * * *", "'5-3' is no hour: it ends before it begins"),
        ("*/0 * * * *", "its step is 0"),
        ("0 3 * * 1;", "'1;' is no day of the week; write"),
    ],
)
def test_what_is_no_time_is_told_with_what_would_be(text, told, write):
    with pytest.raises(ValueError, match=told):
        when(text)
    with pytest.raises(SpecError, match=r"schedules\.x"):
        load(write(f"schedules: {{x: {json.dumps(text)}}}\nstages: {{a: {{notebook: a.ipynb}}}}"))


def test_a_schedule_names_what_is_there(opened):
    with pytest.raises(SpecError) as caught:
        opened(PIPELINE.replace("stages: [a]", "stages: [b]").replace("profile: prod", "profile: prd").replace("{rows: 3}", "{row: 3}"), a="")
    told = [text for _, _, text in caught.value.problems]
    assert len(told) == 3 and any("stage 'b' that is not there" in it for it in told) and any("Did you mean 'prod'" in it for it in told)


def test_a_crontab_keeps_what_is_the_users_and_has_a_schedule_once(schedule):
    users = "MAILTO=me\n0 1 * * * backup\n"
    once = manage.with_block(users, schedule())
    assert once.startswith(users) and manage.with_block(once, schedule()) == once
    other = manage.with_block(once, schedule("refresh"))
    assert manage.without_block(manage.without_block(other, schedule()), schedule("refresh")) == users
    assert manage.with_block("no newline", schedule()).startswith("no newline\n# Written by")
    cut = once.replace(once.splitlines()[-1] + "\n", "")
    assert manage.without_block(cut, schedule()) == cut  # its end is gone: what follows may be the user's


def test_the_line_for_cron_runs_the_schedule_in_a_folder_of_any_name(write, tmp_path, monkeypatch):
    folder = tmp_path / "50% of $HOME's"
    folder.mkdir()
    file = write(PIPELINE, a="").rename(folder / "nbtrack.yaml")
    (written,) = files_of(manage.schedule_of(load(file), "retrain"), "cron")
    _, line, _ = written.text.splitlines()
    minute_to_week, command = line.split(" ", 5)[:5], line.split(" ", 5)[5]
    assert minute_to_week == ["0", "3", "*", "*", "1"] and "%" not in command.replace("\\%", "")
    (folder / ".nbtrack" / "schedules").mkdir(parents=True)
    program = shutil.which("crontab")
    if program and "dry run" in subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stderr:  # of cron itself
        (tmp_path / "table").write_text(written.text)
        subprocess.run([program, "-n", str(tmp_path / "table")], check=True, capture_output=True)
    subprocess.run(["sh", "-c", command.replace("\\%", "%")], check=False)  # as cron does it
    log = (folder / ".nbtrack" / "schedules" / "retrain.log").read_text()
    assert f"retrain of {file}" in log and "no notebook" in log  # that is beside the file's first place


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_accepts_the_units(write, tmp_path):
    folder = tmp_path / "a 50% $x"
    folder.mkdir()
    file = write(PIPELINE, a="").rename(folder / "nbtrack.yaml")
    units = files_of(manage.schedule_of(load(file), "refresh"), "systemd")
    for it in units:
        (tmp_path / it.path.name).write_text(it.text)
    done = subprocess.run(["systemd-analyze", "verify", "--user", *(str(tmp_path / it.path.name) for it in units)], capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if "nbtrack-" in line]
    assert said == [], said


def test_ci_files_are_what_their_schemas_want(schedule):
    (github,) = files_of(schedule(), "github")
    (gitlab,) = files_of(schedule(), "gitlab")
    assert yaml.safe_load(github.text)[True]["schedule"] == [{"cron": "0 3 * * 1"}]
    assert yaml.safe_load(gitlab.text)["nbtrack-retrain"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule" && $NBTRACK_SCHEDULE == "retrain"'}]
    for it, kind in ((github, "vendor.github-workflows"), (gitlab, "vendor.gitlab-ci")):
        it.path.parent.mkdir(parents=True, exist_ok=True)
        it.path.write_text(it.text)
        done = subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", kind, str(it.path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_nothing_is_installed_without_being_asked_and_files_of_others_stay(schedule, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
    (path,), told = manage.add(schedule(), "cron", install=False)
    assert path == tmp_path / ".nbtrack" / "schedules" / "retrain.cron" and "Nothing runs yet" in told
    with pytest.raises(UsageError, match=r"no crontab here\. Install cron"):
        manage.add(schedule(), "cron", install=True)
    workflow = tmp_path / ".github" / "workflows" / "nbtrack-retrain.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("name: mine\n")
    with pytest.raises(UsageError, match="did not write it for 'retrain'"):
        manage.add(schedule(), "github", install=False)
    assert manage.remove(schedule()) == [str(path)] and workflow.read_text() == "name: mine\n"
    with pytest.raises(UsageError, match=r"no schedule .retrian.\. Did you mean .retrain."):
        schedule("retrian")


CRONTAB = """#!/bin/sh
table="$CRONTAB_OF_TEST"
if [ "$1" = -l ]; then cat "$table" 2>/dev/null || { echo "no crontab for test" >&2; exit 1; }; else cat > "$table"; fi
"""


def test_a_schedule_comes_into_the_crontab_and_out_of_it(write, tmp_path, monkeypatch):
    """The tests must not change the crontab of whoever runs them, so `crontab` is a program that keeps a file."""
    file = write(PIPELINE, a="")
    program = tmp_path / "bin" / "crontab"
    program.parent.mkdir()
    program.write_text(CRONTAB)
    program.chmod(0o755)
    table = tmp_path / "table"
    env = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "CRONTAB_OF_TEST": str(table)}

    def call(*words):
        done = subprocess.run([*COMMAND, *words, "--file", str(file)], capture_output=True, text=True, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "schedule run retrain" in call("add", "retrain", "--print") and not table.exists() and not (tmp_path / ".nbtrack").exists()
    call("add", "retrain", "--install")
    call("add", "retrain", "--when", "daily", "--install")
    assert [line.split(" ", 5)[:5] for line in table.read_text().splitlines() if not line.startswith("#")] == [["0", "3", "*", "*", "*"]]
    (first, second) = json.loads(call("ls", "--json"))
    assert (first["name"], first["places"]) == ("retrain", [str(Path(file).parent / ".nbtrack" / "schedules" / "retrain.cron"), "crontab"])
    assert (second["name"], second["places"]) == ("refresh", [])
    assert "took retrain away: crontab" in call("rm", "retrain")
    assert table.read_text() == ""
