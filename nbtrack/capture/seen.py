"""What a cell was seen to do to the namespace: which names it bound, what they mean, and which of them share a changeable object.

Values are looked at by type and reference only; none of the user's methods is called, which `isinstance` might do (`__class__`).
"""

from __future__ import annotations

import functools
import gc
import itertools
import sys
import types
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePath
from typing import Any

from nbtrack.capture import loaded, states
from nbtrack.capture.around import IMPORT_PATH
from nbtrack.capture.known import home_of, module_of, name_of, namespace_of, static
from nbtrack.capture.objects import State
from nbtrack.capture.own_names import OwnNames
from nbtrack.entities.ledger import Seen

_LIMIT, _BUDGET = 600, 6000
"""Objects followed from one value, and from all of a cell; beyond, two values count as sharing something."""
_LONG = 200_000
"""Items of a container whose types are looked at one by one."""
_NAMES = 60
"""Names of one cell that are compared with each other."""
_PLAIN: tuple[type, ...] = (int, float, complex, str, bytes, bool, type(None), type(...), range, PurePath, type(NotImplemented))
_PLAIN_MODULES = ("datetime", "fractions", "uuid", "re", "zoneinfo", "enum")
_CODE = (types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, type)
_RUNNING = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
_OWN = "__main__"
_SETS = (set, frozenset)
_TEXTUAL = ("object", "str", "string", "category")
_HASHED_ALIKE = frozenset({int, float, complex, bool})
"""Types whose hashes are the same in each process."""
_SAMPLE = 20
"""Items of a container by which it is judged what it holds."""


names_of = OwnNames().ids
"""What the notebook's names mean, of a namespace."""


