"""Runs in a journal, and git repositories, for reports."""

import json
import os
import subprocess

import pytest

import nbtrack
from nbtrack.journal import Home


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(tmp_path)
    return Home(tmp_path / "home")


@pytest.fixture
def fit(home):
    """Makes a run: `fit("a", {"acc": 0.9}, params={...}, source=[...])`."""

    def fit(name, metrics, params=None, cells=(), tags=None):
        with nbtrack.track(name, params=params or {}, tags=tags) as run:
            for metric, values in metrics.items():
                for value in values if isinstance(values, list) else [values]:
                    nbtrack.log({metric: value})
            if cells:
                made = [{"cell_type": "code", "id": f"c{at}", "metadata": {}, "source": it, "outputs": []} for at, it in enumerate(cells)]
                run.artifact_bytes("notebook/executed.ipynb", json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode())
        return nbtrack.run(run.run_id)

    return fit


class Repository:
    """A git repository of its own, whatever the user's settings."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def git(self, *words):
        who = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.org"))}
        env = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return subprocess.run(["git", "-C", str(self.folder), *words], check=True, capture_output=True, text=True, env=env).stdout.strip()

    def commit(self, name, text="x"):
        (self.folder / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", name)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "repository")
    made.git("init", "-q", "-b", "main")
    return made
