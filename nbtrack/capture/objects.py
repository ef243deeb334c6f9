"""Reading what objects hold, by the interpreter's own means: none of the user's methods is called. What cannot be read through is told to be so."""

from __future__ import annotations

import collections
import gc
import marshal
import types
import zlib
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from nbtrack.capture.known import bases_of, module_of, name_of, namespace_of
from nbtrack.records import dataclass

_OBJECTS, _ALL_OBJECTS = 1000, 4000
"""Objects followed from one name, and from all of a cell; empty containers are not counted."""
_BYTES = 6 << 20
"""Bytes of arrays that are read for one cell."""
_ITEMS, _LONG = 5000, 100_000
"""Things that wait to be read, and items of one container."""
_PLAIN = frozenset({int, float, complex, str, bytes, bool, type(None)})
_STILL = ("datetime", "decimal", "fractions", "uuid", "re", "zoneinfo", "enum", "pathlib", "builtins")
"""Modules of classes whose objects never change; of `builtins` those that are no containers."""
_FUNCTIONS = (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, types.MethodWrapperType, types.GetSetDescriptorType)
OWN = "__main__"
CONTAINERS = frozenset({list, dict, set, bytearray, collections.deque, collections.defaultdict, collections.Counter, collections.OrderedDict})
_FRAMES = ("DataFrame", "Series")
_NO_NUMPY = ("torch.bfloat16",)
"""Kinds of numbers that NumPy does not know."""
_HEAP_TYPE = 1 << 9
"""Of `type.__flags__`: made by a class statement, or as if it were."""
_FLAGS, _BASIC_SIZE, _ITEM_SIZE = (type.__dict__[name].__get__ for name in ("__flags__", "__basicsize__", "__itemsize__"))
"""Facts of a class, past what its metaclass may say of them."""
_VERSION = 2
"""Of marshal: equal values give equal bytes, whoever else holds them."""


@dataclass(frozen=True)
class State:
    """An object, and what it held; states are compared, nothing else."""

    number: int
    parts: tuple[Any, ...]
    is_whole: bool
    """All that the object holds was read."""
    is_counted: bool = False
    """The rest are tensors, of which PyTorch's own count of changes was read in place of their values."""
    value: tuple[Any, ...] = ()
    """What tells an array, a data frame, a tensor, a plain value or a container of such from others with other values; empty for any other object."""


