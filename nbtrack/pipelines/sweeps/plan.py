"""What a sweep is asked to do, kept beside its trials so that it can be resumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.pipelines import notebook as notebooks
from nbtrack.pipelines.digests import write_atomically
from nbtrack.pipelines.load import nearest
from nbtrack.pipelines.parameters import accept, declared_in, recorded
from nbtrack.pipelines.sweeps.space import Space, split
from nbtrack.pipelines.sweeps.study import PRUNERS, SAMPLERS, grid

TRIALS = 20
"""Where nothing else is said."""
_FILE = "sweep.json"


@dataclass(frozen=True)
class Asked:
    """A sweep of a notebook, as somebody asks for it."""

    notebook: Path
    params: Mapping[str, Any]
    """Values, and what is searched: lists, and texts such as `log(1e-4, 1e-1)`."""
    goal: str
    """`max:METRIC` or `min:METRIC`."""
    trials: int | None = None
    sampler: str = "tpe"
    prune: str = "none"
    seed: int | None = None
    texts: frozenset[str] = field(default_factory=frozenset)
    """Names of params whose values were typed in a terminal."""
    name: str = ""
    kernel: str = ""
    experiment: str = ""
    timeout_s: float | None = None
    """Of each trial."""

    def save(self, folder: Path) -> None:
        """Keep it for `--resume`."""
        facts = {**self.__dict__, "notebook": str(self.notebook), "params": dict(self.params), "texts": sorted(self.texts)}
        write_atomically(folder / _FILE, json.dumps(facts, indent=1, ensure_ascii=False).encode())


@dataclass(frozen=True)
class Plan:
    """The same, checked."""

    space: Space
    metric: str
    is_least: bool
    trials: int
    sampler: str
    prune: str
    seed: int | None

    @property
    def goal(self) -> str:
        return f"{'min' if self.is_least else 'max'}:{self.metric}"

    def told(self) -> dict[str, str]:
        """As params of the sweep's run."""
        return {name: str(it) for name, it in self.space.items()} | {
            "sweep.goal": self.goal, "sweep.trials": str(self.trials), "sweep.sampler": self.sampler, "sweep.prune": self.prune,
        }  # fmt: skip


def planned(space: Space, goal: str, trials: int | None, sampler: str, prune: str, seed: int | None) -> Plan:
    """Check what is asked for.

    Raises:
        UsageError: nothing is searched, or a word is not known.
    """
    way, _, metric = goal.partition(":")
    if way not in ("max", "min") or not metric:
        raise UsageError(f"Goal {goal!r} cannot be read." if goal else "A sweep needs a goal.", mend="Write --goal max:METRIC or --goal min:METRIC.")
    for what, word, known in (("sampler", sampler, SAMPLERS), ("way to prune", prune, PRUNERS)):
        if word not in known:
            raise UsageError(f"There is no {what} {word!r}.", mend=nearest(word, known, f"{what}s"))
    if not space:
        raise UsageError("No parameter is searched.", mend="Write -p 'lr=log(1e-4,1e-1)' or -p 'depth=choice(2,4,8)' for at least one.")
    if trials is not None and trials < 1:
        raise UsageError(f"A sweep of {trials} trials tries nothing.", mend="Give 1 or more.")
    points = len(grid(space)) if sampler == "grid" else None
    return Plan(space, metric, way == "min", min(trials or points, points) if points else trials or TRIALS, sampler, prune, seed)


def opened(asked: Asked) -> tuple[Plan, dict[str, Any], dict[str, Any]]:
    """The plan, the params that are the same in every trial, and all params of the notebook that are not searched, as they are recorded.

    Raises:
        UsageError: there is no such notebook or parameter, or it cannot be searched so.
    """
    book = notebooks.read(asked.notebook)
    declared = declared_in(book)
    space, fixed = split(book, declared, asked.params)
    given = accept(book, declared, fixed, texts=asked.texts)
    rest = {name: value for name, value in recorded(declared, given).items() if name not in space}
    return planned(space, asked.goal, asked.trials, asked.sampler, asked.prune, asked.seed), given, rest


def saved(folder: Path) -> Asked:
    """What a sweep that is resumed was asked for.

    Raises:
        UsageError: it is not there, or is damaged.
    """
    try:
        facts = json.loads((folder / _FILE).read_bytes())
        return Asked(**{**facts, "notebook": Path(facts["notebook"]), "texts": frozenset(facts["texts"])})
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise UsageError(f"{folder} holds no sweep that can be resumed: {cause}.", mend="Begin it anew, without --resume.") from cause
