"""What changed between two runs: numbers and texts, read from the journal."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from nbtrack.entities import Kind, Metric, RunView
from nbtrack.entities.difference import Change, Compared, CurveChange, DataChange, EnvironmentChange, GitChange, MetricChange, NotebookChange, RunDiff
from nbtrack.errors import DeliveryError, JournalError, StoreError
from nbtrack.journal import Home, blobs, events_of
from nbtrack.journal.fold import points_of
from nbtrack.reads import words
from nbtrack.reads.cached import source_of
from nbtrack.reads.copied import copied
from nbtrack.reads.notebook_diff import diff_notebooks

_POINTS = 500_000
"""Points of both runs up to which curves are compared step by step."""
_LINES = 400
_SYSTEM = "system/"
C = TypeVar("C", EnvironmentChange, GitChange, NotebookChange)
_FACTS = ("python", "implementation", "platform", "machine", "cpu", "cpus", "memory_bytes", "gpus", "seeds")
_GIT_S = 10
_COMMIT = re.compile("[0-9a-f]{7,64}")
_NOTEBOOKS = ("notebook/executed.ipynb", "notebook/recipe.ipynb", "notebook/document.ipynb")


def diff_runs(home: Home, a: RunView, b: RunView, folder: Path) -> RunDiff:
    """What changed from one run to another; secrets read `***`. One that took its result from a pipeline's cache counts as the run that made it.

    Args:
        folder: where git is asked for the commits between.
    """
    a, b = source_of(home, a), source_of(home, b)
    with _readable(home, a, b) as (there, (one, other), why):
        return RunDiff(
            _compared(a),
            _compared(b),
            diff_texts(_facts(a), _facts(b)),
            diff_params(a, b),
            diff_metrics(a.metrics, b.metrics),
            _curves(there, one, other),
            _data(datasets_of(there, one), datasets_of(there, other)) if one.is_local and other.is_local else (),
            _or_why(_environment(there, one, other), why),
            _or_why(_git(there, one, other, folder), why),
            _or_why(_notebook(there, one, other), why),
            _stamp(a, b),
        )


@contextmanager
def _readable(home: Home, a: RunView, b: RunView) -> Iterator[tuple[Home, list[RunView], str]]:
    """The runs with files and curves; of a store that does not give them, without, and why it does not."""
    with ExitStack() as stack:
        try:
            found, why = stack.enter_context(copied(home, a, b, folders=("notebook", "environment", "git"), with_points=True)), ""
        except (StoreError, DeliveryError) as error:
            found, why = (home, [a, b]), error.message
        yield (*found, why)


def _or_why(change: C, why: str) -> C:
    """A section; where it lacks something that the store did not give, with the reason."""
    return dataclasses.replace(change, missing=f"not compared, as the store did not give it: {words.clean(why)}") if why and change.missing else change


def diff_texts(a: Mapping[str, str], b: Mapping[str, str]) -> tuple[Change, ...]:
    """Texts that differ, by name, in the order of the first and then the second."""
    return tuple(Change(name, a.get(name), b.get(name)) for name in {**a, **b} if a.get(name) != b.get(name))


def diff_params(a: RunView, b: RunView) -> tuple[Change, ...]:
    """Params that differ, secrets concealed; a secret that changed is told as one."""
    return tuple(
        Change(it.name, None if it.a is None else words.told(it.name, it.a), None if it.b is None else words.told(it.name, it.b))
        for it in diff_texts(a.params, b.params)
    )


def diff_metrics(a: Mapping[str, Metric], b: Mapping[str, Metric]) -> tuple[MetricChange, ...]:
    """Metrics whose last value differs: it counts in comparisons, gates and queries.

    What the machine did (`system/…`) is left out, as no run is better by it.
    """
    found = []
    for name in {**a, **b}:
        if name.startswith(_SYSTEM):
            continue
        one, other = a.get(name), b.get(name)
        known = other or one
        assert known is not None
        values = [None if it is None else it.last for it in (one, other)]
        if not _is_same(*values):
            found.append(MetricChange(name, known.direction, values[0], values[1]))
    return tuple(found)


def _is_same(a: float | None, b: float | None) -> bool:
    return a == b or (a is not None and b is not None and math.isnan(a) and math.isnan(b))


def _compared(view: RunView) -> Compared:
    return Compared(view.run_id, words.title(view), view.state.value, view.start.started_ns, view.duration_s)


def _facts(view: RunView) -> dict[str, str]:
    return {
        "state": view.state.value,
        "reason": words.clean(view.reason),
        "experiment": view.start.experiment,
        "notebook": view.tags.get("nbtrack.notebook", ""),
    }


def _curves(home: Home, a: RunView, b: RunView) -> tuple[CurveChange, ...]:
    names = [name for name in a.metrics if name in b.metrics and not name.startswith(_SYSTEM) and max(a.metrics[name].count, b.metrics[name].count) > 1]
    if not names:
        return ()
    total = sum(view.metrics[name].count for view in (a, b) for name in view.metrics)
    series = [_series(home, view, set(names)) for view in (a, b)] if total <= _POINTS else [{}, {}]
    found = []
    for name in names:
        one, other = a.metrics[name], b.metrics[name]
        points, others = (it.get(name, {}) for it in series)
        diverges = next((step for step in sorted(points) if step in others and not _is_same(points[step], others[step])), None)
        if diverges is None and one.count == other.count and _is_same(one.last, other.last) and _is_same(one.best, other.best):
            continue
        pairs = (one.last, other.last), (one.best, other.best), (one.best_step, other.best_step)
        found.append(CurveChange(name, other.direction, (one.count, other.count), *pairs, diverges))
    return tuple(found)


def _series(home: Home, view: RunView, names: set[str]) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    if not view.is_local:
        from nbtrack.reads.series import stored_points

        with contextlib.suppress(StoreError, DeliveryError):  # then the ends of the curves are compared, which are known
            found = {name: dict(zip(it.steps.tolist(), it.values.tolist(), strict=True)) for name, it in stored_points(home, view, names).items()}
        return found
    for name, step, _, value in points_of(home, view.run_id):
        if name in names:
            found.setdefault(name, {})[step] = value
    return found


def datasets_of(home: Home, view: RunView) -> dict[str, dict[str, Any]]:
    """MLflow's facts of the data a run read, by name."""
    found: dict[str, dict[str, Any]] = {}
    for event in events_of(home, view.run_id):
        if event.kind == Kind.INPUT:
            facts = parsed(event.data.get("dataset"))
            facts = facts.get("dataset", facts) if isinstance(facts, dict) else {}
            if isinstance(facts, dict):
                found[str(facts.get("name") or "dataset")] = facts
    return found


