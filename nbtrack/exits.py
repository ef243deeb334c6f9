"""The exit codes of the `nbtrack` command; what a CI job decides by."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """One meaning a code, whatever the command."""

    OK = 0
    FAILED = 1  # a stage or notebook failed, or a command that examines found something
    GATE = 2  # everything ran, and a gate says no
    WRONG_INPUT = 3
    UNREACHABLE = 4
    INTERRUPTED = 130  # 128 + SIGINT, as shells say it
