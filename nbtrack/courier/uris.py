"""Tracking URIs: made absolute, and made fit to be written down."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from nbtrack.patterns import regex

PREFIX = "nbtrack+"
"""Put before a URI's scheme to send MLflow's own calls through the journal."""
EXPERIMENT = "nbtrack-experiment:"
"""Before an experiment's name: its id while the store cannot be asked for the real one. It says all, so any process can read it."""
MASK = "***"
_AUTHORITY = regex(r"^([A-Za-z][\w+.\-]*://)([^/?#]*)@")  # greedy, so that a password may hold an @
_SECRET_VALUE = regex(r"([?&;][^=&;#]*(?:password|passwd|pwd|secret|token|key|credential|signature|sig)[^=&;#]*=)([^&;#]*)", re.IGNORECASE)


@lru_cache(64)
def mask_uri(uri: str) -> str:
    """The URI without its secrets: password, bare token and secret-looking query values become `***`."""
    found = _AUTHORITY.match(uri)
    if found:
        user, colon, _ = found[2].partition(":")
        uri = f"{found[1]}{f'{user}:{MASK}' if colon else MASK}@{uri[found.end() :]}"
    return _SECRET_VALUE.sub(rf"\1{MASK}", uri)


def secrets_of(uri: str) -> list[str]:
    """What `mask_uri` takes out, as written and as decoded."""
    found = _AUTHORITY.match(uri)
    secrets = [value for _, value in _SECRET_VALUE.findall(uri)]
    if found:
        user, colon, password = found[2].partition(":")
        secrets.append(password if colon else user)
    return [form for secret in secrets if secret and secret != MASK for form in {secret, unquote(secret)}]


@lru_cache(64)
def absolute_uri(uri: str, folder: Path) -> str:
    """The real store's URI, the same from every working directory: without `nbtrack+`, a sqlite file by its absolute path."""
    uri = uri.removeprefix(PREFIX)
    scheme, separator, rest = uri.partition(":///")
    if not separator or scheme.partition("+")[0] != "sqlite":
        return uri
    path, question, query = rest.partition("?")
    if not path or path.startswith((":memory:", "file:")):
        return uri
    path = os.path.normpath(folder / path)
    return f"{scheme}:///{path}{question}{query}"


def sqlite_file(uri: str) -> Path | None:
    """The database file of a sqlite URI; None for other stores."""
    scheme, separator, rest = uri.partition(":///")
    if not separator or scheme.partition("+")[0] != "sqlite":
        return None
    return Path(rest.partition("?")[0])
