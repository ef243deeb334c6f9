"""What changed between the data of two runs, as text, Markdown and JSON."""

from __future__ import annotations

from typing import Any

from nbtrack.amounts import counted
from nbtrack.pipelines.data.difference import DataDifference, InputDifference
from nbtrack.pipelines.data.sources import Input
from nbtrack.reads import words

_SHOWN = 12


class DataPage:
    """Shows it."""

    def __init__(self, difference: DataDifference) -> None:
        self.difference = difference

    def __repr__(self) -> str:
        it = self.difference
        head = f"data of {words.title(it.a)} ({it.a.run_id[:8]}) → {words.title(it.b)} ({it.b.run_id[:8]})"
        if not it.inputs:
            return f"{head}\nNeither run recorded any data."
        return "\n".join([head, *(line for one in it.inputs for line in [_headline(one), *(f"    {text}" for text in _lines(one))])])

    def markdown(self) -> str:
        """For a comment or a job's summary."""
        it = self.difference
        parts = [f"### Data of {_md(words.title(it.a))} → {_md(words.title(it.b))}"]
        parts += ["\n".join([f"**{_md(_headline(one).strip())}**", *(f"- {_md(text)}" for text in _lines(one))]) for one in it.inputs]
        return "\n\n".join(parts if it.inputs else [*parts, "Neither run recorded any data."]) + "\n"

    def data(self) -> dict[str, Any]:
        """As JSON holds it."""
        it = self.difference
        return {"a": it.a.run_id, "b": it.b.run_id, "inputs": [_data(one) for one in it.inputs]}


def _headline(it: InputDifference) -> str:
    if it.a is None or it.b is None:
        return f"  {it.name}: {'new' if it.a is None else 'no longer read'}"
    if it.is_same:
        return f"  {it.name}: the same" + (f", {counted(it.rows[1], 'row')}" if it.rows[1] is not None else "")
    rows = (
        f", {_count(it.rows[0])} → {_count(it.rows[1])} rows" if it.rows[0] != it.rows[1] else f", {_count(it.rows[0])} rows" if it.rows[0] is not None else ""
    )
    return f"  {it.name}: changed{rows}"


def _lines(it: InputDifference) -> list[str]:
    if it.a is None or it.b is None or it.is_same:
        return []
    lines = [f"DVC: {_dvc(it.a)} → {_dvc(it.b)}"] if it.a.md5 or it.b.md5 else []
    for name, before, now in it.columns:
        lines.append(f"column {name}: {'is new, ' + now if not before else 'is gone' if not now else f'{before} → {now}'}")
    moved = [one for one in it.moved if one.why]
    lines += [one.why for one in moved[:_SHOWN]]
    if len(moved) > _SHOWN:
        lines.append(f"and {counted(len(moved) - _SHOWN, 'more column')} moved")
    still = len(it.moved) - len(moved)
    if still:
        lines.append(f"{still} column{'s' if still > 1 else ''} did not move")
    return [*lines, *(f"note: {note}" for note in it.notes)]


def _dvc(it: Input) -> str:
    return f"{it.md5[:12] or 'not under DVC'}" + (f" at {it.revision[:8]}" if it.revision else "")


def _count(rows: int | None) -> str:
    return "?" if rows is None else f"{rows:,}"


def _data(it: InputDifference) -> dict[str, Any]:
    return {
        "name": it.name, "same": it.is_same, "a": _input(it.a), "b": _input(it.b), "rows": list(it.rows),
        "columns": [{"name": name, "a": before or None, "b": now or None} for name, before, now in it.columns],
        "drift": [
            {"column": one.drift.column, "moved": bool(one.why), "psi": one.drift.psi, "p": one.drift.p, "test": one.drift.test,
             "sizes": list(one.drift.sizes), "missing": list(one.drift.missing)}
            for one in it.moved
        ],
        "notes": list(it.notes),
    }  # fmt: skip


def _input(it: Input | None) -> dict[str, Any] | None:
    return None if it is None else {"name": it.name, "digest": it.digest, "path": str(it.path or ""), "dvc": it.md5, "revision": it.revision}


def _md(text: str) -> str:
    from nbtrack.reads.markdown import inline

    return inline(text)
