"""What all routes share: who asks, how much, where the work is done, and how an error is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tornado.web
from jupyter_server.auth.identity import IdentityProvider, LegacyIdentityProvider, PasswordIdentityProvider
from jupyter_server.base.handlers import APIHandler

from nbtrack.charts.frame import finite
from nbtrack.errors import NbtrackError, UnknownRunError, UsageError
from nbtrack.journal import Home
from nbtrack.server.commands import within
from nbtrack.server.hub import Hub
from nbtrack.server.jobs import Jobs, UnknownJobError
from nbtrack.server.limits import Bucket, TooManyError

_LARGEST_BODY = 4_000_000
MOST_AT_ONCE, A_SECOND = 300, 50
"""Requests of one user."""
_ONE_PERSON = (IdentityProvider, PasswordIdentityProvider, LegacyIdentityProvider)
"""Jupyter Server's own ways to let somebody in: whoever has the token or the password is the one who started it, under names that each browser makes up."""


class Handler(APIHandler):
    """One route of ours."""

    auth_resource = "nbtrack"

    @property
    def home(self) -> Home:
        return self.settings["nbtrack_home"]  # type: ignore[no-any-return]

    @property
    def root(self) -> Path:
        """Folder that the server shows."""
        return Path(self.settings["nbtrack_root"])

    @property
    def hub(self) -> Hub:
        return self.settings["nbtrack_hub"]  # type: ignore[no-any-return]

    @property
    def jobs(self) -> Jobs:
        return self.settings["nbtrack_jobs"]  # type: ignore[no-any-return]

    @property
    def user(self) -> str:
        """Who asks, as far as the server tells people apart; empty where it does not."""
        return "" if type(self.identity_provider) in _ONE_PERSON else str(self.current_user.username)

    def body(self) -> dict[str, Any]:
        """The request's JSON object."""
        if len(self.request.body) > _LARGEST_BODY:
            raise tornado.web.HTTPError(413, f"A request may have {_LARGEST_BODY:,} bytes.")
        try:
            found = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError) as cause:
            raise tornado.web.HTTPError(400, "The request's body is no JSON.") from cause
        if not isinstance(found, dict):
            raise tornado.web.HTTPError(400, "The request's body is no JSON object.")
        return found

    def notebook(self, said: object) -> Path | None:
        """The notebook that a path below the server's root means; None where there is none.

        Raises:
            HTTPError: 400 where the path leaves the root.
        """
        try:
            return within(self.root, said) if said else None
        except UsageError as cause:
            raise tornado.web.HTTPError(400, cause.message) from cause

    async def answer(self, work: Callable[[], Any], tell: Callable[[Any], None] | None = None) -> None:
        """Do the work in a thread and answer what it gives, as JSON unless `tell` sends it."""
        buckets: dict[str, Bucket] = self.settings["nbtrack_buckets"]
        try:
            buckets.setdefault(self.user, Bucket(MOST_AT_ONCE, A_SECOND)).take("requests")
            found = await asyncio.get_running_loop().run_in_executor(None, work)
        except NbtrackError as error:
            self.refuse(error)
            return
        except Exception:  # what a page may have sent is without end; it learns nothing of our insides
            self.log.exception("nbtrack: %s %s", self.request.method, self.request.path)
            self.set_status(500)
            self.finish(json.dumps({"message": "The server could not answer.", "mend": "The server's log says why."}))
            return
        self.set_header("Cache-Control", "no-store")
        if tell is not None:
            tell(found)
        else:
            self.finish(json.dumps(found, allow_nan=False))

    def refuse(self, error: NbtrackError) -> None:
        """Answer with what is wrong and what mends it."""
        self.set_status(404 if isinstance(error, UnknownRunError | UnknownJobError) else 429 if isinstance(error, TooManyError) else 422)
        self.finish(json.dumps({"message": error.message, "mend": error.mend}))


def texts(value: object) -> list[str]:
    """The texts of a list that a page sent."""
    return [it for it in value if isinstance(it, str)] if isinstance(value, list) else []


def plain(value: Any) -> Any:
    """The same with lists in place of arrays, and numbers as JSON has them."""
    if isinstance(value, dict):
        return {name: plain(it) for name, it in value.items()}
    if isinstance(value, list | tuple):
        return [plain(it) for it in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return finite(value) if isinstance(value, float) else value
