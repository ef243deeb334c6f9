"""What `nbtrack gate` does and prints."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nbtrack import settings
from nbtrack.exits import Exit
from nbtrack.gates.page import GatesPage
from nbtrack.gates.run import gate_run
from nbtrack.journal import Home


def gate(home: Home, run: str, file: str, against: str, *, as_json: bool, as_markdown: bool) -> Exit:
    """The exit code."""
    page = GatesPage(gate_run(home, run, settings.load(), Path.cwd(), file=file, against=against, tell=lambda text: print(f"nbtrack: {text}", file=sys.stderr)))
    if as_json:
        print(json.dumps(page.verdicts.as_data(), indent=2, ensure_ascii=False, default=str))
    else:
        print(page.markdown() if as_markdown else repr(page))
    return page.verdicts.exit_code
