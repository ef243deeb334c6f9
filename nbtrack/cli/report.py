"""What `nbtrack report` does and prints."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from nbtrack.ci import draw_html, draw_markdown, draw_text
from nbtrack.ci.base import base_of
from nbtrack.ci.report import Report, part_of
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import find, words
from nbtrack.reads.cached import source_of


def report(home: Home, run: str, against: str, form: str, out: Path | None, limit: int) -> None:
    """Print a report, or write it to a file.

    Args:
        form: `text`, `md`, `html` or `json`.
    """
    asked = find(home, run)
    head = source_of(home, asked)
    is_cached = head.run_id != asked.run_id
    base = base_of(home, asked, against, Path.cwd())
    base = base if base.view is None else replace(base, view=source_of(home, base.view))
    part = part_of(home, head, base.view, Path.cwd(), with_pictures=form in ("md", "html"), is_cached=is_cached)
    made = Report(f"What changed in {words.clean(words.title(asked))}", (part,), base.how)
    if form == "json":
        text = json.dumps(made.as_data(), indent=2, ensure_ascii=False, default=str) + "\n"
    else:
        blocks = made.blocks()
        text = {
            "html": lambda: draw_html.draw(made.title, blocks), "text": lambda: draw_text.draw(made.title, blocks),
            "md": lambda: draw_markdown.draw(made.title, blocks, limit),
        }[form]()  # fmt: skip
    if out is None:
        print(text, end="")
        return
    try:
        out.write_text(text, "utf-8", "backslashreplace")
    except OSError as cause:
        raise UsageError(f"{out} cannot be written: {cause.strerror or cause}.", mend="Say where else, with --out FILE.") from cause
    print(out)
