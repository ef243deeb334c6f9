"""URIs and marks that the MLflow plugin gives out, and how to read them again. No mlflow here."""

from __future__ import annotations

import os
import re

from nbtrack.journal import Home
from nbtrack.patterns import regex
from nbtrack.system import open_private

ARTIFACTS = "nbtrack-journal:"
"""Scheme of the artifact URIs of journal runs."""
SCHEMES = frozenset(
    {
        "http", "https", "mssql", "mssql+pymssql", "mssql+pyodbc", "mysql", "mysql+mysqldb", "mysql+pymysql", "postgresql", "postgresql+psycopg",
        "postgresql+psycopg2", "sqlite", "sqlite+pysqlite",
    }
)  # fmt: skip
"""Stores that the plugin stands before: what `pyproject.toml` registers, each with `nbtrack+`."""
RUN_ID = regex(r"[0-9a-f]{32}")
_ARTIFACTS_URI = regex(rf"{ARTIFACTS}/+(?P<run>[^/]+)/artifacts/?(?P<path>.*)", re.DOTALL)
_MARK = "joined"


def artifacts_uri(run_id: str) -> str:
    """Where the artifacts of a journal run lie, as MLflow is told."""
    return f"{ARTIFACTS}///{run_id}/artifacts"


def read_artifacts_uri(uri: str) -> tuple[str, str]:
    """Run id and path of an artifact URI.

    Raises:
        ValueError: it is none of ours.
    """
    found = _ARTIFACTS_URI.fullmatch(uri)
    if found is None:
        raise ValueError(f"{uri!r} is no URI of nbtrack's artifacts; they look like {artifacts_uri('<run id>')}/<path>.")
    return found["run"], found["path"].strip("/")


def claim(home: Home, run_id: str) -> bool:
    """Take the one place that a tracked cell's run has for an MLflow run; False if a run, of whichever thread or process, has it."""
    try:
        os.close(open_private(home.run(run_id) / _MARK, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    except OSError:
        return True  # a full disk: joining is the smaller harm
    return True


def free(home: Home, run_id: str) -> None:
    """Give the place back: another cell begins."""
    (home.run(run_id) / _MARK).unlink(missing_ok=True)
