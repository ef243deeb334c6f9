"""What may be written down of a tracking URI."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.courier.uris import absolute_uri, mask_uri, secrets_of, sqlite_file


@pytest.mark.parametrize(
    ("uri", "masked"),
    [
        ("https://ann:s3cret@host:5000/x", "https://ann:***@host:5000/x"),
        ("https://ann:p@ss@host", "https://ann:***@host"),
        ("https://abcdeftoken@host", "https://***@host"),
        ("postgresql+psycopg://ann:pw@host/db?sslmode=require", "postgresql+psycopg://ann:***@host/db?sslmode=require"),
        ("https://host/?access_token=abc&x=1", "https://host/?access_token=***&x=1"),
        ("mssql://host/db?Password=abc;Encrypt=yes", "mssql://host/db?Password=***;Encrypt=yes"),
        ("sqlite:////tmp/a@b/mlflow.db", "sqlite:////tmp/a@b/mlflow.db"),
        ("databricks://profile", "databricks://profile"),
        ("http://host/path@x", "http://host/path@x"),
    ],
)
def test_secrets_are_masked_and_nothing_else(uri, masked):
    assert mask_uri(uri) == masked
    assert mask_uri(masked) == masked


@given(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=4), st.text(st.characters(codec="ascii", exclude_characters="/?#"), min_size=1))
def test_no_password_survives(user, password):
    uri = f"https://{user}:{password}@host/x"
    assert mask_uri(uri) == f"https://{user}:***@host/x"
    assert password == "***" or password in secrets_of(uri)


def test_relative_sqlite_paths_become_absolute():
    folder = Path("/notes/deep")
    assert absolute_uri("sqlite:///mlflow.db", folder) == "sqlite:////notes/deep/mlflow.db"
    assert absolute_uri("sqlite:///../x/mlflow.db", folder) == "sqlite:////notes/x/mlflow.db"
    assert absolute_uri("sqlite:////tmp/mlflow.db", folder) == "sqlite:////tmp/mlflow.db"
    assert absolute_uri("nbtrack+sqlite:///a.db", folder) == "sqlite:////notes/deep/a.db"
    assert absolute_uri("nbtrack+https://host", folder) == "https://host"
    assert absolute_uri("postgresql:///db", folder) == "postgresql:///db"


def test_the_database_file_of_a_sqlite_store():
    assert sqlite_file("sqlite:////tmp/a b/mlflow.db?x=1") == Path("/tmp/a b/mlflow.db")
    assert sqlite_file("https://host") is None
