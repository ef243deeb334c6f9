"""A pipeline as the jobs of another scheduler: a command line for each stage, and what it waits for.

Each job runs its stage with `nbtrack run`: params, conditions, retries, timeouts, gates and the cache stay ours, so that they mean the
same there. What a job needs of others comes out of the shared cache.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from nbtrack.errors import UsageError
from nbtrack.pipelines.graph import Graph


@dataclass(frozen=True)
class Target:
    """Where and how the jobs will run."""

    file: str
    """The pipeline file as a job sees it."""
    profile: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables of every job."""
    image: str = ""
    """Container image with the project, its packages and nbtrack."""
    schedule: str = ""
    """Five fields of cron, in UTC; empty for none."""


@dataclass(frozen=True)
class Job:
    """One stage with one combination of its matrix."""

    name: str
    """The stage as the pipeline names it, such as `train[model=ridge]`."""
    slug: str
    """Lower-case letters, digits and `-`; begins with a letter, at most 63 characters, no other job has it."""
    needs: tuple[str, ...]
    """Slugs."""
    command: tuple[str, ...]
    cpus: float
    memory_bytes: int | None


@dataclass(frozen=True)
class Plan:
    """The jobs of a pipeline, each after those it needs."""

    name: str
    slug: str
    description: str
    jobs: tuple[Job, ...]
    variables: tuple[str, ...]
    """Variables of the environment that stages read."""
    secrets: tuple[str, ...]
    """Variables that hold secrets."""
    is_shared: bool
    """Whether jobs on several machines have a cache in common."""
    target: Target


def plan_of(graph: Graph, target: Target) -> Plan:
    """What there is to export."""
    pipeline = graph.loaded.pipeline
    slugs = _slugs(list(graph.nodes))
    options = ["--file", target.file, *(["--profile", target.profile] if target.profile else []), "--deliver"]
    for name, value in target.params.items():
        options += ["-p", f"{name}={value}"]
    jobs = tuple(
        Job(
            node.id, slugs[node.id], tuple(slugs[need] for need in node.needs), ("nbtrack", "run", node.id, *options),
            node.spec.resources.cpus, node.spec.resources.memory,
        )
        for node in graph.nodes.values()
    )  # fmt: skip
    name = graph.loaded.name
    is_shared = bool(pipeline.remote or target.env.get("NBTRACK_CACHE"))
    return Plan(name, _slugs([name])[name], pipeline.description, jobs, tuple(pipeline.env), tuple(pipeline.secrets), is_shared, target)


def needs_image(plan: Plan, scheduler: str) -> None:
    """See that jobs in containers have an image and a cache in common.

    Raises:
        UsageError: one is missing.
    """
    if not plan.target.image:
        raise UsageError(f"{scheduler} runs each stage in a container, and no image is named.", mend="Name one with the project in it: --image IMAGE.")
    if not plan.is_shared:
        raise UsageError(
            f"{scheduler} runs each stage on a machine of its own, and they share no cache to hand results over.",
            mend="Write `remote: s3://BUCKET/cache` into the pipeline file, or give --env NBTRACK_CACHE=URL.",
        )


def without_templates(plan: Plan, scheduler: str) -> None:
    """See that no text would be taken for a template.

    Raises:
        UsageError: one would.
    """
    for text in (part for job in plan.jobs for part in job.command):
        if "{{" in text or "}}" in text:
            raise UsageError(f"{text!r} holds {{{{ or }}}}, which {scheduler} would replace.", mend="Write the value in another way.")


def _slugs(names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        words = "-".join(re.findall(r"[a-z0-9]+", name.lower())) or "stage"
        stem = (words if words[0].isalpha() else f"s-{words}")[:57].rstrip("-")
        slug, number = stem, 1
        while slug in found.values():
            number += 1
            slug = f"{stem}-{number}"
        found[name] = slug
    return found