class Reader:
    """Reads the states of one cell's names, within one budget."""

    def __init__(self, local: frozenset[str]) -> None:
        self.local = local
        self._left, self._left_bytes = _ALL_OBJECTS, _BYTES
        self._parts: list[Any] = []
        self._is_whole, self._is_counted = True, False
        self._layouts: dict[type, tuple[list[Any], list[Any]]] = {}
        self._sums: dict[tuple[Any, ...], int] = {}
        """Checksums of arrays that were read for another name."""

    def read(self, value: Any) -> State:
        """The state an object is in."""
        self._parts, self._is_whole, self._is_counted = [], True, False
        seen: set[int] = set()
        followed = 0
        waiting = [value]
        limit = min(_OBJECTS, self._left)
        while waiting:
            it = waiting.pop()
            kind = type(it)
            if kind in _PLAIN:
                self._plain([it])
                continue
            if id(it) in seen:
                self._parts.append(id(it))
                continue
            if followed >= limit or len(waiting) > _ITEMS:
                self._left -= followed
                return State(id(value), (), False)
            seen.add(id(it))
            if kind in CONTAINERS and not len(it) and kind is not collections.defaultdict:
                self._parts += (id(it), b"")
                continue
            followed += 1
            if name_of(kind) != "ndarray":  # which array lies over the bytes does not matter
                self._parts.append(id(it))
            try:
                waiting += self._inside(it, kind)
            except Exception:  # noqa: BLE001 - an object half made, or one that is changed by a thread at this moment
                self._is_whole = False
        self._left -= followed
        whole, parts = self._is_whole and not self._is_counted, tuple(self._parts)
        return State(id(value), parts, whole, self._is_whole and self._is_counted, _value(value, parts))

    def _inside(self, it: Any, kind: type) -> Iterable[Any]:
        """What the object holds; what is only compared goes to the parts."""
        if kind is collections.defaultdict:
            self._parts[-1] = (id(it), id(it.default_factory))
        if issubclass(kind, dict):
            return [*self._items(dict.items(it)), *self._attributes(it, kind)]
        if issubclass(kind, (list, tuple)):
            base = list if issubclass(kind, list) else tuple
            return [*self._sequence(base.__iter__(it), base.__len__(it)), *self._attributes(it, kind)]
        if issubclass(kind, (set, frozenset)):
            base_ = set if issubclass(kind, set) else frozenset
            self._parts.append(base_(it) if all(type(each) in _PLAIN for each in base_.__iter__(it)) else sorted(map(id, base_.__iter__(it))))
            self._is_whole &= all(type(each) in _PLAIN for each in base_.__iter__(it))
            return self._attributes(it, kind)
        if kind is collections.deque:
            return self._sequence(iter(it), len(it))
        if kind is bytearray:
            self._parts.append(bytes(it))
            return ()
        if issubclass(kind, types.FunctionType):
            return self._function(it)
        if issubclass(kind, types.MethodType):
            return (it.__self__, it.__func__)
        if issubclass(kind, _FUNCTIONS):
            owner = getattr(it, "__self__", None)
            return () if owner is None or issubclass(type(owner), (types.ModuleType, type)) else (owner,)
        if issubclass(kind, type):
            return self._class(it)
        if issubclass(kind, types.ModuleType):
            return self._items(self._data(it)) if it.__name__ in self.local else ()
        if kind is types.CellType:
            return (it.cell_contents,)
        return self._library(it, kind)

    def _library(self, it: Any, kind: type) -> Iterable[Any]:
        module = module_of(kind)
        package = module.partition(".")[0]
        if package == "numpy":
            return self._numpy(it, kind)
        if package == "pandas" and kind.__name__ in _FRAMES:
            return self._frame(it)
        if package == "torch" and hasattr(kind, "untyped_storage"):
            return self._tensor(it)
        if module == "torch._C" and name_of(kind) == "Generator":
            self._parts.append(it.get_state().numpy().tobytes())
            return ()
        if package == "random" and kind.__name__ == "Random":
            self._parts.append(it.getstate())
            return ()
        if module in _STILL or issubclass(kind, PurePath):
            self._is_whole &= module != "builtins" or kind in (range, slice, type(...), property, staticmethod, classmethod, object)
            return (it.__func__,) if kind in (staticmethod, classmethod) else ()
        if package == "functools" and kind.__name__ == "partial":
            return (it.func, it.args, it.keywords)
        if package == "functools" and kind.__name__ == "_lru_cache_wrapper":
            return self._cached_function(it)
        return self._attributes(it, kind)

    def _cached_function(self, it: Any) -> Iterable[Any]:
        """A function behind `functools.cache`, and the results it keeps; how often one was asked for again does not count."""
        _, misses, most, size = it.cache_info()
        self._parts.append((misses, most, size))
        own = [each for each in gc.get_referents(it) if each is not it.__dict__ and not (issubclass(type(each), type) and module_of(each) == "functools")]
        held = [
            each for each in own if not (type(each) is dict and any(name_of(type(link)) == "_lru_list_elem" for link in each.values()))
        ]  # it has them singly, too
        return [*self._items(it.__dict__.items()), *sorted(held, key=id)]

    def _tensor(self, it: Any) -> Iterable[Any]:
        self._parts.append((str(it.dtype), tuple(it.shape), it.data_ptr() if not it.is_sparse else 0, it.requires_grad))
        grad = it.grad if it.is_leaf else None
        values = it.detach().numpy() if _has_numpy(it) else None
        if values is not None and self._affords(values):
            self._content(values)  # at once: when it is gone, another may have its id
        else:
            self._parts.append(it._version)
            self._is_counted = True
        return () if grad is None else (grad,)

    def _sequence(self, items: Iterable[Any], length: int) -> Iterable[Any]:
        if length > _LONG:
            self._is_whole = False
            return ()
        held = list(items)
        if _PLAIN.issuperset(map(type, held)):
            self._plain(held)
            return ()
        self._parts.append(len(held))
        return held

    def _plain(self, held: list[Any]) -> None:
        """Values that cannot change, all of them as bytes, as the place of one that is gone may be given to another."""
        size_bytes = 9 * len(held) + sum(len(it) for it in held if type(it) is str or type(it) is bytes)
        if size_bytes > self._left_bytes:
            self._is_whole = False
            return
        self._left_bytes -= size_bytes
        self._parts.append(marshal.dumps(held, _VERSION))

    def _items(self, items: Iterable[tuple[Any, Any]]) -> Iterable[Any]:
        return self._sequence([each for pair in items for each in pair], 0)

    def _attributes(self, it: Any, kind: type) -> Iterable[Any]:
        """Attributes and class of an object made by Python code; what a compiled class keeps beside them cannot be read."""
        if kind not in self._layouts:
            self._layouts[kind] = _layout(kind)
        slots, homes = self._layouts[kind]
        found: list[Any] = [_held(member, it) for member in slots]
        own = next((held for member in homes if (held := _held(member, it)) is not None), None)
        if type(own) is dict:
            is_logger = module_of(kind) == "logging"  # which remembers, each time it is used, what it would let through
            found += self._items((name, value) for name, value in own.items() if not (is_logger and name in ("_cache", "manager")))
        if not issubclass(kind, (dict, list, tuple, set, frozenset)):
            # beyond an object's head: its slots, its attributes and its weak references; more is a compiled class's own
            self._is_whole &= _BASIC_SIZE(kind) <= object.__basicsize__ + 8 * (len(slots) + 2) and _ITEM_SIZE(kind) == 0
            self._is_whole &= own is not None or bool(slots) or kind is object
        if self._is_own(module_of(kind)):
            found.append(kind)
        return found

    def _class(self, it: type) -> Iterable[Any]:
        if not self._is_own(module_of(it)):
            return ()
        return [*self._items((name, value) for name, value in self._data(it)), *(base for base in bases_of(it)[1:] if base is not object)]

    def _function(self, it: types.FunctionType) -> Iterable[Any]:
        if not self._is_own(it.__module__ or ""):
            return ()
        self._parts.append(it.__code__)
        return [*(it.__closure__ or ()), *(it.__defaults__ or ()), *(it.__kwdefaults__ or {}).values(), *self._items(it.__dict__.items())]

    def _data(self, it: Any) -> list[tuple[str, Any]]:
        """What a class or module holds, its furniture left out; of names with underscores around them methods and annotations count."""
        left_out = (types.ModuleType, types.BuiltinFunctionType, types.MemberDescriptorType, types.GetSetDescriptorType)
        held = namespace_of(it) if issubclass(type(it), type) else vars(it)
        return [
            (name, value)
            for name, value in list(held.items())
            if (name[:2] != "__" or name == "__annotations__" or issubclass(type(value), types.FunctionType)) and not issubclass(type(value), left_out)
        ]

    def _is_own(self, module: str) -> bool:
        return module == OWN or module in self.local

    def _numpy(self, it: Any, kind: type) -> Iterable[Any]:
        if kind.__name__ == "ndarray":
            self._parts.append((it.shape, it.strides, it.dtype.str, it.__array_interface__["data"][0], it.flags.writeable))
            self._content(it)
        elif kind.__name__ == "Generator":
            self._parts.append((repr(it.bit_generator.state), getattr(getattr(it.bit_generator, "seed_seq", None), "n_children_spawned", 0)))
        elif kind.__name__ == "RandomState":
            self._parts += (values.tobytes() if hasattr(values, "tobytes") else values for values in it.get_state())
        elif hasattr(kind, "tobytes"):
            self._parts.append(it.tobytes())
        else:
            self._is_whole &= kind.__name__.startswith("dtype")
        return ()

    def _affords(self, it: Any) -> bool:
        return self._sum_key(it) in self._sums or bool(it.nbytes <= self._left_bytes)

    @staticmethod
    def _sum_key(it: Any) -> tuple[Any, ...]:
        return (it.__array_interface__["data"][0], it.shape, it.strides, it.dtype.str)

    def _content(self, it: Any) -> None:
        """Values of a NumPy array, wherever they lie."""
        if it.dtype.hasobject:
            held = it.ravel().tolist() if it.size <= _LONG and it.dtype.names is None else [it]
            if _PLAIN.issuperset(map(type, held)):
                self._plain(held)
            else:
                self._is_whole = False
            return
        key = self._sum_key(it)
        if key not in self._sums:
            if it.nbytes > self._left_bytes:
                self._is_whole = False
                return
            self._left_bytes -= it.nbytes
            self._sums[key] = zlib.crc32(it if it.flags.c_contiguous else it.tobytes())
        self._parts.append(self._sums[key])

    def _frame(self, it: Any) -> Iterable[Any]:
        """What a data frame's columns and axes hold; where in memory it lies, pandas changes as it likes."""
        manager = it._mgr
        for axis in manager.axes:
            self._axis(axis)
        for block in manager.blocks:
            self._parts.append(block.mgr_locs.as_array.tobytes())
            self._column(block.values)
        return (it.attrs,) if it.attrs else ()

    def _axis(self, axis: Any) -> None:
        self._parts.append(repr(tuple(axis.names)))
        if hasattr(axis, "_levels"):
            for level, codes in zip(axis._levels, axis._codes, strict=True):
                self._axis(level)
                self._column(codes)
        else:
            self._column(axis._range if hasattr(axis, "_range") else axis._data)

    def _column(self, values: Any) -> None:
        """The values of a column, whatever array of pandas holds them."""
        kind = type(values)
        if kind is range:
            self._parts.append(values)
        elif module_of(kind).partition(".")[0] == "numpy":
            self._parts.append((values.shape, values.dtype.str))
            self._content(values)
        elif module_of(kind).partition(".")[0] != "pandas":
            self._parts.append(id(values))
            self._is_whole = False
        else:
            self._parts.append(str(values.dtype))
            if hasattr(values, "_pa_array"):
                self._arrow(values._pa_array)
            elif hasattr(values, "_codes"):
                self._column(values._codes)
                self._axis(values.dtype.categories)
            elif hasattr(values, "_mask"):
                self._column(values._data)
                self._column(values._mask)
            elif hasattr(values, "_ndarray"):
                self._column(values._ndarray)
            else:
                self._parts.append(id(values))
                self._is_whole = False

    def _arrow(self, values: Any) -> None:
        if values.nbytes > self._left_bytes:
            self._parts.append(id(values))
            self._is_whole = False
            return
        self._left_bytes -= values.nbytes
        for chunk in values.chunks:
            self._parts.append((len(chunk), chunk.offset, *(zlib.crc32(it) if it is not None else 0 for it in chunk.buffers())))


