"""The compact line after a tracked cell, in HTML with a plain-text twin."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from nbtrack.capture.run import sendable
from nbtrack.capture.source import Finding
from nbtrack.entities import RunView, State
from nbtrack.reads import words
from nbtrack.secrets.values import conceal

_SHOWN = 8
_MARKS = {State.FINISHED: ("✓", "#2e7d32"), State.FAILED: ("✗", "#c62828"), State.KILLED: ("■", "#b26a00"), State.RUNNING: ("…", "#1565c0")}


class RunLine:
    """A run as one line; Jupyter takes the HTML, terminals the text."""

    def __init__(self, view: RunView, notices: list[str], changed: str = "") -> None:
        """
        Args:
            changed: what differs from the run before, in one line.
        """
        self._view, self._changed, self._notices = view, changed, list(dict.fromkeys([*view.notices, *notices]))

    def _parts(self) -> list[tuple[str, str]]:
        view = self._view
        params = _shown([f"{words.short(name)}={words.short(conceal(name, value))}" for name, value in view.params.items()])
        kept = {name: f", {text}" for name, text in words.thinned(view).items()}
        metrics = _shown([f"{words.short(name)} {words.metric(it)}{kept.get(name, '')}" for name, it in words.metrics_of_code(view).items()])
        return [("params", ", ".join(params)), ("metrics", ", ".join(metrics)), ("stamp", words.short(words.stamp(view), 160))]

    def __repr__(self) -> str:
        view = self._view
        head = f"{_MARKS[view.state][0]} {words.title(view)}  {view.state.value.lower()} {words.duration(view.duration_s)}"
        text = "  |  ".join([head, *(body for _, body in self._parts() if body), *([words.short(words.clean(view.reason), 120)] if view.reason else [])])
        changed = [f"  changed: {self._changed}"] if self._changed else []
        return sendable("\n".join([text, *changed, *(f"  note: {notice}" for notice in self._notices)]))

    def _repr_html_(self) -> str:
        view = self._view
        mark, colour = _MARKS[view.state]
        titles = {"stamp": "\n".join(text for _, text in words.reasons(view))}
        parts = "".join(
            f' <span style="opacity:.75" title="{escape(titles.get(name, ""), quote=True)}">· {escape(body)}</span>' for name, body in self._parts() if body
        )
        reason = f' <span style="color:{colour}">{escape(words.short(words.clean(view.reason), 120))}</span>' if view.reason else ""
        changed = f'<div style="padding-left:1.2em">changed: {escape(self._changed)}</div>' if self._changed else ""
        notes = "".join(f'<div style="opacity:.75;padding-left:1.2em">note: {escape(notice)}</div>' for notice in self._notices)
        return sendable(
            f'<div style="font-size:12px;border-left:3px solid {colour};padding:2px 8px" title="run {view.run_id}">'
            f'<span style="color:{colour}">{mark}</span> <b>{escape(words.title(view))}</b> '
            f"{view.state.value.lower()} {words.duration(view.duration_s)}{parts}{reason}{changed}{notes}</div>"
        )


class RunsLine:
    """Several runs of one cell as one line."""

    def __init__(self, runs: Sequence[tuple[str, State]]) -> None:
        """
        Args:
            runs: what each is called, and how it ended.
        """
        self._runs = [(words.short(name), state) for name, state in runs]
        self._worst = next((it for it in (State.FAILED, State.KILLED, State.RUNNING) if any(state is it for _, state in runs)), State.FINISHED)

    def _text(self) -> str:
        names = [name if state is State.FINISHED else f"{name} {_MARKS[state][0]} {state.value.lower()}" for name, state in self._runs]
        return f"{len(self._runs)} runs: {', '.join(_shown(names))}"

    def __repr__(self) -> str:
        return sendable(f"{_MARKS[self._worst][0]} {self._text()}")

    def _repr_html_(self) -> str:
        mark, colour = _MARKS[self._worst]
        text = f'<span style="color:{colour}">{mark}</span> {escape(self._text())}'
        return sendable(f'<div style="font-size:12px;border-left:3px solid {colour};padding:2px 8px">{text}</div>')


class DryLine:
    """What a `--dry` or previewed cell would have recorded, and by which rule."""

    def __init__(self, found: list[Finding], title: str = "dry: nothing was kept; this would have been recorded:", left_out: Sequence[str] = ()) -> None:
        self._found, self._title, self._left_out = found, title, left_out

    def __repr__(self) -> str:
        rows = [f"  {it.kind} {it.name} = {words.short(conceal(it.name, str(it.value)))}  ({it.rule})" for it in self._found]
        out = [left_out(self._left_out)] if self._left_out else []
        return sendable("\n".join([self._title, *(rows or ["  nothing"]), *out]))

    def _repr_html_(self) -> str:
        return f"<pre style='font-size:12px'>{escape(repr(self))}</pre>"


def left_out(names: Sequence[str], once: Sequence[str] = ()) -> str:
    """Excluded names in few words.

    Args:
        once: names and patterns that this cell's line alone excludes; the words say how it is done for good.
    """
    good = f" (for good in this notebook: %track exclude {' '.join(once)})" if once else ""
    return f"left out: {', '.join(_shown([words.short(name) for name in names]))}{good}"


def _shown(items: list[str]) -> list[str]:
    return [*items[:_SHOWN], f"+{len(items) - _SHOWN} more"] if len(items) > _SHOWN else items
