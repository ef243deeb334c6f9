"""What the front end takes from Python is written from it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "labextension"


@pytest.mark.parametrize("script", ["wire", "settings_schema", "menus_schema"])
def test_what_is_written_from_python_is_up_to_date(script):
    spec = importlib.util.spec_from_file_location(script, FOLDER / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.TARGET.read_text(encoding="utf-8") == module.text(), f"python labextension/{script}.py"
