"""A pipeline as a Workflow of Argo Workflows: https://argo-workflows.readthedocs.io/en/latest/fields/."""

from __future__ import annotations

from typing import Any

from nbtrack.exports.jobs import Job, Plan, needs_image, without_templates
from nbtrack.exports.yaml_file import text_of


def text(plan: Plan) -> str:
    """A Workflow, or a CronWorkflow where there is a schedule.

    Raises:
        UsageError: there is no image or no shared cache, or a text would be taken for a template.
    """
    needs_image(plan, "Argo Workflows")
    without_templates(plan, "Argo Workflows")
    tasks = [{"name": job.slug, "template": job.slug, **({"dependencies": list(job.needs)} if job.needs else {})} for job in plan.jobs]
    spec = {"entrypoint": "pipeline", "templates": [{"name": "pipeline", "dag": {"tasks": tasks}}, *(_template(plan, job) for job in plan.jobs)]}
    meta: dict[str, Any] = {"annotations": {"workflows.argoproj.io/description": plan.description}} if plan.description else {}
    data: dict[str, Any] = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": f"{plan.slug}-", **meta}, "spec": spec}
    if plan.target.schedule:
        cron = {"schedules": [plan.target.schedule], "timezone": "Etc/UTC", "concurrencyPolicy": "Forbid", "workflowSpec": spec}
        data = {**data, "kind": "CronWorkflow", "metadata": {"name": plan.slug, **meta}, "spec": cron}
    return text_of(plan, "argo", data)


def _template(plan: Plan, job: Job) -> dict[str, Any]:
    env: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in plan.target.env.items()]
    env += [{"name": it, "valueFrom": {"secretKeyRef": {"name": "nbtrack", "key": it}}} for it in plan.secrets]  # a Secret `nbtrack` of the cluster
    requests = {"cpu": f"{job.cpus:g}", **({"memory": str(job.memory_bytes)} if job.memory_bytes is not None else {})}
    container: dict[str, Any] = {"image": plan.target.image, "command": [job.command[0]], "args": list(job.command[1:])}
    container |= {"env": env} if env else {}
    return {"name": job.slug, "container": {**container, "resources": {"requests": requests}}}
