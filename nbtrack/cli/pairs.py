"""A command that takes `-p NAME VALUE` beside `-p NAME=VALUE`, as papermill does, and calls a wrong command line wrong input."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand

_WRONG_INPUT = 3


class PairsCommand(TyperCommand):
    """Joins the two words of a param; its usage errors end with exit code 3, for 2 says that a gate failed."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, joined(args))
        except Exception as cause:
            if hasattr(cause, "exit_code") and not isinstance(cause, typer.Exit):
                cause.exit_code = _WRONG_INPUT
            raise


def joined(args: list[str]) -> list[str]:
    """The words of a command line with each `-p NAME VALUE` made `-p NAME=VALUE`."""
    found: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        found.append(word)
        if word in ("-p", "--param") and rest:
            name = rest.pop(0)
            found.append(name if "=" in name or not rest else f"{name}={rest.pop(0)}")
    return found
