"""A pipeline as a flow of Prefect 3: https://docs.prefect.io/v3/concepts/flows."""

from __future__ import annotations

from nbtrack.exports.jobs import Plan
from nbtrack.exports.python_text import EXECUTE, head, tables


def text(plan: Plan) -> str:
    """The flow's file; executed as a script it runs the flow, or serves it where there is a schedule."""
    run = f"pipeline.serve(name={plan.slug!r}, cron={plan.target.schedule!r})" if plan.target.schedule else "pipeline()"
    return f"""{head(plan, "prefect")}

import os
import shlex
import subprocess

from prefect import flow, task

{tables(plan)}
{EXECUTE}

@flow(name={plan.slug!r})
def pipeline():
    tasks = {{}}
    for name, stage in STAGES.items():
        tasks[name] = task(name=name)(execute).submit(*stage["command"], wait_for=[tasks[need] for need in stage["needs"]])
    for future in tasks.values():
        future.result()


if __name__ == "__main__":
    {run}
"""
