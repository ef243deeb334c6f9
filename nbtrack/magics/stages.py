"""`%track run`, `%track sweep` and `%track output`."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from nbtrack.errors import UsageError
from nbtrack.magics import grammar
from nbtrack.magics.commands import Base
from nbtrack.magics.typed import seconds, take

if TYPE_CHECKING:
    from nbtrack.pipelines.single import NotebookRun
    from nbtrack.pipelines.sweeps.notebook import Swept


class Commands(Base):
    """The commands about notebooks that are run whole."""

    def _run(self, words: list[str]) -> NotebookRun:
        from nbtrack.pipelines.single import run_or_raise

        _, values, rest = take(words, (), ("--out", "--kernel", "--timeout", "--name"), "run")
        if not rest or "=" in rest[0]:
            raise UsageError("%track run needs a notebook.", mend="Write %track run train.ipynb lr=0.1.")
        params = _pairs(rest[1:])
        return run_or_raise(
            Path(rest[0]).expanduser(), params, texts=frozenset(params), out=Path(values["--out"]).expanduser() if "--out" in values else None,
            kernel=values.get("--kernel", ""), name=values.get("--name", ""), timeout_s=seconds(values.get("--timeout")),
        )  # fmt: skip

    def _sweep(self, words: list[str]) -> Swept:
        from nbtrack import api

        names = ("--goal", "--trials", "--jobs", "--sampler", "--prune", "--seed", "--name", "--kernel", "--timeout", "--best", "--resume")
        _, values, rest = take(_joined(words), (), names, "sweep")
        if not rest or "=" in rest[0]:
            raise UsageError("%track sweep needs a notebook.", mend="Write %track sweep train.ipynb lr=log(1e-4,1e-1) --goal max:acc.")
        numbers = {name: _whole(name, values[name]) for name in ("--trials", "--jobs", "--seed") if name in values}
        params = _pairs(rest[1:])
        return api.sweep(
            Path(rest[0]).expanduser(), params, goal=values.get("--goal", ""), trials=numbers.get("--trials"), jobs=numbers.get("--jobs", 1),
            sampler=values.get("--sampler", "tpe"), prune=values.get("--prune", "none"), seed=numbers.get("--seed"), name=values.get("--name", ""),
            kernel=values.get("--kernel", ""), timeout_s=seconds(values.get("--timeout")), best=values.get("--best"), resume=values.get("--resume", ""),
            texts=frozenset(params),
        )  # fmt: skip

    def _output(self, words: list[str]) -> None:
        from nbtrack import api
        from nbtrack.yaml_text import read_scalar

        if not words:
            raise UsageError("%track output needs a name.", mend="Write %track output rmse, or %track output rmse=0.3.")
        namespace = self.session.shell.user_ns
        for word in words:
            name, equals, text = word.partition("=")
            if not equals and name not in namespace:
                raise UsageError(f"There is no variable {name!r} to hand on.", mend=grammar.nearest(name, [it for it in namespace if not it.startswith("_")]))
            api.output(name, read_scalar(text) if equals else namespace[name])


def _pairs(words: list[str]) -> dict[str, str]:
    """Values by name."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f"{word!r} has no value.", mend=f"Write {word}=VALUE.")
        found[name] = value
    return found


def _joined(words: list[str]) -> list[str]:
    """Words with those put together that stand within brackets: `lr=log(1e-4, 1e-1)`.

    Raises:
        UsageError: a bracket is not closed, or closed twice.
    """
    found: list[str] = []
    depth = 0
    for at, word in enumerate(words):
        if depth > 0:
            found[-1] += f" {word}"
        else:
            found.append(word)
            first = at
        depth += word.count("(") - word.count(")")
        if depth < 0:
            raise UsageError(f"{found[-1]!r} closes a bracket that is not open.", mend=f"Write {found[-1][: found[-1].rindex(')')]}.")
    if depth > 0:
        own = [words[first], *itertools.takewhile(lambda it: not it.startswith("--") and "=" not in it, words[first + 1 :])]
        raise UsageError(f"The bracket in {' '.join(own)!r} is not closed.", mend=f"Write {' '.join(own).rstrip(', ')}{')' * depth}.")
    return found


def _whole(option: str, text: str) -> int:
    if not text.isdecimal() or (option != "--seed" and int(text) < 1):
        raise UsageError(f"{option} got {text!r}.", mend=f"Write {option} 2.")
    return int(text)
