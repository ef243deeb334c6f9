"""What the front end's build made, as it was installed."""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path

import pytest

import nbtrack

ROOT = Path(__file__).resolve().parents[3]
WEB = ROOT / "labextension"
BUNDLE = Path(nbtrack.__file__).parent / "widgets" / "static" / "compare.js"


def test_the_front_end_has_the_version_of_the_package():
    assert json.loads((WEB / "package.json").read_text())["version"] == nbtrack.__version__


def test_the_lock_names_packages_by_digest_and_no_place_they_came_from():
    packages = json.loads((WEB / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package and not package.get("link")] == []


def test_the_bundle_is_small_enough_to_send_with_every_widget():
    assert len(gzip.compress(BUNDLE.read_bytes())) <= 250_000


def test_the_bundle_asks_no_host_and_evaluates_no_text():
    text = BUNDLE.read_text("utf-8")
    assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1998/Math/MathML",
        "http://www.w3.org/1999/xhtml",
    }
    assert re.findall(r"\beval\(|new Function\(|\bimport\(|\bfetch\(|XMLHttpRequest|WebSocket", text) == []


def test_no_source_writes_markup_from_text():
    for path in (WEB / "src").rglob("*.ts*"):
        assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\bany\b\s*[;,)>=\]]", re.sub(r"//.*", "", path.read_text("utf-8"))) == [], (
            path
        )


@pytest.mark.parametrize("name", ["package.json", "install.json"])
def test_the_extension_lies_where_jupyterlab_looks_for_it(name):
    folder = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / "nbtrack"
    assert (folder / name).is_file()
    if name == "package.json":
        built = json.loads((folder / name).read_text())
        assert (folder / built["jupyterlab"]["_build"]["load"]).is_file()
