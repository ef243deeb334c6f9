"""`nbtrack report` in the terminal."""

import json
import subprocess
import sys

import nbtrack


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", "from nbtrack.cli import main; main()", *words], capture_output=True, text=True, check=False)


def test_a_report_has_four_forms_and_goes_to_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(tmp_path)
    for acc in (0.8, 0.9):
        with nbtrack.track("fit"):
            nbtrack.log(acc=acc)
    said = command("report").stdout
    assert "\n  acc     0.8   0.9          +0.1 (+12.5%)  better  higher\n" in said and "|" not in said and "#" not in said.replace("fit #", ""), said
    assert "| acc | 0.8 | 0.9 |" in command("report", "--md").stdout
    assert json.loads(command("report", "fit", "--against", "fit#1", "--json").stdout)["runs"][0]["metrics"][0]["verdict"] == "better"
    assert command("report", "--html", "--out", "report.html").stdout.strip() == "report.html"
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")
    both = command("report", "--html", "--md")
    assert both.returncode == 3 and "Choose one" in both.stderr
    nowhere = command("report", "--against", "ref:main")
    assert nowhere.returncode == 3 and "in no git repository" in nowhere.stderr


def test_a_run_of_a_cached_stage_is_told_by_the_run_that_made_its_result(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(tmp_path)
    for acc in (0.8, 0.9):
        with nbtrack.track("fit") as made:
            nbtrack.log(acc=acc)
    with nbtrack.track("fit", tags={"nbtrack.cached_from": made.run_id}) as taken:
        pass
    for form in ("--json", "--html"):
        assert command("report", taken.run_id, form).returncode == 0
    (told,) = json.loads(command("report", taken.run_id, "--against", "fit#1", "--json").stdout)["runs"]
    assert (told["run_id"], told["metrics"][0]["value"], told["metrics"][0]["verdict"]) == (made.run_id, 0.9, "better")
    changed = json.loads(command("diff", "fit#1", taken.run_id, "--json").stdout)
    assert (changed["b"]["run_id"], changed["metrics"][0]["b"]) == (made.run_id, 0.9)
