"""A pipeline's graph as Mermaid text and as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from nbtrack.pipelines.graph import Graph

_WIDE, _HIGH, _GAP_X, _GAP_Y, _EDGE = 8, 30, 48, 14, 16
_COLOURS = {"run": "#e3f2fd", "cached": "#e8f5e9", "perhaps": "#fff8e1", "skip": "#eeeeee", "": "#f5f5f5"}


def mermaid(graph: Graph, actions: Mapping[str, str] | None = None) -> str:
    """Mermaid's flowchart, which GitHub and JupyterLab draw.

    Args:
        actions: what becomes of each node, for its colour.
    """
    names = {it: f"n{number}" for number, it in enumerate(graph.nodes)}
    lines = ["flowchart LR", *(f'    {names[it]}["{_quoted(it)}"]' for it in graph.nodes)]
    lines += [f"    {names[need]} --> {names[node.id]}" for node in graph.nodes.values() for need in node.needs]
    lines += [f"    style {names[it]} fill:{_COLOURS[action]}" for it, action in (actions or {}).items()]
    return "\n".join(lines) + "\n"


def svg(graph: Graph, actions: Mapping[str, str] | None = None) -> str:
    """A picture: a column for each step that must wait for another one, read from left to right."""
    depth: dict[str, int] = {}
    for node in graph.nodes.values():
        depth[node.id] = 1 + max((depth[need] for need in node.needs), default=-1)
    columns: dict[int, list[str]] = {}
    for it, column in depth.items():
        columns.setdefault(column, []).append(it)
    width = {column: max(len(it) for it in names) * _WIDE + 20 for column, names in columns.items()}
    left = {column: _EDGE + sum(width[it] + _GAP_X for it in range(column)) for column in columns}
    tallest = max((len(it) for it in columns.values()), default=0)
    place = {}
    for column, names in columns.items():
        top = _EDGE + (tallest - len(names)) * (_HIGH + _GAP_Y) / 2
        for row, it in enumerate(names):
            place[it] = (left[column], top + row * (_HIGH + _GAP_Y), width[column])
    total_x = _EDGE + max((x + w for x, _, w in place.values()), default=0)
    total_y = 2 * _EDGE + tallest * (_HIGH + _GAP_Y) - _GAP_Y
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total_x:g} {total_y:g}" width="{total_x:g}" height="{total_y:g}" '
        f'font-family="sans-serif" font-size="13" role="img" aria-label="{escape(_described(graph), quote=True)}">'
    ]
    for node in graph.nodes.values():
        x, y, _ = place[node.id]
        for need in node.needs:
            from_x, from_y, from_w = place[need]
            start, end, middle = from_x + from_w, x, (from_x + from_w + x) / 2
            curve = f"M{start:g},{from_y + _HIGH / 2:g} C{middle:g},{from_y + _HIGH / 2:g} {middle:g},{y + _HIGH / 2:g} {end:g},{y + _HIGH / 2:g}"
            parts.append(f'<path d="{curve}" fill="none" stroke="#90a4ae" stroke-width="1.5"/>')
    for it, (x, y, w) in place.items():
        fill = _COLOURS[(actions or {}).get(it, "")]
        parts.append(f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{_HIGH}" rx="6" fill="{fill}" stroke="#607d8b"/>')
        parts.append(f'<text x="{x + w / 2:g}" y="{y + _HIGH / 2 + 4:g}" text-anchor="middle" fill="#263238">{escape(it)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _described(graph: Graph) -> str:
    return "; ".join(f"{node.id} after {', '.join(node.needs)}" if node.needs else f"{node.id} first" for node in graph.nodes.values())


def _quoted(text: str) -> str:
    return text.replace('"', "#quot;")
