"""The plugin as MLflow loads it."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_mlflow_loads_the_plugin_without_a_warning(tmp_path):
    code = """
import warnings
warnings.filterwarnings("error", message=".*register store.*")
warnings.filterwarnings("error", message=".*register artifact repository.*")
import mlflow
from mlflow.store.artifact.artifact_repository_registry import get_registered_artifact_repositories
from mlflow.tracking._tracking_service.utils import _tracking_store_registry
from mlflow.tracking._model_registry.utils import _get_store_registry
for registry in (_tracking_store_registry, _get_store_registry()):
    assert registry._registry["nbtrack+https"].__module__ == "nbtrack.store.entry"
assert "nbtrack-journal" in get_registered_artifact_repositories()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_entry_module_imports_next_to_nothing(tmp_path):
    code = """
import sys, nbtrack
before = set(sys.modules)
import nbtrack.store.entry
assert set(sys.modules) - before <= {"nbtrack.store", "nbtrack.store.entry"}, set(sys.modules) - before
assert not {"mlflow", "pandas", "matplotlib"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, timeout=60)


@pytest.mark.parametrize("scheme", ["http", "https", "postgresql", "mysql", "mssql", "mssql+pyodbc", "mssql+pymssql"])
def test_a_store_is_made_without_asking_the_real_one(scheme, home, tmp_path, monkeypatch):
    from nbtrack.store.entry import registry_store, tracking_store

    store = tracking_store(f"nbtrack+{scheme}://user:secret@127.0.0.1:9/x")
    assert store.runs.store == f"{scheme}://user:***@127.0.0.1:9/x"
    assert registry_store(f"nbtrack+{scheme}://user:secret@127.0.0.1:9/x") is not None


def test_every_method_of_mlflows_store_is_ours_or_goes_to_the_real_one():
    import inspect

    from mlflow.store.tracking.abstract_store import AbstractStore

    from nbtrack.store.journal_store import JournalStore

    inherited = {
        name
        for name in dir(AbstractStore)
        if inspect.isfunction(inspect.getattr_static(JournalStore, name))
        and not name.startswith("__")
        and inspect.getattr_static(JournalStore, name) is inspect.getattr_static(AbstractStore, name)
    }
    assert inherited == set()
