"""What `nbtrack data` does and prints."""

from __future__ import annotations

import json
from pathlib import Path

from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.reads import act


def data(home: Home, action: str, a: str, b: str, names: list[str], *, as_json: bool, as_markdown: bool) -> None:
    """Say what changed between the data that two runs read."""
    from nbtrack.pipelines.data.difference import difference
    from nbtrack.pipelines.data.page import DataPage

    if action != "diff":
        raise UsageError(f"nbtrack data has no {action!r}.", mend="Write nbtrack data diff A B.")
    found = difference(home, act.look_for_made(home, a), act.look_for_made(home, b), Path.cwd(), tuple(names))
    if unknown := [name for name in names if not any(name in (it.name, *(one.name for one in (it.a, it.b) if one)) for it in found.inputs)]:
        known = sorted({it.name for it in difference(home, found.a, found.b, Path.cwd()).inputs})
        raise UsageError(f"Neither run read {unknown[0]!r}.", mend=f"They read {', '.join(known) or 'nothing'}.")
    page = DataPage(found)
    if as_json:
        print(json.dumps(page.data(), indent=2, ensure_ascii=False))
    else:
        print(page.markdown() if as_markdown else repr(page))
