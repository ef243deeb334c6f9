"""What a stage made, collected when its notebook has come to its end; and what lay there before, put out of the way."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbtrack.errors import StageError
from nbtrack.pipelines.cache import Cache, Entry, Kept
from nbtrack.pipelines.digests import Digests, PathFact, digest_of, write_atomically
from nbtrack.pipelines.graph import Node

_TYPES: Mapping[str, tuple[type, ...]] = {
    "int": (int,), "float": (int, float), "str": (str,), "bool": (bool,), "list": (list,), "dict": (dict,), "any": (object,),
}  # fmt: skip


class Outcome:
    """The outputs of a pipeline's stages.

    Args:
        folder: the pipeline's.
        state: where it is noted which stages are writing.
    """

    def __init__(self, folder: Path, state: Path, cache: Cache, digests: Digests) -> None:
        self._folder, self._state, self._cache, self._digests = folder, state, cache, digests

    def now(self, node: Node) -> dict[str, PathFact | None]:
        """What lies where the node writes."""
        return {name: self._digests.of(self._folder / path) for name, path in node.files.items()}

    def is_there(self, node: Node, entry: Entry) -> bool:
        """Whether the files of a result lie where they belong, and nobody was about to write there."""
        if not node.files:
            return True
        return not self._mark(node).exists() and all(self._digests.of(self._folder / path) == entry.outputs[name].fact for name, path in node.files.items())

    def is_replaced(self, node: Node, entry: Entry) -> bool:
        """Whether another run of a pipeline took the files of a result away, or put others there; what the user did to them is no such thing."""
        return not self.is_there(node, entry) and (
            self._mark(node).exists()
            or any(not (self._folder / path).exists() or self._written(path)[:1] not in ([], [entry.key]) for path in node.files.values())
        )

    def in_the_way(self, node: Node, entry: Entry) -> dict[str, PathFact | None]:
        """What lies where a result belongs; what a stage left there, whole or half-made, counts as nothing."""
        found = self.now(node)
        for name, path in node.files.items():
            fact = found[name]
            if fact is not None and fact != entry.outputs[name].fact and (self._mark(node).exists() or self._is_made(path, fact)):
                found[name] = None
        return found

    def clear(self, node: Node) -> list[Path]:
        """Make room before the node runs, so that an output that is there afterwards is its own; files of the user's are moved aside.

        What a stage made before, what the cache has, and what an attempt left half-made is removed.
        """
        mark = self._mark(node)
        is_ours = mark.exists()
        write_atomically(mark, node.id.encode())
        aside = []
        for path in node.files.values():
            target = self._folder / path
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                continue
            fact = self._digests.of(target)
            if is_ours or fact is None or self._is_made(path, fact):
                _remove(target)
            else:
                aside.append(self._cache.move_aside(target))
        return aside

    def settle(self, node: Node, entry: Entry | None = None) -> None:
        """The node no longer writes: what lies there is this result, if it has one."""
        if entry is not None:
            with contextlib.suppress(OSError):  # it may then be taken for the user's, and is moved aside instead of removed
                for name, path in node.files.items():
                    write_atomically(self._note(path), json.dumps([entry.key, entry.outputs[name].digest]).encode())
        self._mark(node).unlink(missing_ok=True)

    def drop(self, node: Node) -> None:
        """Remove what a failed attempt left half-made."""
        for path in node.files.values():
            with contextlib.suppress(OSError):
                _remove(self._folder / path)
        self.settle(node)

    def collect(self, node: Node, values: Mapping[str, Any]) -> dict[str, Kept]:
        """All outputs of a node.

        Raises:
            StageError: one is missing, or is not what it is declared as.
        """
        found: dict[str, Kept] = {}
        for name, path in node.files.items():
            fact = self._digests.of(self._folder / path)
            if fact is None:
                raise StageError(f"{node.id} did not make its output {path!r}.", mend="Write it in the notebook, relative to its folder.", stage=node.id)
            found[name] = Kept(path, fact)
        for name in node.values:
            if name not in values:
                raise StageError(
                    f"{node.id} did not record its output {name!r}.", mend=f'Write nbtrack.output("{name}", value) in the notebook.', stage=node.id
                )
            kind = node.spec.outputs[name].value
            value = values[name]
            if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind in ("int", "float")):
                raise StageError(f"Output {name!r} of {node.id} is {value!r}, not of type {kind}.", mend="Correct the notebook or the type.", stage=node.id)
            found[name] = Kept(value=value)
        return found

    def _is_made(self, path: str, fact: PathFact) -> bool:
        """Whether a stage made what lies there."""
        return self._cache.has(fact) or self._written(path)[1:] == [fact.digest]

    def _written(self, path: str) -> list[str]:
        """Key and digest of the result that was put there last; nothing where that is not known."""
        try:
            found = json.loads(self._note(path).read_bytes())
        except (OSError, ValueError):
            return []
        return found if isinstance(found, list) and len(found) == 2 else []

    def _note(self, path: str) -> Path:
        return self._state / "written" / digest_of(path)[:32]

    def _mark(self, node: Node) -> Path:
        return self._state / "making" / digest_of(node.id)[:32]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
