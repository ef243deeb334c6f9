"""A pipeline's graph as Mermaid text and as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from nbtrack.pipelines.graph import Graph
from nbtrack.pipelines.layout import layout

_WIDE, _HIGH = 8, 30
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
    """A picture, read from left to right."""
    place = layout({it.id: it.needs for it in graph.nodes.values()}, lambda it: len(it) * _WIDE + 20, _HIGH)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {place.width:g} {place.height:g}" width="{place.width:g}" height="{place.height:g}" '
        f'font-family="sans-serif" font-size="13" role="img" aria-label="{escape(_described(graph), quote=True)}">'
    ]
    parts += [f'<path d="{path}" fill="none" stroke="#90a4ae" stroke-width="1.5"/>' for path in place.arrows.values()]
    for it, box in place.boxes.items():
        fill = _COLOURS[(actions or {}).get(it, "")]
        parts.append(f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{_HIGH}" rx="6" fill="{fill}" stroke="#607d8b"/>')
        parts.append(f'<text x="{box.x + box.width / 2:g}" y="{box.y + _HIGH / 2 + 4:g}" text-anchor="middle" fill="#263238">{escape(it)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _described(graph: Graph) -> str:
    return "; ".join(f"{node.id} after {', '.join(node.needs)}" if node.needs else f"{node.id} first" for node in graph.nodes.values())


def _quoted(text: str) -> str:
    return text.replace('"', "#quot;")
