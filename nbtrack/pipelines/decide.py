"""What a stage depends on, as one key; and what changed since its last result."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.pipelines.cache import FORMAT, Cache, Entry, Kept
from nbtrack.pipelines.check import Books
from nbtrack.pipelines.code import Sources
from nbtrack.pipelines.digests import Digests, digest_of
from nbtrack.pipelines.graph import STATIC, Graph, Node, value_of
from nbtrack.pipelines.parameters import Secret, accept
from nbtrack.pipelines.references import Reference, holds, resolve
from nbtrack.pipelines.surroundings import environment_of

Made = Mapping[str, Mapping[str, Kept]]
"""Outputs of the nodes that are done, by node and name."""


@dataclass(frozen=True)
class Decision:
    """What is known of a node when all it needs is done."""

    key: str
    facts: Mapping[str, Any]
    params: Mapping[str, Any]
    """Values for the notebook, of the right types; secrets as `Secret`."""
    variables: Mapping[str, str]
    """Variables of the kernel's process."""


class Decider:
    """Makes keys. What it reads it reads once, so that it is made anew for every run."""

    def __init__(self, graph: Graph, books: Books, digests: Digests) -> None:
        self._graph, self._books, self.digests = graph, books, digests
        self._folder = graph.loaded.folder
        self._sources = Sources()

    def is_wanted(self, node: Node, made: Made) -> bool:
        """Whether its `when` holds.

        Raises:
            UsageError: it cannot be told.
        """
        return holds(node.spec.when, lambda it: self._look(node, it, made))

    def decide(self, node: Node, made: Made) -> Decision:
        """Everything that the node's result depends on.

        Raises:
            UsageError: a param has the wrong type, an input is not there, or a variable is not set.
        """
        book, declared = self._books.get(node.notebook)
        params = accept(book, declared, {name: resolve(value, lambda it: self._look(node, it, made)) for name, value in node.spec.params.items()})
        variables = {name: str(resolve(text, lambda it: self._look(node, it, made))) for name, text in node.spec.environment.variables.items()}
        kernel = node.spec.environment.kernel or book.kernel or "python3"
        folders = tuple(dict.fromkeys((node.cwd, node.notebook.parent, self._folder)))
        facts: dict[str, Any] = {
            "format": FORMAT,
            "notebook": node.notebook.relative_to(self._folder).as_posix() if node.notebook.is_relative_to(self._folder) else node.notebook.name,
            "cells": list(self._sources.cells(book)),
            "modules": dict(self._sources.modules(book, folders)),
            "params": {name: str(value) if isinstance(value, Secret) else value for name, value in params.items()},
            "inputs": dict(self._inputs(node, made)),
            "needs": {it: digest_of({name: kept.digest for name, kept in made[it].items()}) for it in self._named(node) if it in made},
            "outputs": {**node.files, **dict.fromkeys(node.values, "")},
            "environment": environment_of(kernel, node.spec.environment.lock, self._folder),
            "variables": variables,
            "folder": os.path.relpath(node.cwd, self._folder),
        }
        if schemas := dict(self._schemas(node)):
            facts["schemas"] = schemas
        if (sweep := node.spec.sweep) is not None:
            facts["sweep"] = {**sweep.params, "goal": node.spec.goal, **sweep.model_dump(include={"trials", "sampler", "prune", "seed"})}
        return Decision(digest_of(facts), facts, params, variables)

    def input_paths(self, node: Node, made: Made) -> Iterator[tuple[str, str]]:
        """Inputs by name, with their paths from the pipeline's folder."""
        for name, path in node.inputs.items():
            if "${" not in path:
                yield name, path
                continue
            found = resolve(path, lambda it: self._paths(node, it, made))
            if isinstance(found, list):
                yield from ((f"{name}[{index}]", it) for index, it in enumerate(found))
            else:
                yield name, str(found)

    def _inputs(self, node: Node, made: Made) -> Iterator[tuple[str, list[str]]]:
        known = {kept.path: kept for it in node.needs for kept in made.get(it, {}).values() if kept.fact is not None}
        for name, path in self.input_paths(node, made):
            if (digest := _digest_in(known, path)) is not None:  # as it was made: it may not lie there yet
                yield name, [path, digest]
                continue
            fact = self.digests.of(self._folder / path)
            if fact is None:
                raise UsageError(f"The input {path!r} of {node.id} is not there.", mend="Make it, or pull it with dvc pull.")
            yield name, [path, fact.digest]
        listed = {path for _, path in self.input_paths(node, made)}
        for (_, name), others in node.uses.items():  # a file that is handed on as a param is an input, whether it is listed or not
            for other in others:
                kept = made[other][name]
                if kept.fact is not None and kept.path not in listed:
                    yield f"{other}.{name}", [kept.path, kept.digest]

    def _schemas(self, node: Node) -> Iterator[tuple[str, list[str]]]:
        """Schemas that inputs and outputs must meet, by content where they are files."""
        for part, found in (("inputs", node.spec.validate_.inputs), ("outputs", node.spec.validate_.outputs)):
            for name, source in found.items():
                fact = self.digests.of(self._folder / (source.rpartition(":")[0] or source))
                yield f"{part}.{name}", [source, fact.digest if fact is not None else ""]

    def changed_input(self, facts: Mapping[str, Any]) -> str:
        """Path of an input that does not lie there as the facts have it; empty where all do."""
        for path, digest in facts["inputs"].values():
            fact = self.digests.of(self._folder / path)
            if fact is None or fact.digest != digest:
                return str(path)
        return ""

    def _named(self, node: Node) -> list[str]:
        """What it needs because it says so; of the rest it depends on what it uses alone."""
        return [it for it in node.needs if self._graph.nodes[it].stage in node.spec.needs]

    def _look(self, node: Node, it: Reference, made: Made) -> Any:
        if it.kind in STATIC:
            return value_of(it, self._graph.loaded, node.matrix)
        if it.kind == "trial":  # another one in each
            return str(it)
        if it.kind == "secrets":
            if it.name not in os.environ:
                raise UsageError(f"The secret {it.name} of {node.id} is not set.", mend=f"Set {it.name} in the environment of nbtrack run.")
            return Secret(it.name)
        if it.kind == "env":
            if it.name not in os.environ:
                raise UsageError(f"The variable {it.name}, which {node.id} uses, is not set.", mend=f"Set it, or give it in front: {it.name}=… nbtrack run.")
            return os.environ[it.name]
        found = [self._value(node, made[other][it.name]) for other in node.uses[it.stage, it.name]]
        return found if self._is_many(node, it) else found[0]

    def _paths(self, node: Node, it: Reference, made: Made) -> Any:
        if it.kind in STATIC:
            return value_of(it, self._graph.loaded, node.matrix)
        found = [made[other][it.name].path for other in node.uses[it.stage, it.name]]
        return found if self._is_many(node, it) else found[0]

    def _is_many(self, node: Node, it: Reference) -> bool:
        """Whether the stage referred to has a matrix that this node does not settle."""
        return bool(set(self._graph.loaded.pipeline.stages[it.stage].matrix) - set(node.matrix))

    def _value(self, node: Node, kept: Kept) -> Any:
        if kept.fact is None:
            return kept.value
        return os.path.relpath(self._folder / kept.path, node.cwd).replace(os.sep, "/")


