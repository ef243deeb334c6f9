"""Which modules are loaded, asked for around every cell."""

import sys
from types import ModuleType

import pytest

from nbtrack.capture.loaded import module_names


@pytest.fixture
def modules(monkeypatch):
    held = {name: ModuleType(name) for name in ("one", "two", "three", "four", "five", "six")}
    for name, it in held.items():
        monkeypatch.setitem(sys.modules, name, it)
    return held


def test_the_names_are_found_out_once_while_no_module_comes_or_goes(modules):
    assert module_names() is module_names()
    assert module_names() == set(sys.modules)


@pytest.mark.parametrize("gone", ["one", "six"])
def test_a_module_that_came_for_another_is_noticed(modules, monkeypatch, gone):
    module_names()
    monkeypatch.delitem(sys.modules, gone)
    monkeypatch.setitem(sys.modules, "seven", ModuleType("seven"))
    assert module_names() == set(sys.modules)


def test_a_package_that_is_loaded_anew_with_another_part_is_noticed(modules, monkeypatch):
    module_names()
    for name in ("five", "six"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "seven", ModuleType("seven"))
    monkeypatch.setitem(sys.modules, "six", ModuleType("six"))  # its parts come first
    assert module_names() == set(sys.modules)
