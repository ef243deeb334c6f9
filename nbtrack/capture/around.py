"""What all code of the process shares and no name of the notebook tells: variables, working directory, import path, options of libraries."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

ENVIRON, FOLDER, IMPORT_PATH = "<environ>", "<folder>", "<import path>"
_OF_IMPORTS = frozenset({ENVIRON, IMPORT_PATH, "<options warnings>"})
"""Libraries set these when they are loaded; to import one is not to configure what others see."""
_OURS = ("MLFLOW_", "NBTRACK_")
"""Variables that are set around a tracked cell, so that what it does with MLflow joins its run."""
_FOUND_LATER = ("backend", "backend_fallback", "interactive")
"""Options that matplotlib settles by itself with the first figure."""


def states() -> dict[str, Any]:
    """A copy of each by its place, of libraries that are loaded; `changes` compares two of them."""
    found: dict[str, Any] = {}
    for place, (module, read) in _READERS.items():
        loaded = sys.modules.get(module)
        if loaded is not None:
            try:
                found[place] = read(loaded)
            except Exception:  # noqa: BLE001 - a library half loaded, or another release of it
                continue
    return found


def changes(before: Mapping[str, Any], after: Mapping[str, Any], *, has_imported: bool) -> tuple[frozenset[str], frozenset[str]]:
    """Places that are otherwise afterwards, of `<environ>` the variables too, as `<variable NAME>`; and those that are as before.

    Args:
        has_imported: modules were loaded in between.
    """
    found, kept = set[str](), set[str]()
    for place in before.keys() & after.keys():
        try:
            (found if before[place] != after[place] else kept).add(place)
        except Exception:  # noqa: BLE001 - an option may hold what cannot be compared, such as an array
            continue
    if ENVIRON in found:
        first, then = before[ENVIRON], after[ENVIRON]
        names = {name for it in first.keys() | then.keys() if first.get(it) != then.get(it) and not (name := os.fsdecode(it)).startswith(_OURS)}
        found |= {f"<variable {it}>" for it in names}
        if not names:
            found.discard(ENVIRON)
            kept.add(ENVIRON)
    return frozenset(found - _OF_IMPORTS if has_imported else found), frozenset(kept)


def _environ(module: Any) -> Any:
    return dict(getattr(module.environ, "_data", module.environ))  # as the system has it: to decode every name around every cell takes longer


def _folder(_: Any) -> str:
    return os.getcwd()  # noqa: PTH109 - asked around every cell


def _decimal(module: Any) -> Any:
    context = module.getcontext()
    return context.prec, context.rounding, context.Emin, context.Emax


def _matplotlib(module: Any) -> Any:
    options = dict(dict.items(module.rcParams))
    for name in _FOUND_LATER:
        options.pop(name, None)
    return options


def _pandas(module: Any) -> Any:
    return _leaves(module._global_config)


def _leaves(options: dict[str, Any]) -> list[Any]:
    return [(name, _leaves(it) if type(it) is dict else it) for name, it in options.items()]


_READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    ENVIRON: ("os", _environ),
    FOLDER: ("os", _folder),
    IMPORT_PATH: ("sys", lambda module: list(module.path)),
    "<options warnings>": ("warnings", lambda module: list(module.filters)),
    "<options locale>": ("locale", lambda module: module.setlocale(module.LC_ALL)),
    "<options decimal>": ("decimal", _decimal),
    "<options numpy>": ("numpy", lambda module: (module.geterr(), module.get_printoptions())),
    "<options pandas>": ("pandas._config.config", _pandas),
    "<options matplotlib>": ("matplotlib", _matplotlib),
    "<options torch>": ("torch", lambda module: (module.get_default_dtype(), module.is_grad_enabled())),
}
