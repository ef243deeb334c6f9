"""What all code of the process shares, before a cell and after it: looked at once the cell has ended and nobody waits, where nothing runs meanwhile."""

from __future__ import annotations

import builtins
import contextlib
import operator
import random
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

from nbtrack.capture import around, background, loaded, states
from nbtrack.capture.warm import NAME as WARM
from nbtrack.entities.ledger import Seen
from nbtrack.records import dataclass

_HARMLESS = ("IPython.core.", "ipykernel.", "nbtrack.")
"""Modules whose hooks leave alone what is looked at."""

_ONLOOKERS = (WARM, "nbtrack-recorder", "nbtrack-system", "nbtrack-curves", "nbtrack-early", "nbtrack-git", "nbtrack-later", "nbtrack-settle", "nbtrack-live")
"""Threads of ours that change nothing of it: that which warms up only loads and compiles what is ours, and those of the background have nothing to do."""
_FORWARDED = "getpass"
"""A module of which ipykernel replaces a function for the time of a cell."""


@dataclass(frozen=True)
class Shared:
    """What was there."""

    random: dict[str, Any]
    builtins: dict[str, Any]
    around: dict[str, Any]
    patches: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class _Held:
    shared: Shared
    names: dict[str, int]
    modules: frozenset[str]
    thread: int


class Rest:
    """Of one shell, from `start` to `stop`."""

    def __init__(self) -> None:
        self._shell: Any = None
        self._held: _Held | None = None
        self._threads: frozenset[int | None] = frozenset()
        self._harmless: dict[tuple[str, ...], list[Any]] = {}

    def start(self, shell: Any) -> None:
        self._shell, self._threads = shell, frozenset(it.ident for it in threading.enumerate() if not it.name.startswith("nbtrack"))
        shell.events.register("post_execute", self._forget)

    def stop(self) -> None:
        self._held = None
        if self._shell is not None:
            with contextlib.suppress(ValueError):
                self._shell.events.unregister("post_execute", self._forget)

    def look(self, names: dict[str, int], local: Collection[str]) -> Shared:
        """What is there now.

        Args:
            names: `seen.names_of` the namespace.
            local: names of modules that are the user's own.
        """
        return Shared(states.random_states(), _builtins(), around.states(), around.patches(self._shell.user_ns, names, local))

    def keep(self, names: dict[str, int], local: Collection[str]) -> Shared:
        """The same but for what `own_of_cell` gives, now that all is done about the cell: it holds for the next one, too, if nothing runs until then."""
        modules = loaded.module_names()
        shared = Shared(states.random_states(), {}, around.states(but=around.OF_CONTEXT), around.patches(self._shell.user_ns, names, local))
        self._held = _Held(shared, names, modules, threading.get_ident())
        return shared

    @property
    def is_kept(self) -> bool:
        """Whether it holds so far."""
        return self._held is not None

    def take(self, names: dict[str, int], modules: frozenset[str], local: Collection[str], *, has_tasks: bool) -> Shared:
        """What is there now that a cell begins.

        Args:
            names: `seen.names_of` the namespace.
            modules: `loaded.module_names` of now.
            has_tasks: asyncio tasks of the user's go on.
        """
        held, self._held = self._held, None
        if held is None or has_tasks or held.names != names or held.modules is not modules or held.thread != threading.get_ident():
            return self.look(names, local)
        if _FORWARDED in held.shared.patches or not self._are_harmless("pre_execute", "pre_run_cell") or not self._is_alone("nbtrack"):
            return self.look(names, local)
        return own_of_cell()(held.shared)

    def can_wait(self, before: Shared) -> bool:
        """Whether what a cell did, that just ended, will be seen as well a moment later: neither another's hook nor a thread of ours does more."""
        return _FORWARDED not in before.patches and self._are_harmless("post_run_cell") and background.is_idle() and self._is_alone(*_ONLOOKERS)

    def _are_harmless(self, *events: str) -> bool:
        hooks = [it for event in events for it in self._shell.events.callbacks[event]]
        known = self._harmless.get(events, ())
        if len(hooks) != len(known) or not all(map(operator.is_, hooks, known)):  # almost always those of last time
            if not all(str(getattr(it, "__module__", "")).startswith(_HARMLESS) for it in hooks):
                return False
            self._harmless[events] = hooks
        return True

    def _is_alone(self, *ours: str) -> bool:
        """Whether there are no threads but those from before, and those whose name begins with one of these words."""
        if self._threads.issuperset(sys._current_frames()):  # almost always, and this is fast
            return True
        return all(it.ident in self._threads or it.name.startswith(ours) for it in threading.enumerate())

    def _forget(self) -> None:
        """Code has run: a cell, or what a widget calls."""
        self._held = None


def own_of_cell() -> Callable[[Shared], Shared]:
    """What is not the same once the cell is over, as it is now: gives it to what is looked at then."""
    held, context = _builtins(), around.states_of_context()  # ipykernel binds `input` for the time of a cell
    return lambda shared: Shared(shared.random, held, shared.around | context, shared.patches)  # `replace` takes several times as long


def told(found: Seen, before: Shared, after: Shared, modules_before: Collection[str]) -> Seen:
    """What a cell was seen to do, and what it did to all that is shared.

    Args:
        modules_before: names of `sys.modules` before it.
    """
    drew = frozenset(name for name, state in before.random.items() if after.random.get(name) != state)
    moved, kept = around.changes(before.around, after.around, has_imported=found.has_imported)
    of_all: dict[str, Any] = {
        "folder": after.around.get(around.FOLDER, ""),
        "drew": drew,
        "still": frozenset(before.random.keys() - drew),
        "has_drawn_ids": "random" in drew and _has_drawn_ids(modules_before, before.random["random"], after.random.get("random")),
        "patched": _patched(before.builtins, after.builtins),
        "moved": found.moved | moved,
        "kept": kept,
        "patched_modules": around.patched(before.patches) if not found.has_imported else frozenset(),  # libraries that load a part of theirs late change others
    }
    return Seen(**(vars(found) | of_all))  # `replace` takes several times as long


_OF_IPYTHON = frozenset({"__IPYTHON__", "display", "exit", "get_ipython", "quit"})
"""Names that IPython itself binds in `builtins`."""


def _builtins() -> dict[str, Any]:
    """What `builtins` holds, but for the value that IPython shows last."""
    held = dict(vars(builtins))
    held.pop("_", None)
    return held


def _patched(before: Mapping[str, Any], now: Mapping[str, Any]) -> frozenset[str]:
    if len(now) == len(before) and all(map(operator.is_, now.values(), before.values())):
        return frozenset()  # almost always, and this is fast
    return frozenset(name for name in before.keys() | now.keys() if name not in _OF_IPYTHON and before.get(name, before) is not now.get(name, before))


_DRAWS_AN_ID = "rich.style"
"""Draws once when it is loaded, and nothing comes of it; of thirty well-known packages that were imported one by one no other draws."""


def _has_drawn_ids(modules_before: Collection[str], before: Any, after: Any) -> bool:
    """Whether Python's generator is where that one draw leaves it: whoever drew beside it moved it further."""
    if _DRAWS_AN_ID in modules_before or not hasattr(sys.modules.get(_DRAWS_AN_ID), "getrandbits"):
        return False
    generator = random.Random()
    generator.setstate(before)
    generator.getrandbits(24)
    return bool(generator.getstate() == after)
