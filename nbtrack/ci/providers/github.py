"""GitHub Actions: job summary, annotations, step outputs, and the comment on a pull request.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands, https://docs.github.com/rest/issues/comments
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from nbtrack.ci.comment import Answer, Api, Thread
from nbtrack.ci.draw_markdown import GITHUB_COMMENT, GITHUB_SUMMARY
from nbtrack.ci.provider import Annotation

_MEND = "Give the job's token the right: permissions: {pull-requests: write}. A pull request from a fork never has it, see docs/ci.md."
_BOT = "github-actions[bot]"
_ANNOTATIONS = 10
"""Of one level that GitHub shows for a step."""


class GitHub:
    """A job of GitHub Actions."""

    name = "github"
    summary_bytes = GITHUB_SUMMARY

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.notes: list[str] = []

    @classmethod
    def of(cls, env: Mapping[str, str]) -> GitHub | None:
        return cls(env) if env.get("GITHUB_ACTIONS") == "true" else None

    def base(self) -> str:
        target = self._env.get("GITHUB_BASE_REF", "")
        return f"origin/{target}" if target else ""

    def summary(self, markdown: str) -> None:
        self._append("GITHUB_STEP_SUMMARY", markdown)

    def annotate(self, annotations: Sequence[Annotation]) -> None:
        for level in ("error", "warning"):
            for it in [it for it in annotations if it.level == level][:_ANNOTATIONS]:
                where = f"file={_property(it.file)},line=1," if it.file else ""
                print(f"::{level} {where}title={_property(it.title)}::{_data(it.text)}", file=sys.stdout, flush=True)  # noqa: T201 - that is how it is told

    def outputs(self, values: Mapping[str, str]) -> None:
        end = f"nbtrack-{uuid4().hex}"  # a value cannot close what it does not know
        self._append("GITHUB_OUTPUT", "".join(f"{name}<<{end}\n{value}\n{end}\n" for name, value in values.items()))

    def thread(self) -> Thread | None:
        number, repository = self._pull_request(), self._env.get("GITHUB_REPOSITORY", "")
        token = self._env.get("GITHUB_TOKEN") or self._env.get("GH_TOKEN")
        if not number or not repository:
            return None
        if not token:
            self.notes.append(
                "No comment is written, for there is no token: env: {GITHUB_TOKEN: ${{ github.token }}}, and permissions: {pull-requests: write}."
            )
            return None
        return PullRequest(self._env.get("GITHUB_API_URL") or "https://api.github.com", repository, number, token)

    def _pull_request(self) -> int:
        """Its number, by the event; 0 where the job is for none."""
        try:
            event = json.loads(Path(self._env.get("GITHUB_EVENT_PATH", "")).read_text("utf-8"))
            return int(event["pull_request"]["number"])
        except (OSError, ValueError, KeyError, TypeError):
            parts = self._env.get("GITHUB_REF", "").split("/")
            return int(parts[2]) if parts[:2] == ["refs", "pull"] and len(parts) > 2 and parts[2].isdigit() else 0

    def _append(self, variable: str, text: str) -> None:
        path = self._env.get(variable)
        if not path:
            return
        try:
            with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text if text.endswith("\n") else f"{text}\n")
        except OSError as cause:
            self.notes.append(f"{variable} cannot be written: {cause.strerror or cause}.")


class PullRequest:
    """The discussion of a pull request."""

    limit_bytes = GITHUB_COMMENT

    def __init__(self, root: str, repository: str, number: int, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        self._api = Api(root, headers, _MEND)
        self._place = f"/repos/{quote(repository)}/issues"
        self._number = number

    def mine(self, mark: str) -> str:
        """Others' comments are passed over, whatever they begin with: who wrote one may change it later."""
        me = self._me()
        for it in self._api.pages(f"{self._place}/{self._number}/comments"):
            if str(it.get("body") or "").startswith(mark) and (it.get("user") or {}).get("login") == me:
                return str(it["id"])
        return ""

    def create(self, body: str) -> str:
        return str(self._api.ask("POST", f"{self._place}/{self._number}/comments", {"body": body}).get("html_url", ""))

    def update(self, comment_id: str, body: str) -> str:
        return str(self._api.ask("PATCH", f"{self._place}/comments/{quote(comment_id)}", {"body": body}).get("html_url", ""))

    def _me(self) -> str:
        """Who the token is; a job's own token may not ask."""
        try:
            return str(self._api.ask("GET", "/user")["login"])
        except (Answer, KeyError, TypeError):
            return _BOT


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
