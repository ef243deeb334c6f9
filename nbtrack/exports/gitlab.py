"""A pipeline as jobs of GitLab CI: https://docs.gitlab.com/ci/yaml/."""

from __future__ import annotations

import shlex
from typing import Any

from nbtrack.exports.jobs import Job, Plan
from nbtrack.exports.yaml_file import text_of

_IMAGE = "python:3.12"


def text(plan: Plan) -> str:
    """A pipeline with a job for each stage. Without a shared cache, results go from job to job as artifacts."""
    # GitLab would replace $NAME in variables
    variables = {"NBTRACK_HOME": "$CI_PROJECT_DIR/.nbtrack/home", **{name: value.replace("$", "$$") for name, value in plan.target.env.items()}}
    data: dict[str, Any] = {"stages": ["notebooks"], "variables": variables}
    data |= {"default": {"image": plan.target.image or _IMAGE, "before_script": ["pip install -r requirements.txt"]}}
    data |= {job.slug: _job(plan, job) for job in plan.jobs}
    notes = [f"Set as variables of the project: {', '.join((*plan.variables, *plan.secrets))}."] if plan.variables or plan.secrets else []
    if plan.target.schedule:
        notes.append(f"Make a schedule for it (Build > Pipeline schedules): {plan.target.schedule} UTC.")
    return text_of(plan, "gitlab", data, *notes)


def _job(plan: Plan, job: Job) -> dict[str, Any]:
    made: dict[str, Any] = {"stage": "notebooks", "needs": list(job.needs), "script": [shlex.join(job.command)]}
    if not plan.is_shared:
        folder = plan.target.file.rpartition("/")[0]
        made["artifacts"] = {"when": "always", "paths": [f"{folder}/.nbtrack/cache/" if folder else ".nbtrack/cache/"], "expire_in": "1 day"}
    return made