def _data(a: dict[str, dict[str, Any]], b: dict[str, dict[str, Any]]) -> tuple[DataChange, ...]:
    found = []
    for name in {**a, **b}:
        one, other = a.get(name), b.get(name)
        schema = diff_texts(columns_of(one), columns_of(other))
        digest = Change("digest", _text(one, "digest"), _text(other, "digest"))
        rows = Change("rows", rows_of(one), rows_of(other))
        if schema or digest.a != digest.b or rows.a != rows.b:
            found.append(DataChange(name, digest, rows, schema))
    return tuple(found)


def _text(facts: dict[str, Any] | None, key: str) -> str | None:
    return None if facts is None or facts.get(key) is None else str(facts[key])


def rows_of(facts: dict[str, Any] | None) -> str | None:
    """How many rows a dataset has, where its profile says so."""
    profile = parsed((facts or {}).get("profile"))
    found = next((profile[key] for key in ("rows", "num_rows", "num_examples") if key in profile), None) if isinstance(profile, dict) else None
    return None if found is None else str(found)


def columns_of(facts: dict[str, Any] | None) -> dict[str, str]:
    """Column to type: MLflow's column list, or a plain mapping; another schema is one text."""
    schema = parsed((facts or {}).get("schema"))
    if isinstance(schema, dict):
        columns = schema.get("mlflow_colspec", schema.get("columns"))
        columns = parsed(columns)
        if isinstance(columns, list) and all(isinstance(it, dict) for it in columns):
            return {str(it.get("name", at)): str(it.get("type", it.get("dtype", ""))) for at, it in enumerate(columns)}
        if isinstance(columns, dict):
            schema = columns
        return {str(name): kind if isinstance(kind, str) else json.dumps(kind) for name, kind in schema.items()}
    return {} if schema is None else {"schema": str(schema)}


def _environment(home: Home, a: RunView, b: RunView) -> EnvironmentChange:
    found = [parsed(_artifact(home, view, "environment/environment.json")) for view in (a, b)]
    missing = _missing(a, b, [isinstance(it, dict) for it in found], "the environment")
    if missing:
        return EnvironmentChange(missing=missing)
    one, other = found
    facts = [{name: it[name] if isinstance(it[name], str) else json.dumps(it[name]) for name in _FACTS if it.get(name) is not None} for it in (one, other)]
    lists = [_artifact(home, view, "environment/requirements.txt") for view in (a, b)]
    if all(it is not None for it in lists):
        versions = [_versions(text or "") for text in lists]
    else:
        versions = [{str(name): str(version) for name, version in (it.get("imported") or {}).items()} for it in (one, other)]
    variables = [{str(name): words.told(str(name), str(value)) for name, value in (it.get("variables") or {}).items()} for it in (one, other)]
    return EnvironmentChange(diff_texts(*facts), diff_texts(*versions), diff_texts(*variables))


