"""What all code of the process shares and no name of the notebook tells: variables, working directory, import path, limits, options of libraries."""

from __future__ import annotations

import itertools
import operator
import os
import signal
import sys
import types
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from nbtrack.capture.known import namespace_of
from nbtrack.notebooks.step import HOOKS, PROCESS, SHOWN_AS

ENVIRON, FOLDER, IMPORT_PATH = "<environ>", "<folder>", "<import path>"
OF_CONTEXT = ("<options decimal>", "<options numpy>")
"""Options that each asyncio task has for itself."""
_OF_IMPORTS = frozenset({ENVIRON, IMPORT_PATH, PROCESS, "<options warnings>", "<patches torch>"})
"""Libraries set these when they are loaded; to import one is not to configure what others see."""
_OURS = ("MLFLOW_", "NBTRACK_")
"""Variables that are set around a tracked cell, so that what it does with MLflow joins its run."""
_FOUND_LATER = ("backend", "backend_fallback", "interactive")
"""Options that matplotlib settles by itself with the first figure."""


def states(but: Collection[str] = ()) -> dict[str, Any]:
    """A copy of each by its place, of libraries that are loaded; `changes` compares two of them.

    Args:
        but: places that are left out.
    """
    return _states_of({place: it for place, it in _READERS.items() if place not in but} if but else _READERS)


def states_of_context() -> dict[str, Any]:
    """Those of them that each asyncio task has for itself."""
    return _states_of({place: _READERS[place] for place in OF_CONTEXT})


