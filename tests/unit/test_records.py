"""Dataclasses whose methods are written when the first object is made."""

from __future__ import annotations

import ast
import copy
import dataclasses
import pickle
import sys
import threading
from dataclasses import field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import nbtrack
from nbtrack import records
from nbtrack.entities import RunStart
from nbtrack.records import dataclass

_TEXT = '''
@dataclass(frozen=True)
class Point:
    """A place."""

    x: int
    y: int = 2
    tags: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def sum(self) -> int:
        return self.x + self.y


@dataclass
class Box:
    """A thing that changes."""

    sizes: list[int] = field(default_factory=list)
    name: str = field(default="box", repr=False)
'''


def _made(decorator: Any) -> Any:
    names: dict[str, Any] = {"dataclass": decorator, "field": field, "__name__": __name__}
    exec("from __future__ import annotations\n" + _TEXT, names)
    return SimpleNamespace(Point=names["Point"], Box=names["Box"])


@pytest.fixture(params=[dataclass, dataclasses.dataclass], ids=["ours", "python's"])
def classes(request: pytest.FixtureRequest) -> Any:
    """One contract for both."""
    return _made(request.param)


def test_objects_are_made_compared_shown_and_replaced(classes: Any) -> None:
    one = classes.Point(1, tags={"a": "b"})
    assert one == classes.Point(1) != classes.Point(2)
    assert hash(one) == hash(classes.Point(1))
    assert repr(one) == "Point(x=1, y=2, tags={'a': 'b'})"
    assert dataclasses.replace(one, x=5).sum == 7
    assert dataclasses.asdict(one) == {"x": 1, "y": 2, "tags": {"a": "b"}}
    assert [it.name for it in dataclasses.fields(one)] == ["x", "y", "tags"]
    assert repr(classes.Box()) == "Box(sizes=[])"
    assert classes.Box().sizes is not classes.Box().sizes
    assert copy.deepcopy(one) == one
    assert classes.Point.__match_args__ == ("x", "y", "tags")
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        classes.Point()
    with pytest.raises(TypeError, match="unhashable"):
        hash(classes.Box())
    with pytest.raises(AttributeError):
        classes.Box.sizes  # noqa: B018 - a field with a factory is no attribute of the class
    assert (classes.Box.name, classes.Point.y) == ("box", 2)


def test_a_frozen_one_cannot_be_changed(classes: Any) -> None:
    one, box = classes.Point(1), classes.Box()
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        one.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del one.x
    box.name = "other"
    assert box.name == "other"


def test_nothing_is_written_before_the_first_object() -> None:
    made = _made(dataclass)
    assert not dataclasses.is_dataclass(made.Point)
    made.Point(1)
    assert dataclasses.is_dataclass(made.Point)


def test_threads_may_make_the_first_object_at_once() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(30):
            made = _made(dataclass)
            points: list[Any] = []
            start = threading.Barrier(4)

            def make(made: Any = made, points: list[Any] = points, start: threading.Barrier = start) -> None:
                start.wait()
                points.append(made.Point(1, tags={"a": "b"}))

            threads = [threading.Thread(target=make) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert points == [made.Point(1)] * 4
            assert {repr(it) for it in points} == {"Point(x=1, y=2, tags={'a': 'b'})"}
    finally:
        sys.setswitchinterval(interval)


def test_an_interrupt_while_the_methods_are_written_does_no_harm() -> None:
    before, interrupted = sys.gettrace(), 0
    for stop_at in range(60):
        made, steps = _made(dataclass), iter(range(10**6))

        def interrupt(frame: Any, event: str, _: Any, steps: Any = steps, stop_at: int = stop_at) -> Any:
            if frame.f_code.co_filename.endswith("records.py") and next(steps) == stop_at:
                raise KeyboardInterrupt
            return interrupt

        sys.settrace(interrupt)
        try:
            made.Point(1)
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            sys.settrace(before)
        assert repr(made.Point(1)) == "Point(x=1, y=2, tags={})"
    assert interrupted > 20


def test_a_run_start_is_pickled_like_any_object() -> None:
    start = RunStart("r", "name", "store", "experiment", "owner", 1)
    assert pickle.loads(pickle.dumps(start)) == start


def test_no_class_of_the_package_is_asked_for_its_fields_before_there_is_an_object() -> None:
    told = []
    for file in Path(nbtrack.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            is_asked = isinstance(node, ast.Attribute) and node.attr == "__dataclass_fields__"
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("fields", "dataclasses.fields") and isinstance(node.args[0], ast.Name):
                is_asked |= node.args[0].id[:1].isupper() and node.args[0].id != "Settings"
            if is_asked:
                told.append(f"{file.name}:{node.lineno}: ask __annotations__")
    assert told == []


def test_those_of_the_package_have_no_bases() -> None:
    for file in Path(nbtrack.__file__).parent.rglob("*.py"):
        tree = ast.parse(file.read_text())
        if any(isinstance(node, ast.ImportFrom) and node.module == "nbtrack.records" for node in tree.body):
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and "dataclass" in "".join(ast.unparse(it) for it in node.decorator_list):
                    assert not node.bases, node.name


def test_a_class_may_be_completed_before_its_first_object_and_an_object_made_meanwhile_stays_whole() -> None:
    @dataclass(frozen=True)
    class Early:
        a: int
        b: list[int] = field(default_factory=list)

    acts = records.waiting()
    first = Early(1)
    for act in acts:
        act()
    assert first == Early(1, []) and repr(first).endswith("Early(a=1, b=[])") and dataclasses.is_dataclass(Early)
    assert not records.waiting()
