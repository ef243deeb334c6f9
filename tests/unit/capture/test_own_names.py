"""The notebook's own names, looked at once."""

from hypothesis import example, given
from hypothesis import strategies as st

from nbtrack.capture.own_names import OwnNames

NAMES = st.sampled_from(["x", "y", "_mine", "_", "__", "_i", "_i1", "_i2", "_3", "_oh", "__builtins__", "zzz"])
STEPS = st.lists(st.tuples(st.sampled_from(["bind", "delete", "clear", "ask", "ask"]), NAMES), max_size=40)


@given(STEPS)
@example([("bind", "y"), ("ask", "x"), ("clear", "x"), ("bind", "x"), ("bind", "y")])
@example([("bind", "y"), ("bind", "zzz"), ("ask", "x"), ("clear", "x"), ("bind", "x"), ("bind", "y"), ("bind", "zzz")])
def test_they_are_those_that_a_new_look_at_everything_finds(steps):
    namespace: dict = {"In": [], "_ih": []}
    names = OwnNames()
    for act, name in steps:
        if act == "bind":
            namespace[name] = 1
        elif act == "delete" and name[:1] != "_":
            namespace.pop(name, None)
        elif act == "clear":
            namespace.clear()
        elif act == "ask":
            assert list(names.ids(namespace).items()) == list(OwnNames().ids(namespace).items())
    assert list(names.ids(namespace).items()) == list(OwnNames().ids(namespace).items())


def test_ipythons_own_are_left_out_and_the_notebooks_are_in_order():
    names = OwnNames()
    assert list(names.ids({"In": 1, "_i1": "", "b": 1, "_": 1, "__name__": "", "_private": 2, "a": 1})) == ["In", "b", "_private", "a"]


def test_names_of_another_namespace_are_not_mixed_up():
    names = OwnNames()
    assert list(names.ids({"a": 1})) == ["a"]
    assert list(names.ids({"b": 1})) == ["b"]
