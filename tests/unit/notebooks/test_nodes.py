"""Our walks find what those of `ast` find, in the same order, but contexts and operators."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import nbtrack
from nbtrack.notebooks.nodes import children, walk

_SILENT = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
_RARE = """
async def f(a, /, *b: int, c=1, **d) -> str:
    global g
    try:
        async with a as b, c: await d
    except* (ValueError, OSError) as e: raise e from None
    match a:
        case {"x": [1, *_], **rest} | Point(y=2) as p if p > 1: pass
        case None: del a[1:2, ...], b.c
    return lambda *x: f"{x!r:>{y}}" if not x else [*x, {**y}, (z := -1), *(i async for i in j if k)]
@d.e
class A(B, metaclass=C):
    x: int = 1
    y @= 2
"""


@pytest.mark.parametrize("source", [*(it.read_text() for it in sorted(Path(nbtrack.__file__).parent.glob("notebooks/*.py"))), _RARE])
def test_finds_what_ast_finds(source):
    tree = ast.parse(source)
    assert list(walk(tree)) == [it for it in ast.walk(tree) if not isinstance(it, _SILENT)]
    for node in ast.walk(tree):
        assert children(node) == [it for it in ast.iter_child_nodes(node) if not isinstance(it, _SILENT)]


def test_nodes_that_a_walk_replaces_are_still_walked():
    tree = ast.parse("f(a, b)")
    for node in walk(tree):
        if isinstance(node, ast.Call):
            node.args = []
    assert [it.id for it in walk(tree) if isinstance(it, ast.Name)] == ["f"]
