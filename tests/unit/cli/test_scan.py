"""`nbtrack scan`, as pre-commit and CI run it."""

import json
import subprocess
import sys

import nbformat
import pytest

import nbtrack

TOKEN = "gh" + "p_" + "aB3" * 12


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Hi", id="a"), nbformat.v4.new_code_cell(f'x = 1\ntoken = "{TOKEN}"', id="b")])
    nbformat.write(book, tmp_path / "wine.ipynb")
    (tmp_path / "clean.py").write_text('commit = "9b1f0e3c5d7a8b6c4d2e1f0a9b8c7d6e5f4a3b2c"\n')
    (tmp_path / "config.yaml").write_text("a: 1\npassword: hunter2\n")
    return tmp_path


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", "from nbtrack.cli import main; main()", *words], capture_output=True, text=True, check=False)


def test_what_is_found_is_named_by_file_cell_and_line_and_never_shown(folder):
    done = command("scan", "wine.ipynb", "clean.py", "config.yaml")
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["wine.ipynb: cell 2 source line 2: GitHub Token (cell id b)", "config.yaml: line 2: Password"]
    assert command("scan", "clean.py").returncode == 0
    found = json.loads(command("scan", ".", "--json").stdout)
    assert [(it["file"], it["cell"], it["line"], it["kind"]) for it in found] == [("config.yaml", 0, 2, "Password"), ("wine.ipynb", 2, 2, "GitHub Token")]
    assert TOKEN[4:] not in done.stdout + json.dumps(found)


def test_a_baseline_lets_pass_what_is_known_and_only_that(folder):
    assert command("scan", ".", "--update-baseline").returncode == 0
    assert command("scan", ".").returncode == 0
    (folder / "config.yaml").write_text("password: hunter3\n")
    assert command("scan", ".").stdout == "config.yaml: line 1: Password\n"
    assert command("scan", ".", "--allow-secret", "password").returncode == 0
    assert command("scan", ".", "--allow-secret", "hunter3").returncode == 0


def test_a_file_that_is_not_there_ends_with_code_3(folder):
    wrong = command("scan", "gone.ipynb")
    assert (wrong.returncode, "Name notebooks" in wrong.stderr) == (3, True)


def test_doctor_and_sync_tell_of_a_run_kept_for_its_secrets(folder, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.setenv("NBTRACK_SECRETS", "strict")
    with nbtrack.track("fit", params={"password": "hunter2", "lr": 0.1}):
        pass
    assert "hunter2" not in command("show", "fit").stdout + command("show", "fit", "--json").stdout + command("runs").stdout
    kept = command("sync")
    assert (kept.returncode, "Password in param password" in kept.stderr) == (1, True)
    told = command("doctor")
    assert told.returncode == 1
    assert "MEND  secrets: run fit" in told.stdout
    assert command("sync", "--allow-secret", "hunter2").returncode == 0
    assert command("doctor").returncode == 0
