"""A command that takes `-p NAME VALUE` beside `-p NAME=VALUE`, as papermill does."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class PairsCommand(TyperCommand):
    """Joins the two words of a param."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, joined(args))


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
