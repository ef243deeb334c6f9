"""`nbtrack report` in the terminal."""

import json
import subprocess
import sys

import nbtrack


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", "from nbtrack.cli import main; main()", *words], capture_output=True, text=True, check=False)


def test_a_report_has_three_forms_and_goes_to_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(tmp_path)
    for acc in (0.8, 0.9):
        with nbtrack.track("fit"):
            nbtrack.log(acc=acc)
    assert "better" in command("report").stdout
    assert json.loads(command("report", "fit", "--against", "fit#1", "--json").stdout)["runs"][0]["metrics"][0]["verdict"] == "better"
    assert command("report", "--html", "--out", "report.html").stdout.strip() == "report.html"
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")
    both = command("report", "--html", "--md")
    assert both.returncode == 3 and "Choose one" in both.stderr
    nowhere = command("report", "--against", "ref:main")
    assert nowhere.returncode == 3 and "in no git repository" in nowhere.stderr
