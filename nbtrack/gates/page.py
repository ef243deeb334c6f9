"""Verdicts as text, HTML and markdown."""

from __future__ import annotations

from html import escape

from nbtrack.entities.verdict import Standing, Verdict
from nbtrack.gates.check import Verdicts
from nbtrack.reads import markdown, words

_MARKS = {Standing.PASSED: ("✓", "#2e7d32"), Standing.FAILED: ("✗", "#c62828"), Standing.WARNED: ("!", "#b26a00"), Standing.WAIVED: ("~", "#b26a00")}
HEADER = ("", "gate", "measured", "wanted", "why")


class GatesPage:
    """Verdicts, drawn: HTML in Jupyter, text elsewhere; `.verdicts` holds the facts."""

    def __init__(self, found: Verdicts) -> None:
        self.verdicts = found

    @property
    def passed(self) -> bool:
        """Whether nothing that counts says no."""
        return self.verdicts.passed

    def __repr__(self) -> str:
        lines = [headline(self.verdicts)]
        width = max((len(it.gate) for it in self.verdicts.verdicts), default=0)
        for it in self.verdicts.verdicts:
            wanted = f" (wanted {it.wanted})" if it.wanted else ""
            lines.append(f"  {_MARKS[it.standing][0]} {it.gate.ljust(width)}  {measured(it)}{wanted}: {why(it)}")
            if it.mend and not it.passed:
                lines.append(f"    {' ' * width}  {it.mend}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{escape(cell)}</th>" for cell in HEADER)
        body = ""
        for it in self.verdicts.verdicts:
            mark, colour = _MARKS[it.standing]
            title = "\n".join(f"{name}: {text}" for name, text in it.details)
            cells = (it.gate, measured(it), it.wanted, explained(it))
            body += f"<tr title='{escape(title, quote=True)}'><td style='color:{colour}'>{mark} {it.standing}</td>"
            body += "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in cells) + "</tr>"
        return f"<div style='font-size:13px'><b>{escape(headline(self.verdicts))}</b><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"

    def markdown(self) -> str:
        """As GitHub and GitLab read it."""
        return "\n".join([f"### {markdown.inline(headline(self.verdicts))}", "", *markdown.table(HEADER, rows(self.verdicts))]) + "\n"


def headline(found: Verdicts) -> str:
    """Such as `forest #3 (3f2a9c1e): 1 of 4 gates failed`."""
    counts = {it: found.count(it) for it in Standing}
    rest = "".join(f", {counts[it]} {it}" for it in (Standing.WARNED, Standing.WAIVED) if counts[it])
    total = len(found.verdicts)
    said = f"{counts[Standing.FAILED]} of {total} gates failed" if counts[Standing.FAILED] else f"{counts[Standing.PASSED]} of {total} gates passed"
    return f"{found.title} ({found.run_id[:8]}): {said}{rest}"


def rows(found: Verdicts) -> list[tuple[str, ...]]:
    """Cells by HEADER."""
    return [(f"{_MARKS[it.standing][0]} {it.standing}", it.gate, measured(it), it.wanted, explained(it)) for it in found.verdicts]


def measured(it: Verdict) -> str:
    """What was measured, in words."""
    if it.measured is None:
        return "—" if it.passed else "cannot tell"
    return words.number(it.measured) if isinstance(it.measured, float) else str(it.measured)


def explained(it: Verdict) -> str:
    """The reason, and the next step where it has not passed."""
    return why(it) if it.passed or not it.mend else f"{why(it).rstrip('.')}. {it.mend}"


def why(it: Verdict) -> str:
    """The reason, and who lets it pass."""
    return it.why if it.standing is not Standing.WAIVED else f"{it.why} (waived by {it.waiver})"
