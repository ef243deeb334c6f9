"""Exported pipelines under the schedulers' own programs: compiled and parsed by them, and executed where they can be here."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml

from nbtrack.exports import export
from nbtrack.exports.jobs import Target
from nbtrack.journal import Home
from nbtrack.pipelines.open import Wanted, open_pipeline
from nbtrack.reads import all_runs

pytestmark = [pytest.mark.network, pytest.mark.timeout(900)]
_SPEC = """
name: adding
params: {n: 3}
secrets: [TOKEN]
stages:
  make: {notebook: make.ipynb, params: {n: "${params.n}"}, outputs: {total: {value: int}}}
  use: {notebook: use.ipynb, matrix: {by: [2, 5]}, params: {total: "${make.outputs.total}", by: "${matrix.by}"}, outputs: {product: {value: int}}}
"""
_LOCALLY = """
import runpy, sys
from kfp import local
from kfp.local.subprocess_task_handler import SubprocessTaskHandler

SubprocessTaskHandler.validate_not_container_component = lambda *_: None  # it has no containers; this machine is what the image would be
local.init(local.SubprocessRunner(use_venv=False), pipeline_root=sys.argv[2])
runpy.run_path(sys.argv[1])["pipeline"]()
"""


@pytest.fixture(scope="module")
def tool(tmp_path_factory):
    """Installs packages into an environment of their own; gives its folder of programs."""

    def tool(*packages):
        place = tmp_path_factory.mktemp("tool")
        uv = Path(sys.executable).with_name("uv")
        venv.create(place, with_pip=not uv.exists())
        python = place / "bin/python"
        install = [uv, "pip", "install", "--python", python] if uv.exists() else [python, "-m", "pip", "install"]
        subprocess.run([*install, "--quiet", *packages], check=True, capture_output=True)
        return place / "bin"

    return tool


@pytest.fixture
def project(notebook, tmp_path):
    notebook("make.ipynb", "import nbtrack\nnbtrack.output('total', sum(range(n)))", parameters="n = 1")
    notebook("use.ipynb", "import nbtrack\nnbtrack.output('product', total * by)", parameters="total = 0\nby = 1")
    (tmp_path / "nbtrack.yaml").write_text(_SPEC)

    def project(scheduler, **facts):
        return export(open_pipeline(Wanted(tmp_path / "nbtrack.yaml")).graph, scheduler, Target(str(tmp_path / "nbtrack.yaml"), **facts))

    return project


def run(*words, cwd=None, **env):
    programs = str(Path(sys.executable).parent)
    done = subprocess.run(
        words, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", **env}
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def products():
    home = Home(Path(os.environ["NBTRACK_HOME"]))
    return sorted(
        it.params["by"] + ":" + it.params["total"] for it in all_runs(home) if it.tags.get("nbtrack.stage") == "use" and not it.tags.get("nbtrack.cached_from")
    )


def test_airflow_runs_the_dag(project, tool, tmp_path):
    bin_ = tool("apache-airflow>=3")
    dags = tmp_path / "airflow/dags"
    dags.mkdir(parents=True)
    (dags / "adding.py").write_text(project("airflow", schedule="17 4 * * 1"))
    env = {"AIRFLOW_HOME": str(dags.parent), "AIRFLOW__CORE__LOAD_EXAMPLES": "false"}
    run(bin_ / "airflow", "db", "migrate", **env)
    run(bin_ / "airflow", "dags", "test", "adding", **env)
    assert products() == ["2:3", "5:3"]


def test_prefect_runs_the_flow(project, tool, tmp_path):
    bin_ = tool("prefect>=3")
    (tmp_path / "adding.py").write_text(project("prefect"))
    run(
        bin_ / "python",
        tmp_path / "adding.py",
        PREFECT_HOME=str(tmp_path / "prefect"),
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE="true",
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="300",
    )
    assert products() == ["2:3", "5:3"]


def test_kubeflows_compiler_takes_it_and_its_local_runner_runs_it(project, tool, tmp_path):
    bin_ = tool("kfp>=2", "kfp-kubernetes")
    (tmp_path / "adding.py").write_text(project("kfp", image="registry/project:1", env={"NBTRACK_CACHE": str(tmp_path / "shared")}))
    run(bin_ / "python", tmp_path / "adding.py")
    spec, platform = yaml.safe_load_all((tmp_path / "adding.yaml").read_text())
    tasks = spec["root"]["dag"]["tasks"]
    assert {name: it.get("dependentTasks", []) for name, it in tasks.items()} == {"make": [], "use-by-2": ["make"], "use-by-5": ["make"]}
    container = spec["deploymentSpec"]["executors"]["exec-use-by-2"]["container"]
    assert container["args"][:2] == ["run", "use[by=2]"] and container["env"] == [{"name": "NBTRACK_CACHE", "value": str(tmp_path / "shared")}]
    assert "TOKEN" in yaml.safe_dump(platform)
    (tmp_path / "locally.py").write_text(_LOCALLY)
    told = run(bin_ / "python", "-W", "ignore", tmp_path / "locally.py", tmp_path / "adding.py", tmp_path / "kfp", cwd=tmp_path)
    assert products() == ["2:3", "5:3"], told


def test_argos_model_takes_every_field(project, tool, tmp_path):
    bin_ = tool("hera", "pyyaml")
    for schedule, kind in (("", "Workflow"), ("17 4 * * 1", "CronWorkflow")):
        (tmp_path / "argo.yaml").write_text(project("argo", image="registry/project:1", env={"NBTRACK_CACHE": "s3://bucket/cache"}, schedule=schedule))
        code = f"from hera.workflows import {kind} as Kind; print(Kind.from_yaml(open({str(tmp_path / 'argo.yaml')!r}).read()).to_yaml())"
        # What the model does not know would be missing
        assert yaml.safe_load(run(bin_ / "python", "-W", "ignore", "-c", code)) == yaml.safe_load((tmp_path / "argo.yaml").read_text())


def test_gitlabs_jobs_run_in_their_order(project, tmp_path):
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    subprocess.run([npm, "install", "--prefix", str(tmp_path / "node"), "--no-audit", "--no-fund", "gitlab-ci-local@4"], check=True, capture_output=True)
    (tmp_path / ".gitlab-ci.yml").write_text(project("gitlab"))
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / ".gitignore").write_text("node\nhome\n.gitlab-ci-local\n.nbtrack\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["remote", "add", "origin", "https://example.org/a/b.git"], ["add", "-A"], ["commit", "-qm", "a"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    told = run(tmp_path / "node/node_modules/.bin/gitlab-ci-local", "--force-shell-executor", "--home", str(tmp_path / "gl"), cwd=tmp_path)
    # Each job has folders of its own; what it needs of another came as that one's artifact
    assert told.count("make: done") == 1 and told.count("make: cached") == 2, told
    assert all(told.count(f"use[by={by}]: done") == 1 for by in (2, 5)), told
