"""What `nbtrack report` does and prints."""

from __future__ import annotations

import json
from pathlib import Path

from nbtrack.ci import draw_html, draw_markdown
from nbtrack.ci.base import base_of
from nbtrack.ci.report import Report, part_of
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import find, words


def report(home: Home, run: str, against: str, form: str, out: Path | None, limit: int) -> None:
    """Print a report, or write it to a file.

    Args:
        form: `md`, `html` or `json`.
    """
    head = find(home, run)
    base = base_of(home, head, against, Path.cwd())
    made = Report(f"What changed in {words.clean(words.title(head))}", (part_of(home, head, base.view, Path.cwd(), with_pictures=form == "html"),), base.how)
    if form == "json":
        text = json.dumps(made.as_data(), indent=2, ensure_ascii=False, default=str) + "\n"
    else:
        blocks = made.blocks()
        text = draw_html.draw(made.title, blocks) if form == "html" else draw_markdown.draw(made.title, blocks, limit)
    if out is None:
        print(text, end="")
        return
    try:
        out.write_text(text, "utf-8", "backslashreplace")
    except OSError as cause:
        raise UsageError(f"{out} cannot be written: {cause.strerror or cause}.", mend="Say where else, with --out FILE.") from cause
    print(out)
