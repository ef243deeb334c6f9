"""The command `nbtrack` without its commands, and what these share."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from nbtrack import settings
from nbtrack.entities import RunView
from nbtrack.journal import Home
from nbtrack.reads import words

app = typer.Typer(no_args_is_help=True, add_completion=True, context_settings={"help_option_names": ["-h", "--help"]})
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _version(is_asked: bool) -> None:
    if is_asked:
        from nbtrack import __version__

        print(f"nbtrack {__version__}")
        raise typer.Exit


@app.callback()
def options(version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False) -> None:
    """Runs of notebooks and scripts: look at them, deliver them, mend them."""


def state_home() -> Home:
    return Home(settings.home(settings.load()))


def changed(view: RunView, text: str, as_json: bool) -> None:
    if as_json:
        print_json(words.as_data(view))
    else:
        print(text.replace("{}", f"{view.name} ({view.run_id[:8]})"))


def print_json(data: object) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False, default=str))