def _states_of(readers: Mapping[str, tuple[str, Callable[[Any], Any]]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, (module, read) in readers.items():
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
    try:
        if before == after:
            return frozenset(), frozenset(before)  # almost always, and this is fast
    except Exception:  # noqa: BLE001, S110 - see below
        pass
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


def patches(namespace: Mapping[str, Any], names: Iterable[str], local: Collection[str]) -> dict[str, dict[str, Any]]:
    """What the modules that the notebook's names mean hold; the user's own are left out, whose state is read otherwise."""
    found: dict[str, dict[str, Any]] = {}
    values = list(map(namespace.get, names))
    modules = {kind for kind in set(map(type, values)) if issubclass(kind, types.ModuleType)}
    for value in [it for it in values if type(it) in modules] if modules else ():
        held = types.ModuleType.__getattribute__(value, "__dict__")
        name = str(held.get("__name__", ""))
        if name.partition(".")[0] not in _CHANGES_BY_ITSELF and name not in local:
            found[name] = dict(held)
    return found


def patched(before: Mapping[str, dict[str, Any]]) -> frozenset[str]:
    """Modules of which a public name means something else since; what libraries load late, and add, is none of these."""
    found = set[str]()
    for module, held in before.items():
        now = getattr(sys.modules.get(module), "__dict__", held)
        if len(now) == len(held) and all(map(operator.is_, now.values(), held.values())):
            continue  # almost always, and this is fast
        if any(now.get(name, value) is not value for name, value in held.items() if name[:1] != "_" and not issubclass(type(value), types.ModuleType)):
            found.add(module)
    return frozenset(found)


def _environ(module: Any) -> Any:
    return dict(getattr(module.environ, "_data", module.environ))  # as the system has it: to decode every name around every cell takes longer


def _folder(_: Any) -> str:
    return os.getcwd()  # noqa: PTH109 - asked around every cell


def _process(module: Any) -> Any:
    signals = sys.modules.get("_signal")  # `signal` looks in vain for an enum's member with each function
    handlers = list(map(signals.getsignal, _SIGNALS)) if signals is not None else []
    sockets = sys.modules.get("socket")
    wait_s = sockets.getdefaulttimeout() if sockets is not None else None
    limits = module.getrecursionlimit(), module.get_int_max_str_digits(), wait_s
    called = [module.breakpointhook, module.excepthook, module.displayhook, *getattr(sys.modules.get("copyreg"), "dispatch_table", {}).values()]
    return limits, list(module.argv), handlers, _own_called.among(called), [id(module.stdout), id(module.stderr)]


def _imports(module: Any) -> Any:
    return list(module.path), [it for it in (*module.meta_path, *module.path_hooks) if _OWN in (getattr(it, "__module__", ""), type(it).__module__)]


def _shown_as(module: Any) -> Any:
    display = _trait(_shell(module), "display_formatter")
    formatters = _trait(display, "formatters")
    values = [each._trait_values for each in formatters.values()]
    try:
        tables = [held[name] for held in values for name in _PRINTERS]
    except KeyError:  # one that nobody has used yet
        tables = [_trait(each, name) for each in formatters.values() for name in _PRINTERS]
    own = _own_printers.among(list(itertools.chain.from_iterable(map(dict.values, tables))))
    return [_trait(formatters["text/plain"], name) for name in _OF_TEXT], list(_trait(display, "active_types")), own


def _hooks(module: Any) -> Any:
    shell = _shell(module)
    called = itertools.chain(
        *shell.events.callbacks.values(), _trait(shell, "input_transformer_manager").cleanup_transforms, _trait(shell, "input_transformers_post")
    )
    transformers = [it for it in _trait(shell, "ast_transformers") if type(it).__module__ == _OWN]
    return _trait(shell, "ast_node_interactivity"), _own_hooks.among(list(called)), transformers


def _shell(module: Any) -> Any:
    return module.InteractiveShell._instance  # what `instance` gives, which makes one where there is none


def _trait(holder: Any, name: str) -> Any:
    """A trait's value, by a shorter way than traitlets' own: nearly a hundred are asked for around every cell."""
    values = holder._trait_values
    return values[name] if name in values else getattr(holder, name)


def _owns(values: Iterable[Any]) -> list[Any]:
    """Functions that cells made; what libraries give IPython is not hidden, and another with each of their calls."""
    return [it for it in values if getattr(it, "__module__", "") == _OWN]


class _Owns:
    """The same of many, which are almost always those of last time."""

    def __init__(self) -> None:
        self._last: list[Any] = []
        self._found: list[Any] = []

    def among(self, values: list[Any]) -> list[Any]:
        if len(values) != len(self._last) or not all(map(operator.is_, values, self._last)):
            self._last, self._found = values, _owns(values)
        return self._found


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


def _classes(*kinds: type) -> list[dict[str, Any]]:
    """What classes hold: other packages give them methods, mostly when they are imported."""
    return [namespace_of(kind) for kind in kinds]


def _leaves(options: dict[str, Any]) -> list[Any]:
    return [(name, _leaves(it) if type(it) is dict else it) for name, it in options.items()]


_OWN = "__main__"
_own_printers, _own_hooks, _own_called = _Owns(), _Owns(), _Owns()
_PRINTERS = ("type_printers", "deferred_printers", "singleton_printers")
_SIGNALS = [int(number) for name in ("SIGALRM", "SIGTERM", "SIGUSR1", "SIGUSR2") if (number := getattr(signal, name, None)) is not None]
_OF_TEXT = ("float_format", "pprint", "max_width", "max_seq_length", "verbose", "newline")
"""Traits of IPython's formatter of plain text."""
_CHANGES_BY_ITSELF = frozenset({"builtins", "sys", "mlflow", "nbtrack", _OWN})
"""Modules whose public names change as cells are executed; `builtins` is looked at by itself."""
_READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    ENVIRON: ("os", _environ),
    FOLDER: ("os", _folder),
    PROCESS: ("sys", _process),
    SHOWN_AS: ("IPython.core.interactiveshell", _shown_as),
    HOOKS: ("IPython.core.interactiveshell", _hooks),
    IMPORT_PATH: ("sys", _imports),
    "<options warnings>": ("warnings", lambda module: list(module.filters)),
    "<options locale>": ("locale", lambda module: module.setlocale(module.LC_ALL)),
    "<options decimal>": ("decimal", _decimal),
    "<options numpy>": ("numpy", lambda module: (module.geterr(), module.get_printoptions())),
    "<options pandas>": ("pandas._config.config", _pandas),
    "<patches pandas>": ("pandas", lambda module: _classes(module.DataFrame, module.Series)),
    "<patches torch>": ("torch", lambda module: _classes(module.Tensor, module.nn.Module)),
    "<options matplotlib>": ("matplotlib", _matplotlib),
    "<options torch>": ("torch", lambda module: (module.get_default_dtype(), module.is_grad_enabled())),
}
