"""Whatever a cell does, it does the same with taps and tracked by every source: same output, same names, same exception at the same line."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import warnings

import pytest
from hypothesis import HealthCheck, given, note, settings

from nbtrack.capture.weave import taps
from nbtrack.capture.weave.insert import insert
from nbtrack.capture.weave.plan import plan

from .outcome import ADDRESS, outcome, text_of
from .programs import PREAMBLE, programs


def execute(code, *, weaves):
    """What code does when it is compiled as a cell is, with taps that record or without."""
    tree = compile(code, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    tried = []
    if weaves:

        def tap_for(spot, shape, has_outer):
            tap = taps.Tap(shape, spot.is_reused)
            if has_outer and shape is taps.Shape.CALL:
                tap.add_boundary()
            tap.on()
            tried.append(tap)
            return tap

        insert(tree, plan(tree).spots, tap_for)
        ast.fix_missing_locations(tree)
    names, error, lines = {"__name__": "__main__"}, None, []
    exec(PREAMBLE, names)
    with contextlib.redirect_stdout(io.StringIO()) as out, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = eval(compile(tree, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
            if inspect.iscoroutine(found):
                asyncio.run(found)
        except Exception as cause:  # noqa: BLE001 - generated code raises what it likes
            error, trace = cause, cause.__traceback__.tb_next
            while trace is not None:
                lines.append((trace.tb_frame.f_code.co_name, trace.tb_lineno))
                trace = trace.tb_next
    for tap in tried:
        tap.drain()
        tap.off()
    kept = {name: text_of(value) for name, value in names.items() if name not in ("__builtins__", taps.NAME)}
    return ADDRESS.sub("…", out.getvalue()), type(error).__name__, ADDRESS.sub("…", str(error)), lines, kept


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(code=programs())
def test_code_does_with_taps_what_it_does_without(code):
    note(code)
    try:
        compile(code, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return
    namespace, hidden = {}, {}
    taps.install(namespace, hidden)
    assert execute(code, weaves=True) == execute(code, weaves=False)


@pytest.mark.parametrize("head", ["# as it is\n", "%%track --quiet\n"], ids=["untracked", "tracked"])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(code=programs())
def test_a_tracked_cell_does_what_it_does_without_us(shell, plain_shell, head, code):
    note(code)
    with_taps = outcome(shell, code, head)
    without = outcome(plain_shell, code, "# as it is\n")
    assert with_taps == without
