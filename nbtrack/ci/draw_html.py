"""A report as one HTML page that needs nothing else, and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nbtrack.ci.blocks import Block

_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.2rem; margin: 1.4rem 0 .4rem } h3 { font-size: 1.05rem; margin: 1.2rem 0 .3rem } p { margin: .3rem 0 }
table { border-collapse: collapse; margin: .5rem 0; display: block; overflow-x: auto }
th:first-child, td:first-child { white-space: nowrap }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; vertical-align: top }
pre { font-size: 13px; line-height: 1.35; overflow-x: auto; background: #8881; padding: .5rem }
figure { margin: 1rem 0 } img { max-width: 100%; background: #fff } figcaption, .note { opacity: .75 }
.good, .add { color: #2e7d32 } .bad, .del { color: #c62828 } .warn { color: #b26a00 }
@media (prefers-color-scheme: dark) { .good, .add { color: #81c784 } .bad, .del { color: #ef9a9a } .warn { color: #ffb74d } }
summary { cursor: pointer }
"""
_CLASSES = {"better": "good", "worse": "bad", "✓": "good", "✗": "bad", "!": "warn", "~": "warn"}


def draw(title: str, blocks: Sequence[Block]) -> str:
    """The page."""
    body = "\n".join(_block(block) for block in blocks if not block.is_empty)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{_plain(title)}</title>\n<style>{_STYLE}</style>\n</head>\n'
        f"<body>\n<h1>{_plain(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    parts = [f'<p class="note">{_plain(note)}</p>' for note in block.notes]
    if block.rows:
        head = "".join(f"<th>{_plain(cell)}</th>" for cell in block.header)
        body = "\n".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in block.rows)
        parts.append(f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>")
    for name, lines in block.code:
        parts.append(f"<details><summary>{_plain(name)}</summary><pre>{chr(10).join(_line(it) for it in lines)}</pre></details>")
    parts += [
        f'<figure><img src="{escape(it.uri, quote=True)}" alt="{_plain(it.title)}"><figcaption>{_plain(it.title)}</figcaption></figure>'
        for it in block.pictures
    ]
    inner = "\n".join(parts)
    if block.is_folded:
        return f"<details><summary>{_plain(block.title)}</summary>\n{inner}\n</details>"
    return f"<h{block.level - 1}>{_plain(block.title)}</h{block.level - 1}>\n{inner}"


def _cell(text: str) -> str:
    kind = _CLASSES.get(text.partition(" ")[0])
    return f'<td class="{kind}">{_plain(text)}</td>' if kind else f"<td>{_plain(text)}</td>"


def _line(line: str) -> str:
    kind = {"+": "add", "-": "del"}.get(line[:1])
    return f'<span class="{kind}">{_plain(line)}</span>' if kind else _plain(line)


def _plain(text: str) -> str:
    return escape(text.encode("utf-8", "backslashreplace").decode(), quote=True)
