"""What the commands about runs that are over do and print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from nbtrack import courier, settings
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.magics.replay import RESTORES, store_here
from nbtrack.magics.typed import seconds
from nbtrack.reads import find, words
from nbtrack.replay.bundle import pack
from nbtrack.replay.data import DataList
from nbtrack.replay.reproduce import reproduce as execute_again
from nbtrack.replay.restore import restore as bring_back
from nbtrack.replay.unpack import unpack


def restore(home: Home, run: str, chosen: list[str], to: str, as_json: bool) -> None:
    if len(chosen) > 1:
        raise UsageError("nbtrack restore writes one thing at a time.", mend=f"Choose one of {', '.join(('--cell N', *RESTORES))}.")
    found = bring_back(home, find(home, run), *chosen, to=to)
    _print(found, [it.__dict__ for it in found.references] if isinstance(found, DataList) else found.__dict__, as_json)


def reproduce(home: Home, run: str, env: str, tolerance: list[str], timeout_s: float | None, with_output: bool, as_json: bool) -> int:
    """The exit code."""
    found = execute_again(
        home, find(home, run), settings.load(), env=env, tolerance=tolerance, timeout_s=seconds(None if timeout_s is None else str(timeout_s)),
        tell=lambda text: print(f"nbtrack: {text}", file=sys.stderr),
        see=(lambda text: print(text, end="", file=sys.stderr, flush=True)) if with_output else None,
    )  # fmt: skip
    _print(found, found.as_data(), as_json)
    return found.answer.exit_code


def bundle(home: Home, run: str, file: Path, with_data: bool, as_json: bool) -> None:
    found = pack(home, find(home, run), file, with_data=with_data)
    _print(found, found.__dict__, as_json)


def take_in(home: Home, file: Path, as_json: bool) -> None:
    chosen = settings.load()
    uri = store_here(chosen)
    found = unpack(home, file, courier.mask_uri(uri))
    if found.is_new:
        courier.announce(home, uri, chosen)
    _print(found, {"is_new": found.is_new, **words.as_data(found.view)}, as_json)


def _print(found: object, data: Any, as_json: bool) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False, default=str) if as_json else repr(found))
