"""An import in the background that stands still while a cell runs."""

from __future__ import annotations

import importlib
import sys
import time

import pytest

from nbtrack.store.idle_import import IdleImport


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """`wide` imports twenty modules of its own, each a moment long, and `other`, which is half imported for a while."""
    wide, other = tmp_path / "nb_wide", tmp_path / "nb_other"
    wide.mkdir()
    other.mkdir()
    for n in range(20):
        (wide / f"m{n}.py").write_text("import time\ntime.sleep(0.02)\n")
    (other / "a.py").write_text("import time\ntime.sleep(0.2)\n")
    (other / "__init__.py").write_text("from nb_other import a\nwhole = True\n")
    lines = [*(f"from nb_wide import m{n}" for n in range(20)), "import nb_other", "from nb_wide import last"]
    (wide / "last.py").write_text("")
    (wide / "__init__.py").write_text("\n".join([*lines, "whole = True"]))
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield
    for name in [name for name in sys.modules if name.startswith(("nb_wide", "nb_other"))]:
        del sys.modules[name]


def begun():
    return sum(name.startswith(("nb_wide", "nb_other")) for name in list(sys.modules))


def test_it_stands_still_between_pause_and_resume_and_ends_whole(packages):
    it = IdleImport("nb_wide")
    it.start()
    it.pause()
    before = begun()
    time.sleep(0.4)
    assert begun() == before
    it.resume()
    assert it.is_done.wait(30)
    assert sys.modules["nb_wide"].whole
    assert it not in sys.meta_path


def test_it_never_stands_while_another_package_is_half_imported(packages):
    it = IdleImport("nb_wide")
    it.start()
    while not it.is_done.is_set():
        it.pause()
        other = sys.modules.get("nb_other")
        assert other is None or hasattr(other, "whole")
        it.resume()
        time.sleep(0.01)


def test_who_imports_it_meanwhile_gets_it(packages):
    it = IdleImport("nb_wide")
    it.start()
    it.pause()
    module = importlib.import_module("nb_wide")
    assert module.whole


def test_a_package_that_cannot_be_imported_is_done_too():
    it = IdleImport("nb_is_not_there")
    it.start()
    assert it.is_done.wait(30)
    it.pause()
