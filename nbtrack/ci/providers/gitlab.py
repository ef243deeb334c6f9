"""GitLab CI: the note on a merge request; reports are artifacts that the job's configuration names.

https://docs.gitlab.com/ci/variables/predefined_variables, https://docs.gitlab.com/api/notes, https://docs.gitlab.com/ci/jobs/job_artifacts
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from nbtrack.ci.comment import Api, Thread
from nbtrack.ci.draw_markdown import GITLAB_NOTE
from nbtrack.ci.providers.plain import Plain

_MEND = "Make a project access token with the scope api and the role Reporter, and give it to the job as the masked variable GITLAB_TOKEN."


class GitLab(Plain):
    """A job of GitLab CI."""

    name = "gitlab"

    def __init__(self, env: Mapping[str, str]) -> None:
        super().__init__()
        self._env = env

    @classmethod
    def of(cls, env: Mapping[str, str]) -> GitLab | None:
        return cls(env) if env.get("GITLAB_CI") else None

    def base(self) -> str:
        target = self._env.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "")
        return f"origin/{target}" if target else ""

    def link(self) -> str:
        return self._env.get("CI_JOB_URL", "")

    def file(self, path: Path) -> str:
        job, top = self.link(), self._env.get("CI_PROJECT_DIR", "")
        name = os.path.relpath(path.absolute(), top).replace(os.sep, "/") if top else ".."
        return "" if not job or name.startswith("../") or name == ".." else f"{job}/artifacts/file/{quote(name)}"

    def thread(self) -> Thread | None:
        project, number = self._env.get("CI_PROJECT_ID", ""), self._env.get("CI_MERGE_REQUEST_IID", "")
        if not project or not number.isdigit():
            return None
        token = self._env.get("GITLAB_TOKEN")
        if not token:
            self.notes.append(f"No note is written, for a job's own token may not. {_MEND}")
            return None
        return MergeRequest(self._env.get("CI_API_V4_URL") or "https://gitlab.com/api/v4", project, int(number), token)


class MergeRequest:
    """The discussion of a merge request."""

    limit_bytes = GITLAB_NOTE

    def __init__(self, root: str, project: str, number: int, token: str) -> None:
        self._api = Api(root, {"PRIVATE-TOKEN": token}, _MEND)
        self._place = f"/projects/{quote(project, safe='')}/merge_requests/{number}/notes"

    def mine(self, mark: str) -> str:
        """Others' notes are passed over, whatever they begin with."""
        me = self._api.ask("GET", "/user").get("id")
        for it in self._api.pages(self._place):
            if str(it.get("body") or "").startswith(mark) and (it.get("author") or {}).get("id") == me:
                return str(it["id"])
        return ""

    def create(self, body: str) -> str:
        return str(self._api.ask("POST", self._place, {"body": body}).get("id", ""))

    def update(self, comment_id: str, body: str) -> str:
        return str(self._api.ask("PUT", f"{self._place}/{quote(comment_id)}", {"body": body}).get("id", ""))
