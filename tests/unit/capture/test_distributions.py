"""Installed and imported distributions."""

import importlib.metadata
import sys

from nbtrack.capture.distributions import Distributions, stamp


def test_modules_are_known_by_their_distribution_and_its_exact_version():
    known = Distributions()
    found = known.of_modules(["numpy", "json", "sklearn", "IPython", "PIL", "zmq", "_pytest", "this_is_nobodys"])
    assert set(found) >= {"numpy", "scikit-learn", "ipython", "pyzmq", "pytest"}
    assert {name: importlib.metadata.version(name) for name in found} == found
    assert "json" not in found


def test_all_installed_are_listed_as_exact_requirements():
    lines = Distributions().as_requirements().splitlines()
    assert f"numpy=={importlib.metadata.version('numpy')}" in lines
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0].lower())
    assert len(lines) == len(set(lines))


def test_an_installation_changes_the_stamp_and_a_broken_one_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = stamp()
    (tmp_path / "broken-1.dist-info").mkdir()
    folder = tmp_path / "my_thing-2.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: My-Thing\nVersion: 2\n\nVersion: 3\n")
    (folder / "RECORD").write_text("odd_name/__init__.py,,\nsingle.py,,\nnative.cpython-311.so,,\nMy-Thing-2.dist-info/RECORD,,\n")
    assert stamp() != before
    known = Distributions()
    for module in ("odd_name", "single", "native", "my_thing"):
        assert known.of_modules([module]) == {"My-Thing": "2"}
