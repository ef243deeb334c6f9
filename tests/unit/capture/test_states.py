"""States tell what was changed, and never that nothing was where they cannot see."""

from __future__ import annotations

import collections
import random
import threading
import types
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from nbtrack.capture.states import changes, random_states, states_of


class Model:
    """As if a notebook had defined it."""

    shared: ClassVar[list[int]] = []

    def __init__(self):
        self.weights = np.zeros(3)
        self.log = []


Model.__module__ = "__main__"


class Slotted:
    __slots__ = ("v",)

    def __init__(self):
        self.v = [1]


Slotted.__module__ = "__main__"


def after(value, act):
    """`changed`, `unchanged`, `counted` or `unsure`, after the act."""
    names = {"it": value}
    before = states_of(names, ["it"])
    act(value)
    found = changes(before, states_of(names, ["it"]))
    return next((word for word in ("changed", "unchanged", "counted") if "it" in getattr(found, word)), "unsure")


CHANGES = {
    "list": ([1, 2], lambda it: it.append(3)),
    "a number alike to hash": ([-1], lambda it: it.__setitem__(0, -2)),
    "a number of another type": ([1], lambda it: it.__setitem__(0, 1.0)),
    "an item deep inside": ({"a": [{"b": [1]}]}, lambda it: it["a"][0]["b"].append(2)),
    "an equal list instead of another": ([[1]], lambda it: it.__setitem__(0, [1])),
    "dict order": ({"a": 1, "b": 2}, lambda it: it.update(a=it.pop("a"))),
    "defaultdict": (collections.defaultdict(int), lambda it: it["x"]),
    "deque": (collections.deque([1, 2]), lambda it: it.rotate()),
    "set": ({1}, lambda it: it.add(2)),
    "bytearray": (bytearray(2), lambda it: it.__setitem__(0, 7)),
    "attribute": (Model(), lambda it: setattr(it, "lr", 1)),
    "array in an object": (Model(), lambda it: it.weights.__iadd__(1)),
    "class of an object": (Model(), lambda it: type(it).shared.append(1)),
    "slot": (Slotted(), lambda it: it.v.append(1)),
    "namespace": (types.SimpleNamespace(lr=1), lambda it: setattr(it, "lr", 2)),
    "array": (np.zeros(3), lambda it: it.__setitem__(0, 1)),
    "view": (np.zeros((4, 4))[::2, 1], lambda it: it.__setitem__(0, 1)),
    "generator of numbers": (np.random.default_rng(0), lambda it: it.random()),
    "Random": (random.Random(0), lambda it: it.random()),
    "data frame": (pd.DataFrame({"a": [1.0, 2.0]}), lambda it: it.__setitem__("a", [2.0, 1.0])),
    "names of an index": (pd.DataFrame({"a": [1]}), lambda it: setattr(it.index, "name", "i")),
    "attrs": (pd.DataFrame({"a": [1]}), lambda it: it.attrs.update(k=1)),
    "a text of a frame": (pd.DataFrame({"a": ["x", "y"]}), lambda it: it.__setitem__("a", ["x", "z"])),
    "columns of a frame": (pd.DataFrame({"a": ["x", None], "b": [1, 2]}), lambda it: it.pop("b")),
    "labels of a frame": (pd.DataFrame({"a": [1, 2]}), lambda it: setattr(it, "index", [1, 0])),
    "a category": (pd.DataFrame({"a": pd.Categorical(["x", "y"])}), lambda it: it.__setitem__("a", it["a"].cat.rename_categories(["x", "z"]))),
    "a missing number": (pd.DataFrame({"a": pd.array([1, 2], dtype="Int64")}), lambda it: it.__setitem__("a", pd.array([1, None], dtype="Int64"))),
    "texts in an array": (np.array(["a", None], dtype=object), lambda it: it.__setitem__(0, "b")),
}
STAYS = {
    "list": ([1, "two", 3.0, None, [b"x"]], len),
    "object": (Model(), lambda it: it.weights.sum()),
    "slots": (Slotted(), lambda it: it.v[0]),
    "array": (np.arange(3), lambda it: it + 1),
    "numbers of a frame": (pd.DataFrame({"a": [1.0]}), lambda it: it.describe()),
    "changed and changed back": ([1], lambda it: (it.append(2), it.pop())),
    "a frame without gaps": (
        pd.DataFrame({"a": ["x"], "t": pd.to_datetime(["2020-01-01"]), "c": pd.Categorical(["x"])}),
        lambda it: it.__setitem__("a", it["a"].fillna("?")),
    ),
    "rows with two labels": (pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)])), lambda it: it.loc["x"]),
    "texts in an array": (np.array(["a", None], dtype=object), lambda it: it[0]),
}
UNSURE = {
    "a lock": ([threading.Lock()], lambda _: None),
    "lists in a frame": (pd.DataFrame({"a": [[1]]}), lambda _: None),
    "objects in an array": (np.array([[1], "a", None], dtype=object), lambda _: None),
    "more objects than are followed": ([[i] for i in range(4000)], lambda it: it[3999].append(1)),
    "a larger array than is read": (np.zeros(1 << 21), lambda it: it.__setitem__(5, 1)),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_is_seen(case):
    assert after(*CHANGES[case]) == "changed"


@pytest.mark.parametrize("case", STAYS)
def test_what_stays_is_known_to(case):
    assert after(*STAYS[case]) == "unchanged"


@pytest.mark.parametrize("case", UNSURE)
def test_what_cannot_be_read_is_unsure(case):
    assert after(*UNSURE[case]) == "unsure"


def test_no_method_of_the_user_is_called():
    class Loud(dict):
        def __getattribute__(self, name):
            raise AssertionError(name)

        def __iter__(self):
            raise AssertionError

        items = __len__ = __eq__ = __hash__ = __iter__

    Loud.__module__ = "__main__"
    loud = Loud()
    names = {"it": [loud]}
    assert states_of(names, ["it"])["it"].parts


def test_a_draw_moves_the_random_state_of_its_library():
    before = random_states()
    random.random()
    now = random_states()
    assert (now["random"] != before["random"], now["numpy"] == before["numpy"]) == (True, True)
    np.random.rand()
    assert random_states()["numpy"] != now["numpy"]


def test_other_containers_of_the_notebook_are_watched_too():
    names = {"touched": [1], "other": [1], "In": ["x"]}
    before = states_of(names, ["touched"])
    names["other"].append(2)
    names["In"].append("y")
    found = changes(before, states_of(names, before))
    assert (found.changed, found.unchanged) == (frozenset({"other"}), frozenset({"touched"}))


ALIKE = {
    "number": (1.5, lambda: float("1.5"), lambda: 1),
    "texts": (["a", "b"], lambda: list("ab"), lambda: list("ba")),
    "dict": ({"a": 1, "b": 2}, lambda: {"a": 1, "b": 2}, lambda: {"b": 2, "a": 1}),
    "array": (np.arange(4), lambda: np.arange(4), lambda: np.arange(4.0)),
    "frame": (pd.DataFrame({"a": ["x", "y"]}), lambda: pd.DataFrame({"a": ["x", "y"]}), lambda: pd.DataFrame({"b": ["x", "y"]})),
}


@pytest.mark.parametrize("case", ALIKE)
def test_another_object_of_the_same_value_is_told_from_one_of_another_value(case):
    value, alike, other = ALIKE[case]
    before = states_of({"it": value}, ["it"])
    again = alike()
    assert again is not value
    assert changes(before, states_of({"it": again}, ["it"])).alike == {"it"}
    assert changes(before, states_of({"it": other()}, ["it"])).alike == frozenset()


def test_containers_of_objects_are_never_alike():
    before = states_of({"it": [[1]]}, ["it"])
    assert changes(before, states_of({"it": [[1]]}, ["it"])).alike == frozenset()


def test_tensors_too_large_to_read_are_known_by_the_count_of_their_changes():
    torch = pytest.importorskip("torch")
    assert after(torch.nn.Linear(2000, 2000), lambda it: it.weight.sum()) == "counted"
    assert after(torch.nn.Linear(2000, 2000), lambda it: torch.nn.init.zeros_(it.weight)) == "changed"
    assert after(torch.nn.Linear(20, 20), lambda it: it.weight.data.mul_(2)) == "changed"
    small = torch.nn.Linear(20, 20)
    assert after(small, lambda it: it.load_state_dict({name: value.clone() for name, value in it.state_dict().items()})) == "unchanged"
