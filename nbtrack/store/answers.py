"""Whether an answer over HTTP is MLflow's: a gateway, a captive portal or another service that says 200 must not pass for a delivery.

MLflow's own client takes any JSON, an empty body, or a page it was sent on to, for success. For processes of ours alone: all
sessions of MLflow's client in this process are watched, though only what delivery asks for is judged.
"""

from __future__ import annotations

import json
import re
from typing import Any

from nbtrack.errors import StoreUnreachableError

_API = re.compile(r"/api/\d+\.\d+/(mlflow/(runs|experiments)|(?P<artifacts>mlflow-artifacts))/")
"""What delivery asks for; other requests of this process (traces, models) are not judged."""
_WORDS = frozenset(
    {
        "experiment", "experiment_id", "experiments", "run", "run_info", "runs", "next_page_token", "root_uri", "files", "metrics",
        "upload_id", "credentials", "credential_infos", "artifact_uri", "dataset_summaries",
    }
)  # fmt: skip
"""What MLflow's answers are made of, where they are not empty."""
_BECOME_GET = (301, 302, 303)


def watch() -> None:
    """Look at every answer that MLflow's client gets in this process from now on; watching twice changes nothing."""
    from mlflow.utils import request_utils

    make = request_utils._get_request_session  # the one place where MLflow makes its sessions
    if getattr(make, "is_watched", False):
        return

    def watched(*args: Any, **kwargs: Any) -> Any:
        session = make(*args, **kwargs)  # type: ignore[no-untyped-call] # MLflow's are not typed
        if _see not in session.hooks["response"]:
            session.hooks["response"].append(_see)
        return session

    watched.is_watched = True  # type: ignore[attr-defined] # a mark on a function
    request_utils._get_request_session = watched


def _see(response: Any, *args: Any, **kwargs: Any) -> None:
    api = _API.search(str(response.request.url))
    method = response.request.method
    if api is None or (api["artifacts"] and method == "GET"):  # the bytes of an artifact may be anything
        return
    if response.status_code in _BECOME_GET and method != "GET":
        raise _stranger(f"it sends on to {response.headers.get('Location', '')[:100]}")
    if response.status_code != 200:
        return  # MLflow sees to it
    if api["artifacts"] and not response.content:
        return  # MLflow's servers acknowledge an upload so; StoreClient asks for more
    try:
        found = json.loads(response.content)
    except ValueError:
        found = None
    if not isinstance(found, dict) or (found and not found.keys() & _WORDS):
        raise _stranger(f"it says {response.text[:100]!r}")


def _stranger(what: str) -> StoreUnreachableError:
    return StoreUnreachableError(
        f"What answers there is not MLflow: {what}.", mend="Check the tracking URI, and whether a proxy or a network's login page stands before the server."
    )
