"""`nbtrack export`: a pipeline as other schedulers take it."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from nbtrack.errors import UsageError
from nbtrack.exports import TARGETS, export
from nbtrack.exports.jobs import Target, plan_of
from nbtrack.pipelines.open import Wanted, open_pipeline

_SPEC = """
name: 'my "pipe" {x}'
description: 'it ends with a "'
env: [REGION]
secrets: [TOKEN]
params: {text: a}
stages:
  class:
    notebook: a.ipynb
    matrix: {m: ["x $y", "1; reboot #"]}
    outputs: {n: {value: int}}
    resources: {cpus: 0.5, memory: 1GiB}
  task: {notebook: a.ipynb, needs: [class]}
"""
_SHARED = {"image": "registry/project:1", "env": {"NBTRACK_CACHE": "s3://bucket/cache"}}


@pytest.fixture
def graph(tmp_path):
    def graph(text=_SPEC):
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")]), tmp_path / "a.ipynb")
        (tmp_path / "nbtrack.yaml").write_text(text)
        return open_pipeline(Wanted(tmp_path / "nbtrack.yaml")).graph

    return graph


def test_jobs_are_stages_with_names_that_schedulers_take_and_wait_for_what_they_need(graph):
    plan = plan_of(graph(), Target("p/nbtrack.yaml", "ci", {"text": "b c"}))
    assert [(it.name, it.slug, it.needs) for it in plan.jobs] == [
        ("class[m=x $y]", "class-m-x-y", ()),
        ("class[m=1; reboot #]", "class-m-1-reboot", ()),
        ("task", "task", ("class-m-x-y", "class-m-1-reboot")),
    ]
    assert plan.jobs[2].command == ("nbtrack", "run", "task", "--file", "p/nbtrack.yaml", "--profile", "ci", "--deliver", "-p", "text=b c")
    assert (plan.jobs[0].cpus, plan.jobs[0].memory_bytes) == (0.5, 1 << 30)


def test_slugs_are_unique_short_and_begin_with_a_letter(graph):
    plan = plan_of(graph("stages: {a: {notebook: a.ipynb, matrix: {m: [a.b, a b, " + "x" * 90 + "]}}, Ж: {notebook: a.ipynb}}"), Target("f"))
    slugs = [it.slug for it in plan.jobs]
    assert slugs[:2] == ["a-m-a-b", "a-m-a-b-2"] and slugs[3] == "stage"
    assert len(set(slugs)) == 4 and max(map(len, slugs)) <= 63


@pytest.mark.parametrize("scheduler", ["airflow", "prefect", "kfp"])
def test_python_files_are_python_and_name_what_they_read(graph, scheduler):
    text = export(graph(), scheduler, Target("nbtrack.yaml", **_SHARED))
    told = ast.get_docstring(ast.parse(text))
    assert told is not None and 'my "pipe" {x}' in told and "REGION, TOKEN" in told
    tables = {it.targets[0].id: ast.literal_eval(it.value) for it in ast.parse(text).body if isinstance(it, ast.Assign)}
    assert tables["STAGES"]["task"]["needs"] == ["class-m-x-y", "class-m-1-reboot"]
    assert tables["ENVIRONMENT"] == {"NBTRACK_CACHE": "s3://bucket/cache"}


def test_containers_need_an_image_and_a_cache_in_common(graph):
    made = graph()
    for scheduler in ("kfp", "argo"):
        with pytest.raises(UsageError, match="no image is named"):
            export(made, scheduler, Target("nbtrack.yaml"))
        with pytest.raises(UsageError, match="share no cache"):
            export(made, scheduler, Target("nbtrack.yaml", image="i"))
    with pytest.raises(UsageError, match="does not export to 'jenkins'"):
        export(made, "jenkins", Target("nbtrack.yaml"))


@pytest.mark.parametrize(("scheduler", "text"), [("airflow", "{{ ds }}"), ("kfp", "{{x}}"), ("argo", "{{x}}"), ("github", "${{ github.token }}")])
def test_what_a_scheduler_would_replace_is_refused(graph, scheduler, text):
    with pytest.raises(UsageError, match="would replace"):
        export(graph(), scheduler, Target("nbtrack.yaml", params={"text": text}, **_SHARED))


@pytest.mark.parametrize(("scheduler", "schema"), [("github", "vendor.github-workflows"), ("gitlab", "vendor.gitlab-ci")])
@pytest.mark.parametrize("facts", [{}, _SHARED])
def test_workflows_hold_against_the_platforms_schemas(graph, tmp_path, scheduler, schema, facts):
    target = tmp_path / f"{scheduler}.yml"
    target.write_text(export(graph(), scheduler, Target("sub/nbtrack.yaml", schedule="17 4 * * 1", **facts)))
    tool = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run([tool, "--builtin-schema", schema, target], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    data = yaml.safe_load(target.read_text())
    job = (data["jobs"] if scheduler == "github" else data)["task"]
    assert job["needs"] == ["class-m-x-y", "class-m-1-reboot"]
    assert ("sub/.nbtrack/cache" in json.dumps(job)) is not bool(facts)  # results go from job to job where no cache is shared
    assert "'class[m=1; reboot #]'" in target.read_text()


def test_the_command_writes_its_own_file_anew_and_no_other(graph, tmp_path):
    graph()

    def run(*words):
        code = "from nbtrack.cli import main; main()"
        return subprocess.run([sys.executable, "-c", code, "export", *words], cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run("gitlab", "--out", "ci.yml", "--env", "A=b=$c", "-p", "text=z")
    assert (done.returncode, done.stdout) == (0, "ci.yml\n"), done.stderr
    made = yaml.safe_load((tmp_path / "ci.yml").read_text())
    assert made["variables"]["A"] == "b=$$c" and made["task"]["script"] == ["nbtrack run task --file nbtrack.yaml --deliver -p text=z"]
    assert run("airflow", "--out", "dags/a.py", "--schedule", "weekly").returncode == 0
    assert "schedule='0 3 * * 1'" in (tmp_path / "dags/a.py").read_text()
    for scheduler, file in (("gitlab", "ci.yml"), ("airflow", "dags/a.py")):  # its own file is made anew
        assert run(scheduler, "--out", file).returncode == 0
    again = run("gitlab", "--out", "a.ipynb")
    assert again.returncode == 3 and "nbtrack export did not make it" in again.stderr
    bogus = run("argo", "--schedule", "bogus")
    assert bogus.returncode == 3 and "--schedule 'bogus': a time is hourly" in bogus.stderr
    wrong = run("gitlab", "--env", "A-b=c")
    assert wrong.returncode == 3 and "Write --env NAME=VALUE" in wrong.stderr
    assert set(TARGETS) <= set(run("--help").stdout.replace(",", " ").split())
