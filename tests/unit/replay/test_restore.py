"""What a run kept comes back beside what is there."""

import json
import os

import nbformat
import pytest

from nbtrack.errors import UsageError
from nbtrack.replay.data import Standing
from nbtrack.replay.restore import restore


def test_the_document_is_written_beside_the_notebook_and_nothing_is_overwritten(home, finished, folder):
    view = finished()
    (folder / "nb-fit-one-2.ipynb").write_text("mine")
    first, second = restore(home, view), restore(home, view)
    assert (folder / "nb-fit-one-2.ipynb").read_text() == "mine"
    assert [first.path.name, second.path.name] == ["nb-fit-one-2-2.ipynb", "nb-fit-one-2-3.ipynb"]
    assert [cell.source for cell in nbformat.read(first.path, as_version=4).cells] == ["x = 1", "y = x"]


@pytest.mark.parametrize("what", ["document", "executed", "recipe"])
def test_each_kind_of_notebook_is_a_valid_one(home, finished, what):
    nbformat.validate(nbformat.read(restore(home, finished(), what).path, as_version=4))


def test_one_cell_is_found_by_the_number_of_its_prompt(home, finished):
    restored = restore(home, finished(), "3")
    assert [cell["source"] for cell in json.loads(restored.path.read_bytes())["cells"]] == ["y = x\ny"]
    with pytest.raises(UsageError, match=r"has no cell 2\. It has 1 to 3\. --executed writes them all"):
        restore(home, finished("other"), "2")


def test_the_target_may_be_a_folder_or_a_file_with_or_without_its_ending(home, finished, tmp_path):
    view = finished()
    assert restore(home, view, "recipe", to=f"{tmp_path}/out/").path == tmp_path / "out" / "nb-fit-one-2-recipe.ipynb"
    assert restore(home, view, "recipe", to=str(tmp_path / "again")).path == tmp_path / "again.ipynb"
    assert restore(home, view, "recipe", to=str(tmp_path / "again.ipynb")).path == tmp_path / "again-2.ipynb"


def test_the_link_leads_from_where_the_reader_is(home, finished, folder):
    restored = restore(home, finished(), "recipe")
    assert 'href="nb-fit-one-2-recipe.ipynb"' in restored._repr_html_()
    assert str(restored.path) in repr(restored)


def test_the_environment_is_written_with_the_command_that_makes_it(home, finished, folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))  # no uv there
    restored = restore(home, finished(), "env")
    assert restored.path.read_text() == "numpy==2.4.6\n"
    assert restored.hint.startswith("python3.11 -m venv .venv-fit-one-2 && ")
    assert restored.hint.endswith(" -m pip install -r requirements-fit-one-2.txt")
    if os.name != "nt":
        (folder / "uv").touch(mode=0o755)
        assert restore(home, finished(), "env").hint.startswith("uv venv --python 3.11.9 .venv-fit-one-2 && uv pip install ")


def test_the_model_folder_comes_back_byte_for_byte(home, finished):
    restored = restore(home, finished(), "model")
    assert (restored.path / "forest" / "data" / "model.bin").read_bytes() == bytes(range(256))
    assert "load_model" in restored.hint


def test_data_is_told_as_it_stands_now(home, finished, folder):
    view = finished()
    assert [it.standing for it in restore(home, view, "data").references] == [Standing.SAME]
    (folder / "numbers.csv").write_text("a,b\n1,3\n")
    changed = restore(home, view, "data")
    assert [it.standing for it in changed.references] == [Standing.CHANGED]
    assert "CHANGED since" in repr(changed)
    (folder / "numbers.csv").unlink()
    assert [it.standing for it in restore(home, view, "data").references] == [Standing.MISSING]


def test_what_a_run_does_not_have_is_named_with_what_it_has(home, begin, finish, folder):
    from nbtrack.journal import fold

    writer = begin()
    finish(writer)
    view = fold(home, writer.run_id)
    for what, told in (
        ("recipe", "did not see its cells"),
        ("env", "left it out, or the run is not of a notebook"),
        ("model", "docs/capture.md"),
        ("4", "did not see its cells"),
        ("soul", "It is one of document"),
    ):
        with pytest.raises(UsageError, match=told):
            restore(home, view, what)
    assert restore(home, view, "data").references == ()
