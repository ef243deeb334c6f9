"""The housing example as pull requests: one that changes nothing of the model's worth, and one that makes it worse."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("housing_repository", ROOT / "tests" / "unit" / "ci" / "conftest.py")
MODULE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MODULE)


@pytest.mark.timeout(900)
def test_a_good_pull_request_is_green_and_a_regression_is_caught_with_its_reason(tmp_path):
    folder = tmp_path / "housing"
    shutil.copytree(ROOT / "examples" / "housing", folder, ignore=shutil.ignore_patterns(".nbtrack", "build", "mlruns", "mlflow.db", "nbtrack-report"))
    repository = MODULE.Repository(folder)
    (folder / ".gitignore").write_text("build/\n.nbtrack/\nnbtrack-report/\nmlflow.db\nmlruns/\n__pycache__/\n")
    repository.git("init", "-q", "-b", "main")
    repository.commit("NOTES.md", "Sales of May 2008.\n")
    repository.git("checkout", "-qb", "feature")

    def ci():
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GITHUB_", "CI_"))}
        command = [sys.executable, "-c", "from nbtrack.cli import main; main()", "ci", "--changed-only", "--base", "main", "--jobs", "2"]
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=800)
        return done, {it["title"]: it for it in json.loads((folder / "nbtrack-report" / "report.json").read_text())["runs"]}

    features = (folder / "features.py").read_text()
    repository.commit("features.py", features.replace('"""Numbers scaled', '"""Numbers are scaled'))
    done, runs = ci()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [it["standing"] for it in runs["evaluate"]["gates"]] == ["passed", "passed"]
    assert "All 2 gates let it pass" in done.stdout and "which was run for this comparison with the profile ci" in done.stdout
    page = (folder / "nbtrack-report" / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 1 and "features.py" in page

    repository.commit("features.py", features.replace('"sqft", "latitude", "longitude"', '"latitude"').replace('["city", "type"]', '["type"]'))
    done, runs = ci()
    assert done.returncode == 2, done.stdout + done.stderr
    gates = {it["gate"]: it for it in runs["evaluate"]["gates"]}
    assert (
        gates["no worse than before"]["standing"] == "failed"
        and gates["no worse than before"]["wanted"].startswith("mae worse than")
        and "by no more than 10%" in gates["no worse than before"]["wanted"]
    )
    assert " worse" in gates["no worse than before"]["why"] and "no worse than before: " in done.stderr
    assert {it["name"]: it["verdict"] for it in runs["evaluate"]["metrics"]}["mae"] == "worse"
