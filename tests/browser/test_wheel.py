"""The wheel alone, in a new environment where there is no Node.js: server and extension are there without anything being enabled or built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from live_lab import Server, badge, command, open_in, run_all

ROOT = Path(__file__).resolve().parents[2]
TRAIN = "%%track fit\nfor step in range(20):\n    loss = lr / (step + 1)"


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=280, check=False, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder of programs of an environment that has the wheel and JupyterLab."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).with_name("uv")
    run(sys.executable, "-m", "venv", folder / "venv")
    place = folder / "venv" / "bin"
    if uv.exists():
        run(uv, "build", "--wheel", "--out-dir", folder, ROOT)
        [wheel] = folder.glob("nbtrack-*.whl")
        run(uv, "pip", "install", "--python", place / "python", f"{wheel}[lab]")
    else:
        run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, ROOT)
        [wheel] = folder.glob("nbtrack-*.whl")
        run(place / "python", "-m", "pip", "install", f"{wheel}[lab]")
    return place


@pytest.fixture
def bare(installed, tmp_path):
    """JupyterLab of that environment, with no other program on its PATH."""
    assert shutil.which("node", path=str(installed)) is None
    server = Server(tmp_path / "root", "lab", python=str(installed / "python"), path=str(installed))
    server.root.mkdir()
    with server:
        yield server


@pytest.mark.browser
@pytest.mark.network
@pytest.mark.timeout(900)
def test_the_first_steps_from_the_wheel_alone(installed, bare, page):
    env = {**os.environ, "PATH": str(installed)}
    assert "nbtrack" in run(installed / "jupyter-labextension", "list", env=env)
    assert "nbtrack" in run(installed / "jupyter-server", "extension", "list", env=env)
    assert "nbtrack/labextension" not in run(installed / "python", "-c", "import nbtrack; print(nbtrack.__file__)", env=env)
    bare.notebook("first.ipynb", "%load_ext nbtrack", "lr = 0.5", TRAIN)
    open_in(page, bare, "first.ipynb")
    run_all(page)
    badge(page, "loss 0.025")
    command(page, "nbtrack:show-runs")
    page.locator(".nbt-side [role=option]").first.wait_for()
    page.locator(".nbt-badge button").click()
    page.locator(".nbt-main").get_by_role("button", name="Reproduce", exact=True).wait_for()
