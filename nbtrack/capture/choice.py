"""What the user wants captured: kinds and names, by the `%%track` line and by settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase

from nbtrack.entities import Request
from nbtrack.entities.ledger import Entry
from nbtrack.errors import UsageError
from nbtrack.records import dataclass
from nbtrack.settings import Settings

KINDS = {
    "params": "params from literals, configurations and arguments",
    "metrics": "numbers the cell computed",
    "curves": "values of loops, step by step",
    "models": "fitted models",
    "figures": "figures and rich outputs",
    "datasets": "data that was read",
    "streams": "stdout and stderr",
    "environment": "packages, platform, seeds",
    "git": "commit, branch and changes",
    "system": "use of processor, memory and GPU",
    "autolog": "what MLflow's autologging finds",
    "notebook": "the notebook as executed",
}


@dataclass(frozen=True)
class Choice:
    """Kinds that are captured, and names that are not."""

    kinds: frozenset[str] = frozenset(KINDS)
    excluded: tuple[str, ...] = ()
    """Names, or patterns with `*`."""

    def wants(self, name: str) -> bool:
        """Whether a param, metric or curve of this name may be recorded."""
        return not any(fnmatchcase(name, pattern) for pattern in self.excluded)


def choose(request: Request, captured: str, excluded: str, notebook_excluded: Iterable[str] = ()) -> Choice:
    """The choice for one cell.

    Args:
        captured: the setting `capture`.
        excluded: the setting `exclude`.
        notebook_excluded: names excluded for good in this notebook.

    Raises:
        UsageError: there is no such kind.
    """
    kinds = read_kinds(request.capture or captured)
    return Choice(kinds, tuple(dict.fromkeys([*request.excluded, *_words(excluded), *notebook_excluded])))


def forced(request: Request, chosen: Settings, entry: Entry) -> Request:
    """The request with the names that the settings force, of those that the cell binds, reads or changes."""
    if not chosen.params and not chosen.metrics:
        return request
    used = entry.scope.reads | entry.scope.writes | entry.scope.mutates
    params = {name: None for name in _words(chosen.params) if name in used} | dict(request.params)
    metrics = [*request.metrics, *(name for name in _words(chosen.metrics) if name in used and name not in request.metrics)]
    return replace(request, params=tuple(params.items()), metrics=tuple(metrics))


def read_kinds(text: str) -> frozenset[str]:
    """Kinds of a text such as `params,metrics`, `all`, `none` or `-models,-figures` (all but these).

    Raises:
        UsageError: there is no such kind.
    """
    words = _words(text)
    if not words or words == ["all"]:
        return frozenset(KINDS)
    if words == ["none"]:
        return frozenset()
    for word in words:
        if word.lstrip("-") not in KINDS:
            raise UsageError(f"There is nothing called {word!r} to capture.", mend=f"Choose among {', '.join(KINDS)}, all and none; -NAME leaves one out.")
    chosen = {word for word in words if not word.startswith("-")}
    return frozenset(chosen or KINDS) - {word[1:] for word in words if word.startswith("-")}


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()
