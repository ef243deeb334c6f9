"""A pipeline written for other schedulers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nbtrack.errors import UsageError
from nbtrack.exports import airflow, argo, github, gitlab, kfp, prefect
from nbtrack.exports.jobs import Plan, Target, plan_of
from nbtrack.pipelines.graph import Graph

TARGETS: Mapping[str, Callable[[Plan], str]] = {
    "airflow": airflow.text,
    "kfp": kfp.text,
    "argo": argo.text,
    "prefect": prefect.text,
    "github": github.text,
    "gitlab": gitlab.text,
}
"""What writes the file for each."""


def export(graph: Graph, scheduler: str, target: Target) -> str:
    """The file's text.

    Raises:
        UsageError: there is no such scheduler, or it cannot run the pipeline so.
    """
    if scheduler not in TARGETS:
        raise UsageError(f"nbtrack does not export to {scheduler!r}.", mend=f"It is one of {', '.join(TARGETS)}.")
    return TARGETS[scheduler](plan_of(graph, target))
