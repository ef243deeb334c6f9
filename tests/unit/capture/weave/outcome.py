"""What an execution leaves, to be compared with that of another shell."""

from __future__ import annotations

import contextlib
import io
import re
import warnings

from nbtrack.capture.weave import taps

from .programs import PREAMBLE

ADDRESS = re.compile(r"0x[0-9a-f]+|<ipython-input-\d+-\w+>|/tmp/ipykernel_\d+/\d+\.py|In\[\d+\]|Cell In\[\d+\]")


def outcome(shell, code, head=""):
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
        name: text_of(value)
        for name, value in shell.user_ns.items()
        if name not in (*shell.user_ns_hidden, taps.NAME) and not re.match(r"_(i?\d*|ih|oh|dh|i+|_+)$", name)
    }
    at = next((at for at, (name, _) in enumerate(lines) if name == "<module>"), len(lines))
    printed = ADDRESS.sub("…", out.getvalue()).replace("      1 # as it is\n", "")
    return printed, ADDRESS.sub("…", err.getvalue()), type(error).__name__, ADDRESS.sub("…", str(error)), lines[at:], names, text_of(result.result)


def text_of(value):
    """A value as it is compared."""
    if callable(value) or isinstance(value, type) or type(value).__module__ != "builtins":
        return type(value).__name__
    return ADDRESS.sub("…", repr(value))
