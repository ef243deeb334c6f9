"""A pipeline as a DAG of Apache Airflow 2.9 or later, 3 included: https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/dags.html."""

from __future__ import annotations

from nbtrack.exports.jobs import Plan, without_templates
from nbtrack.exports.python_text import EXECUTE, head, tables


def text(plan: Plan) -> str:
    """The DAG's file. Its tasks run `nbtrack` where Airflow's workers have it; without a shared cache that must be one machine.

    Raises:
        UsageError: a text would be taken for a template.
    """
    without_templates(plan, "Airflow")
    schedule = repr(plan.target.schedule) if plan.target.schedule else "None"
    return f"""{head(plan, "airflow")}

import os
import shlex
import subprocess
from datetime import datetime, timezone

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow.decorators import task
    from airflow.models.dag import DAG

{tables(plan)}
{EXECUTE}

with DAG({plan.slug!r}, schedule={schedule}, start_date=datetime(2024, 1, 1, tzinfo=timezone.utc), catchup=False, max_active_runs=1, tags=["nbtrack"]):
    tasks = {{}}
    for name, stage in STAGES.items():
        tasks[name] = task(task_id=name)(execute)(*stage["command"])
        for need in stage["needs"]:
            tasks[need] >> tasks[name]
"""
