"""The entry point of `nbtrack`; errors end in one readable line and a code of `exits.py`."""

from __future__ import annotations

import os
import sys

import typer

from nbtrack.cli import commands_ci, commands_pipelines, commands_runs
from nbtrack.cli.app import app
from nbtrack.errors import NbtrackError, StoreError
from nbtrack.exits import Exit
from nbtrack.pipelines.loading import this_process_is_ours
from nbtrack.settings import unknown_variables

__all__ = ["app", "main"]
for _commands in (commands_runs, commands_pipelines, commands_ci):
    app.add_typer(_commands.app)


def main() -> None:
    """Entry point of the console script."""
    this_process_is_ours()
    for told in unknown_variables(os.environ):
        print(f"nbtrack: {told}", file=sys.stderr)
    try:
        app()
    except NbtrackError as error:
        print(f"nbtrack: {error}", file=sys.stderr)
        sys.exit(Exit.UNREACHABLE if isinstance(error, StoreError) else Exit.WRONG_INPUT)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except SystemExit as end:
        if end.code == 2 and not isinstance(end.__context__, typer.Exit):  # typer's own code for a wrong option is that of a gate
            sys.exit(Exit.WRONG_INPUT)
        raise
