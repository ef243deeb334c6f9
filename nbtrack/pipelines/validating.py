"""Pandera schemas of a stage's inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from nbtrack.errors import StageError
from nbtrack.pipelines.graph import Node

_SHOWN = 5


def hold_inputs(node: Node, folder: Path, paths: Iterable[tuple[str, str]]) -> None:
    """Look at what a node is about to read.

    Args:
        folder: the pipeline's.
        paths: of inputs, by name; one that is a list of files has each under `name[0]` and so on.

    Raises:
        StageError: an input breaks its schema; says where.
        MissingPackageError: pandera is not installed.
    """
    if node.spec.validate_.inputs:
        _hold(node, folder, "input", node.spec.validate_.inputs, paths)


def hold_outputs(node: Node, folder: Path) -> None:
    """Look at what a node has made.

    Raises:
        StageError: an output breaks its schema; says where.
        MissingPackageError: pandera is not installed.
    """
    if node.spec.validate_.outputs:
        _hold(node, folder, "output", node.spec.validate_.outputs, node.files.items())


def _hold(node: Node, folder: Path, what: str, schemas: Mapping[str, str], paths: Iterable[tuple[str, str]]) -> None:
    from nbtrack.gates.frames import table
    from nbtrack.gates.gate import CannotTellError
    from nbtrack.gates.schema import violations

    broken = []
    for name, path in paths:
        source = schemas.get(name.partition("[")[0])
        if source is None:
            continue
        try:
            found = violations(source, table(folder / path), folder)
        except CannotTellError as cause:
            raise StageError(
                f"Whether {what} {name!r} of {node.id} meets its schema cannot be told: {cause.message}", mend=cause.mend, stage=node.id
            ) from cause
        if found:
            more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            broken.append(f"{what} {name!r} ({path}) breaks {source}: {'; '.join(found[:_SHOWN])}{more}")
    if broken:
        raise StageError("; ".join(broken), mend="Mend the data where they come from, or the schema if they are right.", stage=node.id)
