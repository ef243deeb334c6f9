"""One sticky comment on a pull request: found by its mark, written over in place, made again where somebody deleted it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_WAIT_S = 60.0
"""Longest wait for a platform that asks to come back later; a job waits no longer for a comment."""
_TRIES = 4
_PAGES = 30
_TIMEOUT_S = 30


class Thread(Protocol):
    """The discussion of one pull request, over the platform's documented API."""

    limit_bytes: int
    """Most bytes of a comment."""

    def mine(self, mark: str) -> str:
        """Id of the comment of ours that begins with the mark, or empty."""
        ...

    def create(self, body: str) -> str:
        """Write a new one; where it can be read."""
        ...

    def update(self, comment_id: str, body: str) -> str:
        """Write over one; where it can be read.

        Raises:
            GoneAnswer: it is not there any more.
        """
        ...


class Answer(Exception):  # noqa: N818 - what a platform said, for whoever writes the comment
    """The platform did not do it."""

    def __init__(self, text: str, mend: str) -> None:
        super().__init__(text)
        self.text, self.mend = text, mend


class GoneAnswer(Answer):
    """What was asked for is not there."""


@dataclass(frozen=True)
class Commented:
    """Whether it is there, and where; or why not."""

    url: str = ""
    problem: str = ""


def mark_of(key: str) -> str:
    """The invisible first line of a comment, by which it is found again.

    Args:
        key: what the report is about, such as the pipeline's name; two of them in one pull request have a comment each.
    """
    safe = re.sub(r"[^A-Za-z0-9._]+", "-", key)[:80]
    return f"<!-- nbtrack:{safe or 'report'} -->"


def comment(thread: Thread, key: str, body: str) -> Commented:
    """Write the one comment of this key."""
    mark = mark_of(key)
    text = f"{mark}\n{body}"
    try:
        known = thread.mine(mark)
        if known:
            try:
                return Commented(thread.update(known, text))
            except GoneAnswer:
                pass  # deleted meanwhile
        return Commented(thread.create(text))
    except Answer as cause:
        return Commented(problem=f"The comment was not written: {cause.text} {cause.mend}")


class Api:
    """A platform's JSON over HTTP, with its refusals in words."""

    def __init__(self, root: str, headers: Mapping[str, str], mend: str, sleep: Callable[[float], None] = time.sleep) -> None:
        """
        Args:
            mend: what to do where the token may not.
        """
        import requests

        self._session = requests.Session()
        self._session.headers.update({"User-Agent": "nbtrack", **headers})
        self._root, self._mend, self._sleep = root.rstrip("/"), mend, sleep

    def ask(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON.

        Raises:
            GoneAnswer: 404 or 410.
            Answer: any other refusal.
        """
        import requests

        for attempt in range(_TRIES):
            wait_s: float | None
            try:
                found = self._session.request(method, f"{self._root}{path}", json=data, timeout=_TIMEOUT_S, allow_redirects=method == "GET")
            except requests.RequestException as cause:
                problem = Answer(f"{self._root} cannot be reached: {type(cause).__name__}.", "Run the job again.")
                wait_s = float(2**attempt)
            else:
                if found.status_code < 300:
                    try:
                        return found.json()
                    except ValueError as cause:
                        raise Answer(f"{self._root} answers with no JSON.", "See whether it is the platform's API.") from cause
                problem, wait_s = self._refusal(found, attempt)
            if wait_s is None or wait_s > _WAIT_S or attempt == _TRIES - 1:
                raise problem
            self._sleep(wait_s)
        raise AssertionError  # the last try raises

    def pages(self, path: str) -> Any:
        """Every item of a list."""
        for page in range(1, _PAGES + 1):
            found = self.ask("GET", f"{path}{'&' if '?' in path else '?'}per_page=100&page={page}")
            if not isinstance(found, list):
                raise Answer(f"{self._root} answers with no list.", "See whether it is the platform's API.")
            yield from found
            if len(found) < 100:
                return

    def _refusal(self, found: Any, attempt: int) -> tuple[Answer, float | None]:
        """What a refusal means, and after how many seconds it is worth to ask again; None for never."""
        code = found.status_code
        said = f"{self._root} answers {code}"
        later = found.headers.get("Retry-After", "")
        if code == 429 or (code == 403 and (later or found.headers.get("X-RateLimit-Remaining") == "0")):
            wait_s = float(later) if later.isdigit() else _until(found.headers.get("X-RateLimit-Reset", ""))
            return Answer(f"{said}: too many requests.", "Run the job again later."), max(wait_s, float(2**attempt))
        if code >= 500:
            return Answer(f"{said}.", "Run the job again later."), float(2**attempt)
        if code in (404, 410):
            return GoneAnswer(f"{said}: it is not there, or the token may not see it.", self._mend), None
        if code in (401, 403):
            return Answer(f"{said}: the token may not.", self._mend), None
        return Answer(f"{said}.", "Report it to nbtrack with the job's log."), None


def _until(reset: str) -> float:
    """Seconds to a moment given in seconds since the epoch; a minute where it is not."""
    return max(1.0, int(reset) - time.time()) if reset.isdigit() else _WAIT_S
