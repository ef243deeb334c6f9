"""Whatever a cell does, it does the same with taps: same output, same names, same exception at the same line."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import re
import warnings

import pytest
from hypothesis import HealthCheck, given, note, settings

from nbtrack.capture.weave import taps
from nbtrack.capture.weave.insert import insert
from nbtrack.capture.weave.plan import plan

from .programs import PREAMBLE, programs

_ADDRESS = re.compile(r"0x[0-9a-f]+|<ipython-input-\d+-\w+>|/tmp/ipykernel_\d+/\d+\.py|In\[\d+\]|Cell In\[\d+\]")


def outcome(shell, code, head):
    """What a user can see of an execution."""
    shell.reset(new_session=True, aggressive=False)
    shell.run_cell(PREAMBLE).raise_error()
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = shell.run_cell(head + code)
    error = result.error_before_exec or result.error_in_exec
    trace, lines = getattr(error, "__traceback__", None), []
    while trace is not None:
        lines.append((trace.tb_frame.f_code.co_name, trace.tb_lineno))
        trace = trace.tb_next
    names = {
        name: _text(value)
        for name, value in shell.user_ns.items()
        if name not in (*shell.user_ns_hidden, taps.NAME) and not re.match(r"_(i?\d*|ih|oh|dh|i+|_+)$", name)
    }
    at = next((at for at, (name, _) in enumerate(lines) if name == "<module>"), len(lines))
    printed = _ADDRESS.sub("…", out.getvalue()).replace("      1 # as it is\n", "")
    return printed, _ADDRESS.sub("…", err.getvalue()), type(error).__name__, _ADDRESS.sub("…", str(error)), lines[at:], names, _text(result.result)


def _text(value):
    if callable(value) or isinstance(value, type) or type(value).__module__ != "builtins":
        return type(value).__name__
    return _ADDRESS.sub("…", repr(value))


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
    kept = {name: _text(value) for name, value in names.items() if name not in ("__builtins__", taps.NAME)}
    return _ADDRESS.sub("…", out.getvalue()), type(error).__name__, _ADDRESS.sub("…", str(error)), lines, kept


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


@pytest.mark.parametrize("is_tracked", [False, True], ids=["untracked", "tracked"])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(code=programs())
def test_a_cell_does_with_taps_what_it_does_without(shell, plain_shell, is_tracked, code):
    head = "%%track --capture curves --quiet\n" if is_tracked else "# as it is\n"
    note(code)
    with_taps = outcome(shell, code, head)
    without = outcome(plain_shell, code, "# as it is\n")
    assert with_taps == without
