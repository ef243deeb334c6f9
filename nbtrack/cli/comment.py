"""What `nbtrack comment` does: tell in the pull request what another job found, which had no right to."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from nbtrack.ci import draw_markdown
from nbtrack.ci.comment import Commented
from nbtrack.ci.comment import comment as write
from nbtrack.ci.letter import read_letter
from nbtrack.ci.providers import detect
from nbtrack.exits import Exit


def comment(folder: Path, env: Mapping[str, str], *, as_json: bool) -> Exit:
    """The exit code: 1 where there is a pull request and the comment could not be written."""
    letter = read_letter(folder)
    provider = detect(env)
    thread = provider.thread()
    done = Commented()
    if thread is not None:
        done = write(thread, letter.key, draw_markdown.draw(letter.title, letter.blocks, thread.limit_bytes, provider.link()))
    elif not provider.notes:
        provider.notes.append("There is no pull request here, so no comment is written.")
    notes = [*provider.notes, *([done.problem] if done.problem else [])]
    if as_json:
        print(json.dumps({"url": done.url, "notes": notes}))
    elif done.url:
        print(done.url)
    for note in notes:
        print(f"nbtrack: {note}", file=sys.stderr)
    return Exit.FAILED if done.problem else Exit.OK
