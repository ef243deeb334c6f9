"""A reproduction works on a copy, and nothing outside it is overwritten."""

import os
import subprocess
import sys

import pytest

from nbtrack.entities import Request
from nbtrack.reads import find
from nbtrack.replay import workplace
from nbtrack.replay.kernel import Guard, WriteRefusedError, amended
from nbtrack.replay.workplace import furnish

LATER = 1 << 62


def write(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_repository_is_copied_without_environments_stores_and_hidden_folders(tmp_path):
    repository = tmp_path / "repository"
    for name in (
        ".git/HEAD",
        "notebooks/helper.py",
        "data/x.csv",
        ".venv/bin/python",
        "myenv/pyvenv.cfg",
        "notebooks/mlflow.db",
        "mlruns/0/meta",
        "notebooks/.hidden/a",
    ):
        write(repository / name)
    place = furnish(repository / "notebooks", tmp_path / "copy", [], LATER)
    assert place.cwd == tmp_path / "copy" / "notebooks"
    assert sorted(path.relative_to(place.root).as_posix() for path in place.root.rglob("*") if path.is_file()) == ["data/x.csv", "notebooks/helper.py"]


def test_what_the_recipe_names_is_copied_wherever_a_relative_path_leads(tmp_path, monkeypatch):
    monkeypatch.setattr(workplace, "LARGE_BYTES", 10)
    folder = tmp_path / "a" / "nb"
    write(tmp_path / "a" / "shared" / "far.csv", "far")
    write(folder / "large.bin", "x" * 100)
    write(folder / "other.bin", "x" * 100)
    write(folder / "pictures" / "one.png", "x" * 100)
    place = furnish(
        folder, tmp_path / "copy", ["pd.read_csv('../shared/far.csv')", 'open("large.bin")', "%run small.py", "glob('pictures')", "open('/etc/passwd')"], LATER
    )
    assert (place.cwd / "../shared/far.csv").read_text() == "far"
    assert (place.cwd / "large.bin").exists() and (place.cwd / "pictures" / "one.png").exists()
    assert not (place.cwd / "other.bin").exists() and place.left_out == ["other.bin"]


def test_many_files_are_not_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(workplace, "MOST_FILES", 3)
    for number in range(5):
        write(tmp_path / "nb" / f"{number}.txt")
    place = furnish(tmp_path / "nb", tmp_path / "copy", ["open('4.txt')"], LATER)
    assert sorted(path.name for path in place.cwd.iterdir()) == ["0.txt", "1.txt", "2.txt", "4.txt"]


def test_what_the_recipe_itself_makes_is_not_there_yet(tmp_path):
    old = write(tmp_path / "nb" / "old.txt")
    os.utime(old, ns=(5, 5))
    for name in ("out/a.txt", "new.txt", "edited.py", "module.py"):
        write(tmp_path / "nb" / name)
    recipe = ["%%writefile module.py\nx = 1", "os.mkdir('out')", "open('new.txt', 'w')", "open('old.txt', 'w')", "import edited\nopen('edited.csv')"]
    place = furnish(tmp_path / "nb", tmp_path / "copy", recipe, 10)
    assert sorted(path.name for path in place.cwd.iterdir()) == ["edited.py", "old.txt"]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("open(path, 'w')", "refused"), ("open(path, 'a')", "refused"), ("open(path, 'r+')", "refused"), ("os.open(path, os.O_RDWR)", "refused"), ("os.remove(path)", "refused"),
        ("os.rename(path, path + '2')", "refused"), ("os.replace(inside, path)", "refused"), ("pathlib.Path(path).write_text('x')", "refused"), ("shutil.rmtree(os.path.dirname(path))", "refused"),
        ("open(path).read()", "done"), ("open(inside, 'w')", "done"), ("open(path + '.new', 'w').close(); open(path + '.new', 'a')", "done"), ("open(hidden, 'w')", "done"), ("open(os.devnull, 'w')", "done"),
    ],
)  # fmt: skip
def test_what_exists_outside_the_folder_stays_as_it_is(tmp_path, code, told):
    path, inside, hidden = write(tmp_path / "users" / "data.csv", "mine"), write(tmp_path / "work" / "x"), write(tmp_path / "users" / ".cache" / "x")
    script = f"""
import os, pathlib, shutil, sys
from nbtrack.replay.kernel import Guard, WriteRefusedError
path, inside, hidden = {str(path)!r}, {str(inside)!r}, {str(hidden)!r}
sys.addaudithook(Guard([{str(tmp_path / "work")!r}]))
try:
    {code}
    print("done")
except WriteRefusedError as error:
    assert "is left as it is" in str(error)
    print("refused")
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-B", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == f"{told}\n", done.stderr
    assert path.read_text() == "mine"


def test_the_guard_understands_every_kind_of_path(tmp_path):
    guard = Guard([str(tmp_path / "work")])
    outside = write(tmp_path / "x")
    for path in (str(outside), os.fsencode(outside), outside):
        with pytest.raises(WriteRefusedError):
            guard("open", (path, "w", os.O_WRONLY))
    guard("open", (3, "w", os.O_WRONLY))
    guard("import", ("x",))


def test_a_reproduction_is_a_child_with_a_name_of_its_own():
    request = amended(Request(name="a", experiment="e", tags={"t": "1"}, is_update=True, is_dry=True, goal="max:x"), "1" * 32, "fit")
    assert (request.name, request.parent, request.experiment, request.is_update, request.is_dry, request.goal) == (
        "fit-reproduced",
        "1" * 32,
        "",
        False,
        False,
        "max:x",
    )
    assert request.tags == {"t": "1", "nbtrack.reproduces": "1" * 32}


def test_a_reproduction_is_nobodys_last_run(home, begin):
    begin(name="mine")
    begin(name="mine-reproduced", tags={"nbtrack.reproduces": "1" * 32})
    assert find(home).name == "mine"
    assert find(home, "mine-reproduced").name == "mine-reproduced"