def _versions(requirements: str) -> dict[str, str]:
    pairs = (line.partition("==") for line in requirements.splitlines() if "==" in line)
    return {name.strip(): version.strip() for name, _, version in pairs}


def _git(home: Home, a: RunView, b: RunView, folder: Path) -> GitChange:
    states = [_git_state(home, view) for view in (a, b)]
    if missing := _missing(a, b, [bool(it) for it in states], "git"):
        return GitChange(missing=missing)
    facts = [{name: it if isinstance(it, str) else json.dumps(it) for name, it in state.items() if it} for state in states]  # no files is as good as none told
    patches = [(_artifact(home, view, "git/diff.patch") or "").splitlines() for view in (a, b)]
    commits = [str(state.get("commit", "")) for state in states]
    is_asked = commits[0] != commits[1] and all(_COMMIT.fullmatch(commit) for commit in commits)  # a journal from elsewhere may hold anything
    between = _ask(folder, "log", "--oneline", "--left-right", f"--max-count={_LINES}", "...".join(commits)) if is_asked else []
    files = _ask(folder, "diff", "--stat", *commits) if is_asked else []
    patch = list(islice((line for line in unified_diff(patches[0], patches[1], lineterm="", n=1) if not line.startswith(("---", "+++"))), _LINES))
    return GitChange(diff_texts(*facts), tuple(between), tuple(files[:_LINES]), tuple(words.clean("\n".join(patch)).splitlines()))


def _git_state(home: Home, view: RunView) -> dict[str, Any]:
    state = parsed(_artifact(home, view, "git/state.json"))
    if isinstance(state, dict):
        return {name: state.get(name) for name in ("commit", "branch", "remote", "dirty", "untracked")}
    return {name: view.tags[f"mlflow.source.git.{name}"] for name in ("commit", "branch") if f"mlflow.source.git.{name}" in view.tags}


def _ask(folder: Path, *command: str) -> list[str]:
    """Lines of a git command; none where the repository or a commit is not here."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *command, "--"], capture_output=True, timeout=_GIT_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.decode("utf-8", "replace").splitlines() if done.returncode == 0 else []


def _notebook(home: Home, a: RunView, b: RunView) -> NotebookChange:
    """The first kind of notebook that both runs have, compared."""
    for path in _NOTEBOOKS:
        found = [_artifact(home, view, path) for view in (a, b)]
        if found[0] is not None and found[1] is not None:
            return diff_notebooks(path, found[0], found[1])
    has = [any(artifact.path in _NOTEBOOKS for artifact in view.artifacts) for view in (a, b)]
    without = [f"{words.title(it)} kept nothing of the notebook: {words.why_no_notebook(it)}" for it, there in zip((a, b), has, strict=True) if not there]
    return NotebookChange(missing="; ".join(without) or "the two runs have no kind of notebook in common")


def _stamp(a: RunView, b: RunView) -> tuple[Change, ...]:
    return diff_texts(*({"reproducible": view.tags["nbtrack.stamp"], **_reasons(view)} if "nbtrack.stamp" in view.tags else {} for view in (a, b)))


def _reasons(view: RunView) -> dict[str, str]:
    found = parsed(view.tags.get("nbtrack.stamp.reasons"))
    rules: dict[str, list[str]] = {}
    for it in found if isinstance(found, list) else []:
        if isinstance(it, dict):
            rules.setdefault(str(it.get("rule", "")), []).append(words.clean(str(it.get("text", ""))))
    return {rule: "; ".join(texts) for rule, texts in rules.items()}


def _missing(a: RunView, b: RunView, has: Iterable[bool], what: str) -> str:
    without = [words.title(view) for view, there in zip((a, b), has, strict=True) if not there]
    return f"{' and '.join(without)} kept nothing of {what}" if without else ""


def _artifact(home: Home, view: RunView, path: str) -> str | None:
    """Text of an artifact; None where the run has none, or its bytes are gone or damaged."""
    found = next((it for it in reversed(view.artifacts) if it.path == path), None)
    if found is None:
        return None
    try:
        return blobs.get_bytes(home, found.blob).decode("utf-8", "replace")
    except (OSError, JournalError):
        return None


def parsed(found: Any) -> Any:
    """What a text of JSON says; None where it is none. What is no text is given back."""
    if not isinstance(found, str):
        return found
    try:
        return json.loads(found)
    except ValueError:
        return None
