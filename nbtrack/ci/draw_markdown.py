"""A report as Markdown, as GitHub and GitLab read it, within a size."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from nbtrack.ci import draw_mermaid
from nbtrack.ci.blocks import Block, Chart, Picture
from nbtrack.reads import markdown

GITHUB_COMMENT, GITHUB_SUMMARY, GITLAB_NOTE = 65_536, 1_048_576, 1_000_000
"""Most bytes of a comment, of a job's summary (https://docs.github.com/actions), and of a note (https://docs.gitlab.com/administration/instance_limits)."""
_ADDRESS = re.compile(r"https?://[\w.:/?=&%~@+-]{1,500}", re.ASCII)
_BESIDE = re.compile(r"figures/[\w.=%-]+")
_SPARE = 512
_ROWS = 10
"""Rows that a table keeps, however little room there is."""


def draw(title: str, blocks: Sequence[Block], limit_bytes: int = GITHUB_SUMMARY, link: str = "", files: Callable[[str], str] = lambda _: "") -> str:
    """The whole, without what does not fit; how much that is, is told.

    Args:
        link: where all of it can be had; what is no address is left out.
        files: the address of a file of the report's folder, by its path there; that path where the text lies in the folder too; empty where it has none.
    """
    foot = _foot(link, files("report.html"))
    limit_bytes -= len(foot.encode())
    shown = [block for block in blocks if not block.is_empty]
    head = f"## {markdown.inline(title)}\n"
    texts = [_text(block, files) for block in shown]
    room = limit_bytes - _SPARE - len(head.encode()) - sum(len(text.encode()) for text in texts)
    waiting = sorted(range(len(shown)), key=lambda at: shown[at].weight)
    while room < 0 and waiting:
        at = waiting[0]
        smaller = _smaller(shown[at])
        if smaller is None:
            waiting.pop(0)
            continue
        text = _text(smaller, files)
        room += len(texts[at].encode()) - len(text.encode())
        shown[at], texts[at] = smaller, text
    gone = 0
    for at in sorted(range(1, len(shown)), key=lambda at: (shown[at].weight, -at)):  # the first, the summary, stays
        if room >= 0:
            break
        room += len(texts[at].encode())
        texts[at], gone = "", gone + 1
    whole = head + "".join(texts) + (f"\n_{gone} more parts are left out: there is no room for them here._\n" if gone else "")
    if room < 0:
        whole = (
            whole.encode()[: limit_bytes - _SPARE].decode("utf-8", "ignore").rpartition("\n")[0] + "\n\nThe rest is left out: there is no room for it here.\n"
        )
    return whole + foot


def _foot(link: str, page: str) -> str:
    links = [f"[{text}]({it})" for text, it in (("The whole report", page), ("The job", link)) if _ADDRESS.fullmatch(it)]
    if len(links) == 1 and not page:
        links = [f"[The job, with the whole report among its files]({link})"]
    return f"\n{', '.join(links)}\n" if links else ""


def _text(block: Block, files: Callable[[str], str]) -> str:
    inner = [f"{markdown.inline(note)}  " for note in block.notes]
    inner += ["", *markdown.table(block.header, block.rows)] if block.rows else []
    for name, code in block.code:
        inner += ["", *markdown.folded(name, markdown.fenced(code, "diff"))]
    legend = draw_mermaid.legend(block.charts)
    inner += ["", f"{legend}  "] if legend else []
    for chart in block.charts:
        inner += _chart(chart)
    inner += ["", _named(block.pictures, files)] if block.pictures and not block.charts else []
    inner += ["", f"_{block.left_out} more are left out: there is no room for them here._"] if block.left_out else []
    body = inner[1:] if inner and not inner[0] else inner
    lines = markdown.folded(block.title, body) if block.is_folded else [f"{'#' * block.level} {markdown.inline(block.title)}", "", *body]
    return "\n" + "\n".join(lines) + "\n"


def _chart(chart: Chart) -> list[str]:
    code = draw_mermaid.lines(chart)
    note = f" ({markdown.inline(chart.note)})" if chart.note else ""
    return ["", f"**{markdown.inline(chart.title)}**{note}", "", *markdown.fenced(code, "mermaid")] if code else []


def _named(pictures: Sequence[Picture], files: Callable[[str], str]) -> str:
    """Pictures: shown where they lie beside the text, else by name, for a comment holds none itself."""
    named = [(markdown.inline(it.title), files(it.file) if it.file else "") for it in pictures]
    if any(_BESIDE.fullmatch(link) for _, link in named):
        return " ".join(f"![{title}]({link})" if _BESIDE.fullmatch(link) else title for title, link in named)
    told = ", ".join(f"[{title}]({link})" if _ADDRESS.fullmatch(link) else title for title, link in named)
    return told if any(_ADDRESS.fullmatch(link) for _, link in named) else f"In the HTML report: {told}."


def _smaller(block: Block) -> Block | None:
    """Less of a block; None where it can lose nothing."""
    if block.charts:
        half = len(block.charts) // 2
        return replace(block, charts=block.charts[:half], left_out=block.left_out + len(block.charts) - half)
    if block.code:
        half = len(block.code) // 2
        return replace(block, code=block.code[:half], left_out=block.left_out + len(block.code) - half)
    if len(block.rows) > _ROWS:
        half = max(_ROWS, len(block.rows) // 2)
        return replace(block, rows=block.rows[:half], left_out=block.left_out + len(block.rows) - half)
    return None
