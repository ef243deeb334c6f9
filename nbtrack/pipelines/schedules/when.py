"""When a schedule runs: `weekly`, `mon 03:00`, or the five fields of cron; and the same in systemd's words."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORDS = {"hourly": "0 * * * *", "daily": "0 3 * * *", "weekly": "0 3 * * 1", "monthly": "0 3 1 * *"}
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7))
_NAMES = {"month": dict(zip(_MONTHS, range(1, 13), strict=True)), "day of the week": dict(zip(_DAYS, range(7), strict=True))}
_AT = re.compile(r"(?:(?P<days>[a-z,-]+) +)?(?:at +)?(?P<hour>\d{1,2}):(?P<minute>\d{2})\Z")
_PART = re.compile(r"(?:(?P<all>\*)|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>\d+))?\Z")


@dataclass(frozen=True)
class When:
    """A time that comes again."""

    text: str
    """As somebody wrote it."""
    cron: str
    """The five fields, numbers alone."""

    def calendar(self) -> tuple[str, ...]:
        """As systemd's `OnCalendar`; two where cron means one day or the other."""
        minute, hour, day, month, weekday = self.cron.split()
        time = f"{_padded(hour)}:{_padded(minute)}:00"
        date = f"*-{_systemd(month, 1)}-{_systemd(day, 1)}"
        week = _week(weekday)
        if day != "*" and week:
            return f"{date} {time}", f"{week} *-{_systemd(month, 1)}-* {time}"
        return (f"{week} {date} {time}".strip(),)


def when(text: str) -> When:
    """Read it.

    Raises:
        ValueError: it is none; says what would be.
    """
    plain = " ".join(text.lower().split())
    if plain in WORDS:
        return When(text, WORDS[plain])
    match = _AT.match(plain)
    if match is not None:
        plain = f"{int(match['minute'])} {int(match['hour'])} * * {match['days'] or '*'}"
    fields = plain.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"a time is {', '.join(WORDS)}, such as `mon 03:00`, or the five fields of cron, such as `0 3 * * 1`")
    return When(text, " ".join(_field(part, *facts) for part, facts in zip(fields, _FIELDS, strict=True)))


def _field(text: str, name: str, lowest: int, highest: int) -> str:
    found = []
    for part in text.split(","):
        match = _PART.match(part)
        if match is None:
            raise ValueError(f"{part!r} is no {name}; write *, a number, 1-5, */15 or a list of these")
        step = int(match["step"] or 1)
        low, high = (lowest, highest) if match["all"] else (_number(match["low"], name, lowest, highest), None)
        if match["high"]:
            high = _number(match["high"], name, lowest, highest)
        if not step or (high is not None and high < low):
            raise ValueError(f"{part!r} is no {name}: {'its step is 0' if not step else 'it ends before it begins'}")
        found.append(("*" if match["all"] else f"{low}" if high is None else f"{low}-{high}") + (f"/{step}" if match["step"] else ""))
    return ",".join(found)


def _number(word: str, name: str, lowest: int, highest: int) -> int:
    found = _NAMES.get(name, {}).get(word[:3]) if not word.isdecimal() else int(word)
    if found is None or not lowest <= found <= highest:
        raise ValueError(f"{word!r} is no {name}; it is from {lowest} to {highest}" + (", or a name such as mon" if name == "day of the week" else ""))
    return found


def _systemd(field: str, lowest: int) -> str:
    """A field in systemd's words, but for weekdays."""
    found = []
    for part in field.split(","):
        body, _, step = part.partition("/")
        low, _, high = body.partition("-")
        if body == "*":
            found.append(f"{lowest}/{step}" if step and step != "1" else "*")
        else:
            found.append(low + (f"..{high}" if high else "") + (f"/{step}" if step else ""))
    return ",".join(found)


def _padded(field: str) -> str:
    return f"{int(field):02d}" if field.isdecimal() else _systemd(field, 0)


def _week(field: str) -> str:
    """Names of days; empty for all."""
    if field == "*":
        return ""
    chosen: set[int] = set()
    for part in field.split(","):
        body, _, step = part.partition("/")
        low, _, high = body.partition("-")
        first, last = (0, 6) if body == "*" else (int(low), int(high or (6 if step else low)))
        chosen |= {it % 7 for it in range(first, last + 1, int(step or 1))}
    return ",".join(_DAYS[it].title() for it in sorted(chosen, key=lambda it: (it - 1) % 7))
