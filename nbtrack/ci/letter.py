"""A report on its way from a job that may not comment to one that may: pieces, not Markdown, so that whoever comments draws it by its own rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nbtrack.ci.blocks import Block, Picture
from nbtrack.errors import UsageError

LETTER = "comment.json"
_FORMAT = 2
_MOST_BYTES = 32_000_000
_LEVELS = range(2, 7)


@dataclass(frozen=True)
class Letter:
    """What a comment will say."""

    key: str
    """What it is about: the pipeline's name."""
    title: str
    blocks: tuple[Block, ...]


def letter_text(key: str, title: str, blocks: Sequence[Block]) -> str:
    """The file `comment.json`. Pictures are only named, for a comment cannot hold them; charts are numbers."""
    bare = [replace(it, pictures=tuple(Picture(picture.title, "", picture.file) for picture in it.pictures)) for it in blocks if not it.is_empty]
    return json.dumps({"format": _FORMAT, "key": key, "title": title, "blocks": [asdict(it) for it in bare]}, ensure_ascii=False) + "\n"


def read_letter(folder: Path) -> Letter:
    """The letter of a report's folder. It may come from anybody: what is in it is text, and nothing else.

    Raises:
        UsageError: there is none, or it is no letter.
    """
    from pydantic import TypeAdapter

    path = folder / LETTER
    mend = "Name the folder that nbtrack ci wrote: --report-dir DIR."
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is larger than {_MOST_BYTES // 1_000_000} MB.", mend=mend)
        found = json.loads(path.read_bytes())
        if found.pop("format") != _FORMAT:
            raise UsageError(f"{path} was written by another release of nbtrack.", mend="Use the same release in both jobs.")
        letter = TypeAdapter(Letter).validate_json(json.dumps(found), strict=True)
    except UsageError:
        raise
    except OSError as cause:
        why = "there is no such file" if isinstance(cause, (FileNotFoundError, NotADirectoryError)) else f"it cannot be read, {cause.strerror or cause}"
        raise UsageError(f"{path} is no report that can be commented: {why}.", mend=mend) from cause
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as cause:
        raise UsageError(f"{path} is no report that can be commented: it is no whole JSON file.", mend=mend) from cause
    except (ValueError, TypeError, AttributeError, KeyError) as cause:
        raise UsageError(f"{path} is no report that can be commented: it is JSON, and not what nbtrack ci writes.", mend=mend) from cause
    if any(it.level not in _LEVELS for it in letter.blocks):
        raise UsageError(f"{path} has headings that there are not.", mend=mend)
    return letter
