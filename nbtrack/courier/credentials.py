"""Which environment variables carry logins: handed to the delivery process over its socket, never through its start."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nbtrack.patterns import regex

_LOGIN = regex(
    r"^(MLFLOW_TRACKING_\w+|MLFLOW_S3_\w+|MLFLOW_AWS_\w+|MLFLOW_GCS_\w+|MLFLOW_AZURE_\w+|AWS_\w+|AZURE_\w+|GOOGLE_\w+|GCLOUD_\w+|DATABRICKS_\w+|\w+_PROXY|\w*CA_BUNDLE"
    r"|SSL_CERT_\w+|NETRC|PG[A-Z]+|NBTRACK_TRACKING_URI)$",
    re.IGNORECASE,
)
_SECRET = regex(r"PASS|SECRET|TOKEN|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|_KEY$|AUTH|COOKIE|^MLFLOW_TRACKING_URI$", re.IGNORECASE)


def logins(env: Mapping[str, str]) -> dict[str, str]:
    """The variables that the store's and its artifacts' logins may need."""
    return {name: value for name, value in env.items() if _LOGIN.match(name)}


def without_secrets(env: Mapping[str, str]) -> dict[str, str]:
    """The environment a delivery process may be started with."""
    return {name: value for name, value in env.items() if not _LOGIN.match(name) and not _SECRET.search(name) and name != "NBTRACK_OWNER"}


def secret_values(env: Mapping[str, str]) -> list[str]:
    """Values that must not appear in a log."""
    return [value for name, value in env.items() if _SECRET.search(name) and len(value) > 3]