def _digest_in(known: Mapping[str, Kept], path: str) -> str | None:
    """Digest of what lies at a path, where it is an output, or a file in one."""
    if path in known:
        return known[path].digest
    for above, kept in known.items():
        if kept.fact is not None and path.startswith(f"{above}/"):
            return next((file.digest for file in kept.fact.files if f"{above}/{file.path}" == path), None)
    return None


def changes(before: Entry | None, now: Mapping[str, Any]) -> list[str]:
    """Why a result is not there, in words: what differs from the last one."""
    if before is None:
        return ["it has no result yet"]
    old = before.facts
    found = []
    cells, known = now["cells"], old.get("cells", [])
    if cells != known:
        numbers = [str(index + 1) for index, it in enumerate(cells) if it not in known]
        found.append(f"code of {node_words(numbers)} changed" if numbers else "cells were taken away or moved")
    for part, word in (("params", "param"), ("variables", "variable"), ("outputs", "output")):
        found += _differences(word, old.get(part, {}), now[part])
    found += [f"schema of {name} changed" for name, it in now.get("schemas", {}).items() if old.get("schemas", {}).get(name) != it]
    found += _differences("sweep", old.get("sweep", {}), now.get("sweep", {}))
    for name in sorted({*old.get("modules", {}), *now["modules"]}):
        if old.get("modules", {}).get(name) != now["modules"].get(name):
            found.append(
                f"module {name} {'changed' if name in old.get('modules', {}) and name in now['modules'] else 'is new' if name in now['modules'] else 'is gone'}"
            )
    for name in sorted({*old.get("inputs", {}), *now["inputs"]}):
        was, it = old.get("inputs", {}).get(name), now["inputs"].get(name)
        if was != it:
            found.append(f"input {(it or was)[0]} {'changed' if was and it else 'is new' if it else 'is gone'}")
    found += [f"what {name} makes changed" for name, it in now["needs"].items() if old.get("needs", {}).get(name) != it and not found]
    found += _environment(old.get("environment", {}), now["environment"])
    for part in ("notebook", "folder", "format"):
        if old.get(part) != now[part]:
            found.append(f"{part} {old.get(part)} -> {now[part]}")
    return found or ["its result is no longer in the cache"]


def node_words(numbers: list[str]) -> str:
    """`code cell 3`, or `code cells 3, 4`."""
    return f"code cell {numbers[0]}" if len(numbers) == 1 else f"code cells {', '.join(numbers)}"


def _differences(word: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    from nbtrack.reads import words

    def told(name: str, value: Any) -> str:
        return words.short(words.told(name, str(value)), 60)

    found = []
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            found.append(f"{word} {name} is gone")
        elif name not in old:
            found.append(f"{word} {name} is new")
        elif old[name] != new[name] or type(old[name]) is not type(new[name]):
            found.append(f"{word} {name} {told(name, old[name])} -> {told(name, new[name])}")
    return found


def _environment(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    found = [f"{name} {old.get(name)} -> {new.get(name)}" for name in ("kernel", "python") if old.get(name) != new.get(name)]
    if old.get("lock") != new.get("lock"):
        found.append(f"lock file {', '.join({**(old.get('lock') or {}), **(new.get('lock') or {})})} changed")
    was, now = old.get("packages") or {}, new.get("packages") or {}
    if was and now and was != now:
        differs = [f"{name} {was.get(name, 'none')} -> {now.get(name, 'none')}" for name in sorted({*was, *now}) if was.get(name) != now.get(name)]
        found.append(f"packages: {', '.join(differs[:3])}" + (f" and {len(differs) - 3} more" if len(differs) > 3 else ""))
    return found


def last_of(cache: Cache, pipeline: str, node: Node) -> Entry | None:
    """The last result of a node."""
    return cache.last(f"{pipeline}/{node.id}")


def folder_of_state(file: Path) -> Path:
    """Where a pipeline keeps its cache and what happened."""
    return file.parent / ".nbtrack"
