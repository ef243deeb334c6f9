"""Gates of stages: read with the pipeline, and held against each stage's run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbtrack.errors import SpecError
from nbtrack.journal import Home, fold
from nbtrack.pipelines.graph import Node
from nbtrack.pipelines.load import Loaded, Problem, nearest

StageGates = Mapping[str, Mapping[str, Any]]
"""Gates by stage and name."""


def gates_of(loaded: Loaded) -> tuple[StageGates, list[Problem]]:
    """The gates of every stage that has any, and what is wrong with them."""
    stages = loaded.pipeline.stages
    if not loaded.pipeline.gates and not loaded.pipeline.defaults.gates and not any(it.gates for it in stages.values()):
        return {}, []
    problems: list[Problem] = []
    common = _read(loaded, ("gates",), loaded.pipeline.gates, problems)
    found = {}
    for name, stage in stages.items():
        gates = stage.gates if "gates" in stage.model_fields_set else loaded.pipeline.defaults.gates
        if isinstance(gates, dict):
            place = ("stages", name, "gates") if "gates" in stage.model_fields_set else ("defaults", "gates")
            found[name] = _read(loaded, place, gates, problems)
            continue
        for index, word in enumerate(gates):
            if word not in loaded.pipeline.gates:
                mend = nearest(word, loaded.pipeline.gates, "gates; write them under `gates:`")
                problems.append(loaded.problem(("stages", name, "gates", index), f"There is no gate {word!r}.", mend))
        found[name] = {word: common[word] for word in gates if word in common}
    return {name: gates for name, gates in found.items() if gates}, problems


def judge(home: Home, uri: str, loaded: Loaded, gates: StageGates, node: Node, run_id: str) -> str:
    """Hold a stage's run against its gates and keep the verdicts on it; why it does not pass, or empty where it does.

    Raises:
        MissingPackageError, StoreError: the machine is not ready to judge.
    """
    chosen = gates.get(node.stage)
    view = fold(home, run_id)
    if not chosen or view is None:
        return ""
    from nbtrack.entities.verdict import Standing
    from nbtrack.gates.check import check, record

    found = check(home, view, chosen, loaded.folder, uri=uri, file=loaded.file.name)
    record(home, found)
    return "; ".join(f"{it.gate}: {it.why}" for it in found.verdicts if it.standing is Standing.FAILED)


def _read(loaded: Loaded, place: tuple[str, ...], gates: Mapping[str, Any], problems: list[Problem]) -> Mapping[str, Any]:
    if not gates:
        return {}
    from nbtrack.gates.spec import Gates

    try:
        found: Mapping[str, Any] = loaded.document.check(Gates, place)
    except SpecError as cause:
        problems += [Problem(loaded.file, line, f"{where}: {text}.", "", span) for (line, where, text), span in zip(cause.problems, cause.spans, strict=True)]
        return {}
    return found
