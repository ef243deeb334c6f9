"""A comparison as one page: interactive, without a kernel, and without a request to anywhere."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbtrack.errors import NbtrackError
from nbtrack.widgets import wire

BUNDLE = Path(__file__).parent / "static" / "page.js"

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 12px 16px; background: #fff; color: #1f1f1f; font: 14px/1.4 system-ui, sans-serif; }
h1 { font-size: 18px; margin: 0 0 8px; }
@media (prefers-color-scheme: dark) { body { background: #1b1b1b; color: #ececec; } }
"""


def page(runs: Mapping[str, Any], answers: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], title: str, *, still: str = "") -> str:
    """HTML that shows the runs.

    Args:
        runs: the columns, as a widget gets them.
        answers: questions and their answers, all that the page can say.
        still: HTML shown where scripts do not run.
    """
    data = json.dumps({"runs": wire.brief(runs), "answers": [{"ask": ask, "answer": answer} for ask, answer in answers]}, ensure_ascii=False, allow_nan=False)
    script = _bundle()
    # Only these two may run and dress the page: what a name or value might smuggle in may not, and nothing is fetched
    policy = f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(_STYLE)}'; img-src data:"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">
<title>{html.escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{html.escape(title)}</h1>
<div id="nbtrack"></div>
<noscript>{still}</noscript>
</main>
<script type="application/json" id="nbtrack-data">{_inside_script(data)}</script>
<script>{script}</script>
</body>
</html>
"""


@functools.cache
def _bundle() -> str:
    """The program of the page, such that it cannot end the element it stands in."""
    try:
        text = BUNDLE.read_text("utf-8")
    except OSError as error:
        raise NbtrackError("This installation of nbtrack has no front end.", mend="Install nbtrack again; from a checkout: pip install .") from error
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _inside_script(data: str) -> str:
    """JSON that cannot end the element it stands in."""
    return data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