def kinds_of(namespace: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """What some names mean before a cell."""
    return {name: kind_of(namespace[name]) for name in names if name in namespace}


def look(
    namespace: dict[str, Any],
    before: Mapping[str, int],
    after: dict[str, int],
    kinds_before: Mapping[str, str],
    touched: Collection[str],
    modules_before: frozenset[str],
    *,
    tasks: int = 0,
    states_before: Mapping[str, State] = types.MappingProxyType({}),
    specs_before: Mapping[str, int] = types.MappingProxyType({}),
) -> Seen:
    """What became of the namespace; of what all code shares `shared.told` says more.

    Args:
        namespace: after the cell.
        before: `names_of` before it.
        after: the same after it.
        kinds_before: `kinds_of` before it.
        touched: names the cell may have touched, as its code tells.
        modules_before: names of `sys.modules` before it.
        tasks: asyncio tasks it left running.
        states_before: states of the touched names before it.
        specs_before: `specs_of` the user's own modules before it.
    """
    is_still = after == before
    bound = frozenset() if is_still else frozenset(name for name, number in after.items() if before.get(name) != number)
    gone = frozenset() if is_still else frozenset(before.keys() - after.keys())
    names = [name for name in (*touched, *(bound if len(bound) <= _NAMES else ())) if name in namespace]
    kinds = {name: kind_of(namespace[name]) for name in dict.fromkeys(names)}
    for name, kind in kinds_before.items():
        if kinds.setdefault(name, kind) != kind:
            kinds[name] = "stream" if "stream" in (kind, kinds[name]) else ""
    shares, runs, lazy, holds = _shared(
        {name: namespace[name] for name in kinds if name in namespace and kinds[name] != "plain" and not kinds[name].startswith("module")}
    )
    texts = {name: str(namespace[name])[:1000] for name in kinds if type(namespace.get(name)) is str or issubclass(type(namespace.get(name)), PurePath)}
    texts |= {name: "None" for name in kinds if name in namespace and namespace[name] is None}
    modules_now = loaded.module_names()
    is_as_before = modules_now is modules_before or modules_now == modules_before
    modules = ({} if is_as_before else loaded.new_modules(modules_before)) | loaded.reloaded(specs_before)
    found = states.changes(states_before, states.states_of(namespace, states_before, specs_before, after))
    return Seen(
        bound=bound,
        gone=gone,
        kinds=kinds,
        shares=shares,
        runs=runs,
        texts=texts,
        modules=modules,
        has_figures=_has_figures(),
        tasks=tasks,
        changed=found.changed | loaded.otherwise(modules.keys() - specs_before.keys()),
        unchanged=found.unchanged,
        counted=found.counted,
        alike=found.alike,
        unordered=frozenset(name for name in kinds if _is_unordered(namespace.get(name))),
        sets=frozenset(name for name in kinds if type(namespace.get(name)) in _SETS),
        has_imported=len(modules_now) != len(modules_before),
        moved=frozenset() if is_as_before or modules_now >= modules_before else frozenset({IMPORT_PATH}),  # what is imported next may be another
        lazy=lazy,
        holds=holds | {(name, home) for name, kind in kinds.items() if kind == "plain" and (home := _package(type(namespace.get(name)))) not in _COMMON},
    )


def kind_of(value: Any) -> str:
    """See `Seen.kinds`."""
    kind = type(value)
    if kind in _PLAIN or issubclass(type(value), _PLAIN):
        return "plain"
    if kind is tuple or kind is frozenset:
        return "plain" if len(value) <= _LONG and all(issubclass(it, _PLAIN) for it in set(map(type, value))) else "object builtins"
    if issubclass(type(value), types.ModuleType):
        return f"module {getattr(value, '__name__', '')}"
    if issubclass(type(value), (types.FunctionType, types.BuiltinFunctionType, type, functools.partial, types.MethodType)):
        if issubclass(type(value), types.FunctionType) and value.__module__ == _OWN and _keeps_state(value):
            return f"object {_OWN}"
        if issubclass(type(value), (types.MethodType, functools.partial)) or _is_bound(value):
            return "object "
        return f"callable {home_of(value)}"
    module = module_of(kind)
    if (
        module in _PLAIN_MODULES
        or (module == "numpy" and {"generic", "dtype"} & {it.__name__ for it in kind.__mro__})
        or module.startswith("pandas._libs.tslibs")
    ):
        return "plain"
    if static(kind, "__next__") is not None or static(kind, "__anext__") is not None or issubclass(type(value), _RUNNING):
        return "stream"
    return f"object {module}"


def _keeps_state(function: types.FunctionType) -> bool:
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return bool(function.__closure__) or any(kind_of(it).startswith(("object", "stream")) for it in defaults)


def _is_bound(value: Any) -> bool:
    """A builtin method of an object, such as `items.append`."""
    return issubclass(type(value), types.BuiltinFunctionType) and not issubclass(type(value.__self__), (types.ModuleType, type(None), type))


def _data_of(cls: type) -> list[Any]:
    """What a class of the notebook holds beside its code."""
    code = (types.FunctionType, property, staticmethod, classmethod, types.GetSetDescriptorType, types.MemberDescriptorType)
    return [value for name, value in namespace_of(cls).items() if name[:2] != "__" and not issubclass(type(value), (*_PLAIN, *code))]


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True


_Pairs = frozenset[tuple[str, str]]


_COMMON = frozenset({"builtins", _OWN, "pathlib"})
"""Packages whose types have no settings."""


def _package(kind: type) -> str:
    return module_of(kind).partition(".")[0]


def _shared(values: dict[str, Any]) -> tuple[_Pairs, _Pairs, _Pairs, _Pairs]:
    """See `shares`, `runs`, `lazy` and `holds` of `Seen`."""
    own_code = {id(value): name for name, value in values.items() if issubclass(type(value), (types.FunctionType, type)) and home_of(value) == _OWN}
    reached: dict[str, tuple[set[Any], bool]] = {}
    shares, runs, lazy, holds = set(), set(), set(), set()
    left = _BUDGET
    for name, value in values.items():
        if id(value) in own_code and not (issubclass(type(value), types.FunctionType) and _keeps_state(value)):
            if own_code[id(value)] != name:
                runs |= {(name, own_code[id(value)]), (own_code[id(value)], name)}
            elif issubclass(type(value), type) and (held := _data_of(value)):
                reached[name] = _reach(held, min(_LIMIT, left), [], set())
            continue
        if issubclass(type(value), _CODE) and not _is_bound(value) and not (issubclass(type(value), types.FunctionType) and value.__module__ == _OWN):
            continue
        codes: list[types.CodeType] = []
        packages: set[str] = set()
        reached[name] = _reach(value, min(_LIMIT, left), codes, packages)
        holds |= {(name, it) for it in packages - _COMMON}
        lazy |= {(name, it) for code in codes for it in _globals_of(code)}
        left -= len(reached[name][0])
    for name, (ids, is_whole) in reached.items():
        runs |= {(name, holder) for number, holder in own_code.items() if number in ids and holder != name}
        if not is_whole:
            runs |= {(name, holder) for holder in own_code.values() if holder != name}
        for other, (other_ids, other_is_whole) in reached.items():
            if name < other and (not (is_whole and other_is_whole) or not ids.isdisjoint(other_ids - own_code.keys())):
                shares.add((name, other))
    return frozenset(shares), frozenset(runs), frozenset(lazy), frozenset(holds)


def _globals_of(code: types.CodeType) -> Iterable[str]:
    """Names that the code, or code inside it, may look up around the function; names of attributes are among them."""
    yield from code.co_names
    for it in code.co_consts:
        if isinstance(it, types.CodeType):
            yield from _globals_of(it)


def _reach(value: Any, limit: int, codes: list[types.CodeType], packages: set[str]) -> tuple[set[Any], bool]:
    """Ids of the changeable objects a value holds, and whether they are all.

    Args:
        codes: the code of functions of the notebook it holds is added here.
        packages: those of the types of what it holds, too.
    """
    found: set[Any] = set()
    waiting = [value]
    is_whole = True
    while waiting:
        it = waiting.pop()
        kind = type(it)
        if kind not in _PLAIN:
            packages.add(_package(kind))
        if issubclass(type(it), _PLAIN) or id(it) in found or issubclass(type(it), (types.ModuleType, types.CodeType)):
            continue
        if issubclass(type(it), types.BuiltinFunctionType):
            waiting += [it.__self__] if _is_bound(it) else []
            continue
        if issubclass(type(it), type):
            if module_of(it) == _OWN:
                found.add(id(it))
                waiting += _data_of(it)
            continue
        if issubclass(type(it), types.FunctionType):
            if it.__module__ == _OWN:
                found.add(id(it))
                codes.append(it.__code__)
                waiting += [cell.cell_contents for cell in it.__closure__ or () if _is_filled(cell)]
                waiting += [*(it.__defaults__ or ()), *(it.__kwdefaults__ or {}).values(), *it.__dict__.values()]
            continue
        if issubclass(type(it), _RUNNING):
            codes += [code for word in ("gi_code", "cr_code", "ag_code") if (code := getattr(it, word, None)) is not None]
            return found | {id(it)}, False  # what a frame holds may be anything
        module = module_of(kind)
        if module.partition(".")[0] == "pandas" and kind.__name__ in ("DataFrame", "Series"):
            found.add(id(it))
            if not _copies_on_write():
                waiting += [it for it in gc.get_referents(getattr(it, "_mgr", None)) if not issubclass(type(it), type)]
            continue
        if module.partition(".")[0] == "pandas" and (kind.__name__.endswith("Index") or kind.__name__ == "BlockPlacement"):
            continue  # an index never changes
        if module == "numpy" and kind.__name__ == "ndarray":
            while getattr(it, "base", None) is not None and type(it.base).__name__ == "ndarray":
                it = it.base
            base = it.base.obj if type(it.base) is memoryview else it.base
            found |= {id(it), id(base) if base is not None else id(it)} | ({("memory", it.__array_interface__["data"][0])} if it.size else set())
            if it.dtype.hasobject and it.size:
                is_whole = False
            continue
        if module.startswith("torch") and hasattr(it, "untyped_storage"):
            found |= {id(it), ("memory", it.untyped_storage().data_ptr())}
            if it.grad_fn is not None:
                is_whole = False
            continue
        found.add(id(it))
        if len(found) + len(waiting) > limit:
            return found, False
        if kind in (list, tuple, set, frozenset, dict):
            if len(it) > 200:
                kinds = set(map(type, it.values() if kind is dict else it)) if len(it) <= _LONG else {object}
                packages |= set(map(_package, kinds))
                if not all(issubclass(each, _PLAIN) for each in kinds):
                    return found, False
                continue
            waiting += [*it.keys(), *it.values()] if kind is dict else it
            continue
        waiting += gc.get_referents(it)
    return found, is_whole


@functools.cache
def _copies_on_write() -> bool:
    return str(getattr(sys.modules.get("pandas"), "__version__", "0")).partition(".")[0] >= "3"


def _is_unordered(value: Any, depth: int = 3) -> bool:
    """Whether a set of what this holds, or of its parts, is gone through in another order in each process; looked into `depth` containers deep."""
    kind = type(value)
    if sys.flags.hash_randomization == 0 or kind in _HASHED_ALIKE:
        return False
    if kind is str or kind is bytes:
        return True
    if kind in (list, tuple, set, frozenset, dict):
        return depth > 0 and any(_is_unordered(it, depth - 1) for it in itertools.islice(value, _SAMPLE))
    package, name = module_of(kind).partition(".")[0], name_of(kind)
    if package == "numpy":
        return name == "ndarray" and (value.dtype.kind in "USmM" or (value.dtype.hasobject and any(map(_is_unordered, value.ravel()[:_SAMPLE].tolist()))))
    if package == "pandas" and name in ("DataFrame", "Series"):
        return any(str(it) in _TEXTUAL for it in ([value.dtype] if name == "Series" else value.dtypes.tolist()))
    return package in ("datetime", _OWN)


def _has_figures() -> bool:
    helper = sys.modules.get("matplotlib._pylab_helpers")
    return bool(getattr(getattr(helper, "Gcf", None), "figs", None))
