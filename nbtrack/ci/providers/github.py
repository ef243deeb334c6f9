"""GitHub Actions: job summary, annotations, step outputs, and the comment on a pull request.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands, https://docs.github.com/rest/issues/comments,
https://docs.github.com/rest/pulls/pulls, https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows (workflow_run)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from nbtrack.ci.comment import Answer, Api, Thread
from nbtrack.ci.draw_markdown import GITHUB_COMMENT, GITHUB_SUMMARY
from nbtrack.ci.provider import Annotation

_MEND = "Give the job's token the right: permissions: {pull-requests: write}. A pull request from a fork never has it, see docs/ci.md."
_TWO = "nbtrack init --ci github writes a second workflow that does, without running code of the pull request; see docs/ci.md."
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
                where = f"file={_property(it.file)},line={it.line}," if it.file else ""
                print(f"::{level} {where}title={_property(it.title)}::{_data(it.text)}", file=sys.stdout, flush=True)  # noqa: T201 - that is how it is told

    def outputs(self, values: Mapping[str, str]) -> None:
        end = f"nbtrack-{uuid4().hex}"  # a value cannot close what it does not know
        self._append("GITHUB_OUTPUT", "".join(f"{name}<<{end}\n{value}\n{end}\n" for name, value in values.items()))

    def link(self) -> str:
        server, repository, run = (self._env.get(f"GITHUB_{it}", "") for it in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
        if finished := self._finished():
            run = str(finished.get("id", ""))
        return f"{server}/{repository}/actions/runs/{run}" if server and repository and run.isdigit() else ""

    def file(self, path: Path) -> str:
        """An artifact is one archive, whose number is known when it is kept: after this."""
        return ""

    def thread(self) -> Thread | None:
        repository, finished = self._env.get("GITHUB_REPOSITORY", ""), self._finished()
        token = self._env.get("GITHUB_TOKEN") or self._env.get("GH_TOKEN")
        number = self._pull_request()
        if not repository or not (number or finished):
            return None
        if not token:
            self.notes.append(f"This job writes no comment, for it has no token. {_TWO}")
            return None
        root = self._env.get("GITHUB_API_URL") or "https://api.github.com"
        if not number:
            number = self._pull_request_of(finished, Api(root, _headers(token), _MEND), repository)
        return PullRequest(root, repository, number, token) if number else None

    def _pull_request(self) -> int:
        """Its number, by the event; 0 where the job is for none."""
        try:
            return int(self._event()["pull_request"]["number"])
        except (ValueError, KeyError, TypeError):
            parts = self._env.get("GITHUB_REF", "").split("/")
            return int(parts[2]) if parts[:2] == ["refs", "pull"] and len(parts) > 2 and parts[2].isdigit() else 0

    def _finished(self) -> dict[str, Any]:
        """The run for a pull request whose end began this job; empty where something else did."""
        found = self._event().get("workflow_run")
        return found if isinstance(found, dict) and found.get("event") == "pull_request" else {}

    def _pull_request_of(self, finished: Mapping[str, Any], api: Api, repository: str) -> int:
        """The open pull request that a run was for. All of it comes from GitHub: what the run's own files say of it, its code may have made up."""
        try:
            source, branch, commit = finished["head_repository"]["full_name"], finished["head_branch"], finished["head_sha"]
            owner = finished["head_repository"]["owner"]["login"]
            path = f"/repos/{quote(repository)}/pulls?state=open&head={quote(f'{owner}:{branch}', safe='')}"
            for it in api.pages(path):
                if it["head"]["sha"] == commit and (it["head"]["repo"] or {}).get("full_name") == source:
                    return int(it["number"])
        except Answer as cause:
            self.notes.append(f"The pull request was not found: {cause.text} {cause.mend}")
            return 0
        except (KeyError, TypeError, ValueError) as cause:
            self.notes.append(f"The pull request was not found: the event lacks {cause}.")
            return 0
        self.notes.append("No comment is written: the pull request is closed, or has newer commits, whose own run will be told.")
        return 0

    def _event(self) -> dict[str, Any]:
        try:
            found = json.loads(Path(self._env.get("GITHUB_EVENT_PATH", "")).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

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
        self._api = Api(root, _headers(token), _MEND)
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


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
