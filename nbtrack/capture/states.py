"""What state objects are in, so that after a cell it is known which of them it changed, whatever way it took.

Values are read by the interpreter's own means; none of the user's methods is called. What cannot be read through is told to be so.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Mapping
from typing import Any

from nbtrack.capture.known import module_of
from nbtrack.capture.objects import CONTAINERS, OWN, Reader, State
from nbtrack.records import dataclass

_BYSTANDERS, _SHELLS = 40, ("In", "Out")


def states_of(namespace: Mapping[str, Any], names: Iterable[str], local: Iterable[str] = (), own: Iterable[str] | None = None) -> dict[str, State]:
    """States of what these names mean, and of the notebook's latest other containers and objects.

    Args:
        local: names of modules that are the user's own; their state goes by `<module NAME>`.
        own: the notebook's names, where they are known; looking through all that IPython keeps takes long in a long notebook.
    """
    reader = Reader(frozenset(local))
    held = [(name, namespace[name]) for name in names if name in namespace]
    found = {name: reader.read(value) for name, value in held if not issubclass(type(value), types.ModuleType)}
    others = [name for name in (namespace if own is None else own) if name[:1] != "_" and name not in found and name not in _SHELLS]
    values = list(map(namespace.get, others))
    within = set(filter(_is_within_reach, set(map(type, values))))
    bystanders = [name for name, value in zip(others, values, strict=True) if type(value) in within] if within else []
    for name in bystanders[-_BYSTANDERS:]:  # a callback may change what the cell does not name
        found[name] = reader.read(namespace[name])
    for name in reader.local:
        if (module := sys.modules.get(name)) is not None:
            found[f"<module {name}>"] = reader.read(module)
    return found


def random_states() -> dict[str, Any]:
    """State of each library's own random generator, of those that are loaded."""
    found: dict[str, Any] = {}
    if (random := sys.modules.get("random")) is not None and hasattr(random, "getstate"):
        found["random"] = random.getstate()
    generator = getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)
    if generator is not None:
        kind, keys, *rest = generator.get_state()
        found["numpy"] = (kind, keys.tobytes() if hasattr(keys, "tobytes") else str(keys), *rest)
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_rng_state"):
        found["torch"] = torch.get_rng_state().numpy().tobytes()
    return found


@dataclass(frozen=True)
class Changes:
    """What became of the objects between two readings."""

    changed: frozenset[str] = frozenset()
    """Names whose object, the same as before, has another state."""
    unchanged: frozenset[str] = frozenset()
    """Those where it surely has the same."""
    counted: frozenset[str] = frozenset()
    """Those where it has, if what was not read of tensors changed only in ways that PyTorch counts."""
    alike: frozenset[str] = frozenset()
    """Names that mean another object of the same value: a number, an array, a data frame, a list of texts."""


def changes(before: Mapping[str, State], after: Mapping[str, State]) -> Changes:
    """Hold two readings against each other."""
    pairs = {name: (state, after[name]) for name, state in before.items() if name in after}
    valued = {name for name, (first, then) in pairs.items() if first.is_whole and then.is_whole and first.value and first.value == then.value}
    same_object = {name: (first, then) for name, (first, then) in pairs.items() if first.number == then.number}
    changed = frozenset(name for name, (first, then) in same_object.items() if first.parts != then.parts and name not in valued)
    alike = frozenset(
        name for name in valued if name not in same_object or pairs[name][0].parts != pairs[name][1].parts
    )  # a new one may have the old one's place
    whole = frozenset(name for name, both in same_object.items() if name not in changed | alike and all(it.is_whole for it in both))
    counted = frozenset(name for name, both in same_object.items() if name not in changed | whole and all(it.is_whole or it.is_counted for it in both))
    return Changes(changed, whole, counted, alike)


def _is_within_reach(kind: type) -> bool:
    return kind in CONTAINERS or module_of(kind) == OWN
