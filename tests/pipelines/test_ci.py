"""`nbtrack ci` on a git repository with a base and a feature branch, as a job of GitHub Actions would run it."""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from junitparser import JUnitXml

from nbtrack import courier
from nbtrack.journal import Home
from nbtrack.magics.table import RunTable
from nbtrack.reads import all_runs

TESTS = Path(__file__).parents[1]


def load(name):
    spec = importlib.util.spec_from_file_location(f"ci_{name}", TESTS / "unit" / "ci" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


platforms, Repository = load("platforms"), load("conftest").Repository
PIPELINE = """
name: wine
params: {strength: 0.8}
gates:
  good: {kind: metric, metric: acc, threshold: 0.5}
  no worse: {kind: baseline, metric: acc, missing_baseline: pass, same_data: false}
stages:
  prepare:
    notebook: prepare.ipynb
    outputs: {rows: {value: int}}
  train:
    notebook: train.ipynb
    params: {strength: "${params.strength}", rows: "${prepare.outputs.rows}"}
    gates: [good, no worse]
"""


class Project(Repository):
    """A repository with a pipeline, and the jobs on it."""

    def __init__(self, folder):
        super().__init__(folder)
        self.git("init", "-q", "-b", "main")
        (folder / ".gitignore").write_text(".nbtrack/\nnbtrack-report/\nmlflow.db\nmlruns/\n__pycache__/\n")
        self.notebook("prepare", "import helper", "import nbtrack\nnbtrack.output('rows', helper.rows())")
        (folder / "helper.py").write_text("def rows():\n    return 10\n")
        self.notebook("train", "# parameters\nstrength = 0.0\nrows = 0", "import nbtrack\nnbtrack.log(acc=strength, other=1.0)", "print('trained on', rows)")
        self.commit("nbtrack.yaml", PIPELINE)

    def notebook(self, name, *cells):
        made = [nbformat.v4.new_code_cell(it, id=f"{name}-{at}") for at, it in enumerate(cells)]
        nbformat.write(nbformat.v4.new_notebook(cells=made), self.folder / f"{name}.ipynb")

    def ci(self, *words, **env):
        names = ("PYTEST_", "GITHUB_", "GITLAB_", "CI_")
        given = {name: value for name, value in os.environ.items() if not name.startswith(names)} | env
        command = [sys.executable, "-c", "from nbtrack.cli import main; main()", "ci", *words]
        return subprocess.run(command, cwd=self.folder, env=given, capture_output=True, text=True, check=False)

    def report(self):
        return json.loads((self.folder / "nbtrack-report" / "report.json").read_text())


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project")


@pytest.fixture
def github(tmp_path):
    made = platforms.GitHubPlatform()
    made.files = {name: str(tmp_path / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    yield made
    made.stop()


def test_a_pull_request_is_judged_told_and_decided_by_the_exit_code(project, github):
    first = project.ci()
    assert first.returncode == 0, first.stderr
    assert "no base is known; name one with --base REF" in json.dumps(project.report()) and "✓" in first.stdout
    env = github.variables() | github.files
    project.git("checkout", "-qb", "feature")
    project.git("update-ref", "refs/remotes/origin/main", "main")

    project.commit("nbtrack.yaml", PIPELINE.replace("0.8", "0.9"))
    better = project.ci("--changed-only", GITHUB_BASE_REF="main", **env)
    assert better.returncode == 0, better.stderr
    runs = {it["title"]: it for it in project.report()["runs"]}
    acc = next(it for it in runs["train"]["metrics"] if it["name"] == "acc")
    assert (acc["value"], acc["base"], acc["verdict"]) == (0.9, 0.8, "better")
    assert len(github.comments) == 1 and "better" in github.comments[0]["body"]
    assert "| acc | 0.8 | 0.9 |" in Path(github.files["GITHUB_STEP_SUMMARY"]).read_text()
    assert "passed<<" in Path(github.files["GITHUB_OUTPUT"]).read_text()
    assert (project.folder / "nbtrack-report" / "notebooks" / "train.ipynb").exists()
    assert "<!DOCTYPE html>" in (project.folder / "nbtrack-report" / "report.html").read_text()

    project.commit("nbtrack.yaml", PIPELINE.replace("0.8", "0.7"))
    worse = project.ci(GITHUB_BASE_REF="main", **env)
    assert worse.returncode == 2, worse.stderr
    assert "1 of 2 gates failed" in worse.stdout and "::error file=train.ipynb,line=1,title=train%2C gate no worse::" in worse.stdout
    assert len(github.comments) == 1 and "0.7 against 0.8, 0.1 worse" in github.comments[0]["body"].replace("\u200b", "")
    assert "passed<<" in Path(github.files["GITHUB_OUTPUT"]).read_text()


def test_a_notebook_that_fails_ends_with_1_and_is_told_at_its_cell(project, github):
    project.notebook("train", "# parameters\nstrength = 0.0\nrows = 0", "1 / 0", "later = 1")
    project.commit("more.txt")
    done = project.ci("--base", "main~1", **github.variables(), **github.files)
    assert done.returncode == 1, done.stderr
    line = 1 + [it.strip() for it in (project.folder / "train.ipynb").read_text().splitlines()].index('"1 / 0"')
    told = re.search(r"::error file=train.ipynb,line=(\d+),title=train%2C cell 2", done.stdout)
    assert told is not None and 0 < line - int(told[1]) < 10 and "ZeroDivisionError" in done.stdout, done.stdout
    suites = {suite.name: suite for suite in JUnitXml.fromfile(str(project.folder / "nbtrack-report" / "junit.xml"))}
    failing = [case for case in suites["train"] if case.is_failure]
    assert len(failing) == 1 and "1 / 0" in failing[0].result[0].text and suites["prepare"].failures == 0
    assert "ZeroDivisionError" in github.comments[0]["body"]


def test_only_what_a_change_touched_is_run_and_nothing_where_it_touched_nothing(project):
    project.git("checkout", "-qb", "feature")
    project.commit("README.md", "text")
    nothing = project.ci("--base", "main", "--changed-only")
    assert nothing.returncode == 0 and project.report()["runs"] == [], nothing.stderr
    assert "Nothing that a stage depends on changed" in project.report()["base"]
    project.commit("helper.py", "def rows():\n    return 11\n")
    done = project.ci("--base", "main", "--changed-only", "--json")
    said = json.loads(done.stdout)
    assert [it["title"] for it in said["runs"]] == ["prepare", "train"] and "the module helper.py changed (prepare)" in said["base"], done.stderr


def acc(project):
    """The metric now and of the base, and how the base was found."""
    found = project.report()
    train = next(it for it in found["runs"] if it["title"] == "train")
    metric = next(it for it in train["metrics"] if it["name"] == "acc")
    return metric["value"], metric["base"], found["base"]


def test_a_base_of_which_no_run_is_known_is_run_beside_the_users_files(project):
    project.commit("nbtrack.yaml", f"{PIPELINE}profiles:\n  ci: {{params: {{strength: 0.75}}}}\n")
    base = project.git("rev-parse", "HEAD")
    project.git("checkout", "-qb", "feature")
    project.commit("nbtrack.yaml", f"{PIPELINE}profiles:\n  ci: {{params: {{strength: 0.7}}}}\n")
    (project.folder / "mine.txt").write_text("not committed")
    worse = project.ci("--base", "main")
    assert worse.returncode == 2, worse.stdout + worse.stderr
    value, before, how = acc(project)
    assert (value, before) == (0.7, 0.75)
    assert f"made at commit {base[:8]}, where main stands, which was run for this comparison with the profile ci" in how
    assert "no run of main" in worse.stderr and (project.folder / "mine.txt").read_text() == "not committed"
    assert project.git("worktree", "list", "--porcelain").count("worktree ") == 1 and project.git("branch", "--show-current") == "feature"
    made = {it.run_id: it for it in all_runs(Home(Path(os.environ["NBTRACK_HOME"])))}
    roles = sorted((it.name, it.tags.get("nbtrack.base", "")) for it in made.values())
    assert roles == sorted((name, commit) for name in ("prepare", "train", "wine") for commit in ("", base))
    listed = repr(RunTable(list(made.values())))
    assert [listed.count(f"{name} (base)") for name in ("prepare", "train", "wine")] == [1, 1, 1] or "#2 (base)" in listed, listed

    again = project.ci("--base", "main")
    assert again.returncode == 2 and "was run for this comparison" not in acc(project)[2], again.stderr
    runs = {it["title"]: it for it in project.report()["runs"]}
    assert (
        acc(project)[:2] == (0.7, 0.75)
        and runs["train"]["gates"]
        and "was taken from the cache" in (project.folder / "nbtrack-report" / "report.md").read_text()
    )


def test_a_base_that_fails_or_has_no_pipeline_is_told_and_the_gates_decide(project):
    project.commit("helper.py", "def rows():\n    raise RuntimeError('no disk')\n")
    project.git("checkout", "-qb", "feature")
    project.commit("helper.py", "def rows():\n    return 10\n")
    done = project.ci("--base", "main")
    how = acc(project)[2]
    assert done.returncode == 0, done.stderr
    assert "was run for this comparison, without a result: RuntimeError" in how and "no disk" in how and "prepare failed" in how

    project.git("checkout", "-q", "--orphan", "other")
    project.git("rm", "-rqf", "--cached", ".")
    project.git("commit", "-qm", "nothing", "--allow-empty")
    project.git("branch", "-f", "bare")
    project.git("checkout", "-qf", "feature")
    done = project.ci("--base", "bare")
    assert done.returncode == 0 and "There is no pipeline file" in acc(project)[2], done.stderr
    done = project.ci("--base", "bare", "--no-run-base")
    assert done.returncode == 0 and "none at bare or before" in acc(project)[2]


def test_an_interrupt_while_the_base_runs_ends_with_130_and_leaves_no_worktree(project, tmp_path):
    project.commit("helper.py", "import time\n\ndef rows():\n    time.sleep(600)\n")
    project.git("checkout", "-qb", "feature")
    project.commit("helper.py", "def rows():\n    return 10\n")
    command = [sys.executable, "-c", "from nbtrack.cli import main; main()", "ci", "--base", "main"]
    with (tmp_path / "said.txt").open("w") as said:
        process = subprocess.Popen(command, cwd=project.folder, stdout=said, stderr=said)
        try:
            while "prepare: running" not in (tmp_path / "said.txt").read_text():
                assert process.poll() is None, (tmp_path / "said.txt").read_text()
                time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(200) == 130, (tmp_path / "said.txt").read_text()
        finally:
            process.kill()
    assert project.git("worktree", "list", "--porcelain").count("worktree ") == 1


def test_data_that_git_does_not_have_are_brought_to_the_base(project):
    (project.folder / ".gitignore").write_text(".nbtrack/\nnbtrack-report/\nmlflow.db\nmlruns/\n__pycache__/\ndata/\n")
    (project.folder / "data").mkdir()
    (project.folder / "data" / "rows.csv").write_text("a\n1\n")
    project.commit("nbtrack.yaml", PIPELINE.replace("notebook: prepare.ipynb", "notebook: prepare.ipynb\n    inputs: {raw: data/rows.csv}"))
    project.git("checkout", "-qb", "feature")
    project.commit("helper.py", "def rows():\n    return 11\n")
    done = project.ci("--base", "main")
    assert done.returncode == 0 and "with data/rows.csv of now, which git does not have" in acc(project)[2], done.stderr


def test_a_shallow_clone_says_how_to_fetch_the_base_and_a_push_over_history_runs_it(project, github, tmp_path):
    assert project.ci().returncode == 0
    project.git("commit", "-q", "--amend", "-m", "pushed over", "--allow-empty")  # the run's commit is in no history any more
    project.git("checkout", "-qb", "feature")
    project.commit("nbtrack.yaml", PIPELINE.replace("0.8", "0.9"))
    done = project.ci("--base", "main")
    assert done.returncode == 0 and acc(project)[:2] == (0.9, 0.8), done.stderr
    assert "run for this comparison" in acc(project)[2]

    shallow = Project.__new__(Project)
    shallow.folder = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", "--branch=feature", f"file://{project.folder}", str(shallow.folder)], check=True, capture_output=True)
    named = shallow.ci("--base", "origin/main")
    assert named.returncode == 3 and "git fetch --depth" in named.stderr, named.stderr
    done = shallow.ci(GITHUB_BASE_REF="main", **github.variables(), **github.files)
    assert done.returncode == 0, done.stderr
    assert "the clone is shallow" in acc(shallow)[2] and "git fetch --depth" in acc(shallow)[2]


def test_a_stage_without_a_run_is_told_in_every_form(project, github):
    project.commit("nbtrack.yaml", PIPELINE.replace("    notebook: train.ipynb", "    notebook: train.ipynb\n    inputs: [made.csv]"))
    project.notebook("prepare", "1 / 0")
    done = project.ci(**github.variables(), **github.files)
    assert done.returncode == 3 and "made.csv" in done.stderr
    project.commit("nbtrack.yaml", PIPELINE)
    done = project.ci(**github.variables(), **github.files)
    assert done.returncode == 1, done.stderr
    found = {it["title"]: it for it in project.report()["without_run"]}
    assert found["train"]["phase"] == "waiting" and found["train"]["why"] == "prepare failed"
    suites = {suite.name: suite for suite in JUnitXml.fromfile(str(project.folder / "nbtrack-report" / "junit.xml"))}
    assert suites["train"].skipped == 1 and suites["prepare"].failures == 1
    assert "| train | not run | prepare failed |" in github.comments[0]["body"].replace("\u200b", "")


def test_wrong_input_ends_with_3_before_anything_runs(project):
    (project.folder / "mine").mkdir()
    (project.folder / "mine" / "thesis.txt").write_text("x")
    for words, told in (
        (["--report-dir", "mine"], "holds something that is no report"),
        (["--changed-only"], "needs a base"),
        (["--changed-only", "--base", "nothing"], "knows no commit"),
        (["--base", "nothing"], "git fetch origin"),
        (["--profile", "nothing"], "nothing"),
    ):
        done = project.ci(*words)
        assert (done.returncode, told in done.stderr) == (3, True), done.stderr


def test_the_project_that_init_writes_is_green(tmp_path):
    command = [sys.executable, "-c", "from nbtrack.cli import main; main()"]
    folder = tmp_path / "wines"
    subprocess.run([*command, "init", str(folder)], check=True, capture_output=True)
    done = subprocess.run([*command, "ci"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (train,) = [it for it in json.loads((folder / "nbtrack-report" / "report.json").read_text())["runs"] if it["title"] == "train"]
    assert [it["standing"] for it in train["gates"]] == ["passed"] * 3
    assert (folder / "data" / "train.csv").exists() and len(train["metrics"]) >= 1


def test_a_store_that_cannot_be_reached_is_told_and_ends_with_4_where_all_is_good(project, tmp_path):
    home = str(tmp_path / "away")
    try:
        done = project.ci("--base", "main", "--no-run-base", NBTRACK_HOME=home, NBTRACK_DELIVERY="1", NBTRACK_TRACKING_URI="http://127.0.0.1:9")
        assert done.returncode == 4, done.stderr
        assert "looked for on this machine alone" in done.stderr and "runs are not in http://127.0.0.1:9" in done.stderr
        assert "All 2 gates let it pass" in done.stdout
    finally:
        for store in courier.known_stores(Home(Path(home))):
            courier.stop(Home(Path(home)), store)


def test_a_job_on_another_machine_finds_the_bases_run_in_the_store(project, tmp_path):
    homes = {name: str(tmp_path / name) for name in ("first", "second")}
    try:
        first = project.ci(NBTRACK_HOME=homes["first"], NBTRACK_DELIVERY="1")
        assert first.returncode == 0, first.stderr
        shutil.rmtree(project.folder / ".nbtrack")
        project.git("checkout", "-qb", "feature")
        project.commit("nbtrack.yaml", PIPELINE.replace("0.8", "0.7"))
        second = project.ci("--base", "main", NBTRACK_HOME=homes["second"], NBTRACK_DELIVERY="1")
        assert second.returncode == 2, second.stdout + second.stderr
        runs = {it["title"]: it for it in project.report()["runs"]}
        assert next(it for it in runs["train"]["metrics"] if it["name"] == "acc")["base"] == 0.8
    finally:
        for home in homes.values():
            for store in courier.known_stores(Home(Path(home))):
                courier.stop(Home(Path(home)), store)