def _value(value: Any, parts: tuple[Any, ...]) -> tuple[Any, ...]:
    kind, package = type(value), module_of(type(value)).partition(".")[0]
    if kind in _PLAIN:
        return (kind, *parts)
    if (kind in CONTAINERS and kind is not collections.defaultdict) or kind is tuple:
        return (kind, parts[1]) if len(parts) == 2 and type(parts[1]) in (bytes, set) else ()
    if package == "pandas" and name_of(kind) in _FRAMES:
        return (name_of(kind), *parts[1:])
    if package == "torch" and name_of(kind) == "Tensor" and len(parts) == 3 and value.grad_fn is None:
        return (kind, *parts[1][:2], value.requires_grad, parts[2])
    if package == "numpy" and name_of(kind) == "ndarray":
        return (value.shape, value.dtype.str, value.flags.writeable, *parts[1:])
    return (kind, parts[1]) if package == "numpy" and len(parts) == 2 and type(parts[1]) is bytes else ()


def _has_numpy(tensor: Any) -> bool:
    """Whether NumPy can look at its values where they lie."""
    return tensor.device.type == "cpu" and str(tensor.layout) == "torch.strided" and str(tensor.dtype) not in _NO_NUMPY and not tensor.is_quantized


def _layout(kind: type) -> tuple[list[Any], list[Any]]:
    """Descriptors of a class by which its objects' slots are read, and those of their `__dict__`."""
    slots, homes = [], []
    for base in bases_of(kind):
        for name, member in namespace_of(base).items():
            is_slot = type(member) is types.MemberDescriptorType
            if name == "__dict__" and (is_slot or type(member) is types.GetSetDescriptorType):
                homes.append(member)
            elif is_slot and _FLAGS(base) & _HEAP_TYPE:
                slots.append(member)
    return slots, homes


def _held(member: Any, it: Any) -> Any:
    try:
        return member.__get__(it)
    except AttributeError:
        return None
