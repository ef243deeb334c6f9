"""Where the order of a set counts is found, and where it does not is passed over."""

from __future__ import annotations

import ast

import pytest

from nbtrack.notebooks.orders import orders_of


def found(code, own=()):
    return {("".join(sorted(names)), is_sure) for names, is_sure in orders_of(ast.parse(code).body, own)}


@pytest.mark.parametrize(
    ("code", "order"),
    [
        ("list(set(w))", ("w", True)),
        ("for c in {'a', n}: pass", ("'n", True)),
        ("[f(c) for c in s]", ("s", False)),
        ("v = {w: i for i, w in enumerate(a | set(b))}", ("ab", True)),
        ("s = set(w)\nlist(s)", ("sw", True)),
        ("list(set('a b'.split()))", ("'", True)),
        ("list(set(['a', n]))", ("'n", True)),
        ("list(set(f.read().lower().split()))", ("'f", True)),
        ("list(set(d['k']))", ("d", True)),
        ("', '.join(s.union(t))", ("s", False)),
        ("[*{x for x in w}]", ("wx", True)),
        ("s.pop()", ("s", False)),
        ("str(set(w))", ("w", True)),
        ("f'{set(w)}'", ("w", True)),
        ("print(set(w))", ("w", True)),
        ("max(set(w), key=len)", ("w", True)),
    ],
)
def test_going_through_a_set_is_found(code, order):
    assert order in found(code)


@pytest.mark.parametrize(
    "code",
    [
        "sorted(set(w))",
        "len(set(w))",
        "x in {'a', 'b'}",
        "sum(f(c) for c in set(w))",
        "{f(c) for c in w}",
        "max(set(w))",
        "s = set(w)",
        "def f(w): return list(set(w))",
    ],
)
def test_where_order_does_not_count_nothing_is_sure(code):
    assert not any(is_sure for _, is_sure in found(code))


def test_a_name_of_the_function_stands_for_any():
    assert found("return_ = list(set(w))", own={"w"}) == {("*", True)}
