"""A pipeline as a workflow of GitHub Actions: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax."""

from __future__ import annotations

import shlex
from typing import Any

from nbtrack.ci.starters import pinned
from nbtrack.errors import UsageError
from nbtrack.exports.jobs import Job, Plan
from nbtrack.exports.yaml_file import text_of

_PYTHON = "3.12"
_HERE = ".nbtrack/cache"


def text(plan: Plan) -> str:
    """A workflow with a job for each stage. Without a shared cache, results go from job to job through that of GitHub.

    Raises:
        UsageError: a text would be taken for an expression.
    """
    for part in (it for job in plan.jobs for it in job.command):
        if "${{" in part:
            raise UsageError(f"{part!r} holds ${{{{, which GitHub would replace.", mend="Write the value in another way.")
    on: dict[str, Any] = {"workflow_dispatch": {}}
    if plan.target.schedule:
        on["schedule"] = [{"cron": plan.target.schedule}]
    env = {"NBTRACK_HOME": "${{ github.workspace }}/.nbtrack/home", "NBTRACK_TRACKING_URI": "${{ secrets.MLFLOW_TRACKING_URI }}"}
    env |= {it: f"${{{{ vars.{it} }}}}" for it in plan.variables} | {it: f"${{{{ secrets.{it} }}}}" for it in plan.secrets} | dict(plan.target.env)
    data = {
        "name": plan.name, "on": on, "permissions": {"contents": "read"}, "concurrency": {"group": f"nbtrack-{plan.slug}"},
        "env": env, "jobs": {job.slug: _job(plan, job) for job in plan.jobs},
    }  # fmt: skip
    return text_of(plan, "github", data)


def _job(plan: Plan, job: Job) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [
        {"uses": pinned("actions/checkout"), "with": {"persist-credentials": False}},
        {"uses": pinned("actions/setup-python"), "with": {"python-version": _PYTHON, "cache": "pip"}},
        {"run": "pip install -r requirements.txt"},
    ]
    if not plan.is_shared:
        folder = plan.target.file.rpartition("/")[0]
        path = f"{folder}/{_HERE}" if folder else _HERE
        cache = pinned("actions/cache")
        for need in job.needs:
            keys = {
                "key": f"nbtrack-{need}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}",
                "restore-keys": f"nbtrack-{need}-${{{{ github.run_id }}}}-",
            }
            steps.append({"uses": cache.replace("actions/cache@", "actions/cache/restore@"), "with": {"path": path, **keys}})
        key = f"nbtrack-{job.slug}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}"
        steps.append({"uses": cache, "with": {"path": path, "key": key, "restore-keys": f"nbtrack-{job.slug}-"}})
    steps.append({"name": job.name, "run": shlex.join(job.command)})
    made: dict[str, Any] = {"name": job.name, "runs-on": "ubuntu-latest"}
    made |= {"needs": list(job.needs)} if job.needs else {}
    made |= {"container": plan.target.image} if plan.target.image else {}
    return {**made, "steps": steps}
