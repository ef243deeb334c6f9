"""The query language: which runs a text such as `lr<0.1 and acc>=.9 tag:prod` means.

    query      = term {("or") term};  term = {["and"] factor};  factor = "not" factor | "(" query ")" | comparison | words
    comparison = NAME OPERATOR VALUE;  OPERATOR = "<" "<=" ">" ">=" "=" "==" "!=" "~" ":"
    NAME       = letters, parts between backticks;  VALUE, words = letters, or "quoted"

A second reader stands in the front end's `query.ts`; both are held by `tests/unit/reads/query_cases.json`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo

from nbtrack.errors import QueryError
from nbtrack.patterns import regex
from nbtrack.reads.terms import Facts, Holds, Name, as_number, compared, found_in, has_word, is_nan, name_of, number_of, seconds_of, span_of, text_of

TEXTS = ("name", "experiment", "notebook", "cell", "note", "id", "parent")
STATES = ("running", "finished", "failed", "killed", "scheduled")
STAMPS = ("yes", "no", "unknown")
RESERVED = (*TEXTS, "state", "stamp", "started", "duration", "attempt", "tag", "has")
"""Names that mean something about every run; a metric or param called so is `metric.name`, `param.name`."""

_TOKEN = regex(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<quoted>"(?:\\.|[^"\\])*")|(?P<name>(?:`[^`]*`|[^\s()"`<>=!~:]|!(?!=))+)|(?P<operator><=|>=|!=|==|[<>=~:]))""",
    re.DOTALL,
)
_VALUE = regex(r"""\s*(?:(?P<quoted>"(?:\\.|[^"\\])*")|(?P<plain>(?:`[^`]*`|[^\s()"`])+))""", re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """Something of the user's own that a query asks for: a metric, a param, a tag or a word."""

    text: str
    kind: str
    """`metric`, `param`, `tag`, `word`, or empty for a name that may be any of the first three."""
    is_of: Holds
    """Whether a run has it, whatever its value."""

    @property
    def is_name(self) -> bool:
        """Whether it names something whose value is compared; words and tags are themselves what is looked for."""
        return self.kind not in ("word", "tag")


class Query:
    """A query that was understood.

    Args:
        names: bare names it compares, in the order they appear.
        asked: what it asks for that not every run has.
    """

    def __init__(self, text: str, holds: Holds, names: tuple[str, ...], asked: tuple[Asked, ...] = ()) -> None:
        self.text, self.holds, self.names, self.asked = text, holds, names, asked

    def clashes(self, metrics: Iterable[str], params: Iterable[str]) -> list[str]:
        """Names that could have meant something else too: those of a metric and a param, and reserved ones that a metric or param has."""
        metrics, params = set(metrics), set(params)
        both, own = metrics & params, metrics | params
        return [name for name in self.names if name in both or (name in RESERVED and name in own)]


def parse(text: str, zone: tzinfo | None = None) -> Query:
    """Understand a query; an empty one holds for every run.

    Args:
        zone: of the dates in it; None is the machine's.

    Raises:
        QueryError: it cannot be read; says where and what would be right.
    """
    reader = _Reader(text, zone)
    holds = reader.whole()
    return Query(text, holds, tuple(dict.fromkeys(reader.names)), tuple(reader.asked))


class _Reader:
    """Reads a query from left to right; a method for each rule of the grammar."""

    def __init__(self, text: str, zone: tzinfo | None) -> None:
        self._text, self._zone, self._at = text, zone, 0
        self.names: list[str] = []
        self.asked: list[Asked] = []

    def whole(self) -> Holds:
        if not self._text.strip():
            return lambda _: True
        holds = self._any()
        if (token := self._peek()) is not None:
            raise self._error(token.start(token.lastgroup or 0), "A parenthesis is closed that was not opened.", "Take the ')' out, or open it before.")
        return holds

    def _any(self) -> Holds:
        some = [self._all()]
        while self._take_word("or"):
            some.append(self._all())
        return some[0] if len(some) == 1 else lambda run: any(holds(run) for holds in some)

    def _all(self) -> Holds:
        every = [self._factor()]
        while True:
            is_said = self._take_word("and")
            token = self._peek()
            if not is_said and (token is None or token["close"] or self._is_word(token, "or")):
                break
            every.append(self._factor())
        return every[0] if len(every) == 1 else lambda run: all(holds(run) for holds in every)

    def _factor(self) -> Holds:
        if self._take_word("not"):
            inner = self._factor()
            return lambda run: not inner(run)
        token = self._peek()
        if token is None:
            raise self._error(len(self._text), "The filter ends where something is missing.", "Write a word or a comparison there, such as lr<0.1.")
        at = token.start(token.lastgroup or 0)
        if token["open"]:
            self._at = token.end()
            inner = self._any()
            end = self._peek()
            if end is None or not end["close"]:
                raise self._error(at, "This parenthesis is not closed.", "Close it with ')'.")
            self._at = end.end()
            return inner
        if token["name"] is None and token["quoted"] is None:
            sign = token[token.lastgroup or 0]
            raise self._error(at, f"{sign!r} stands where a name or a word was expected.", "Write a comparison such as lr<0.1, or put quotes around a text.")
        if token["quoted"] is None and any(self._is_word(token, word) for word in ("and", "or")):
            raise self._error(at, f"{token['name']!r} joins two terms; one is missing.", "Write lr<0.1 and acc>.9; put quotes around the word itself.")
        self._at = token.end()
        after = self._peek()
        if token["name"] is not None and after is not None and after["operator"]:
            self._at = after.end()
            return self._comparison(token["name"], at, after["operator"], after.start("operator"))
        word = _unquoted(token["quoted"]) if token["quoted"] is not None else token["name"].replace("`", "")
        return self._noted(Asked(word, "word", has_word(word)))

    def _comparison(self, name: str, at: int, how: str, how_at: int) -> Holds:
        how = "=" if how == "==" else how
        it = name_of(name)
        if not it.kind and it.is_plain:
            match it.text:
                case "tag":
                    return self._tag(how, how_at)
                case "has":
                    return self._has(how, how_at)
        value, value_at = self._value(name, how)
        if it.kind:
            return self._of_named(it, how, value, value_at, name)
        self.names.append(it.text)
        if it.is_plain and it.text in RESERVED:
            return self._reserved(it.text, how, how_at, value, value_at)
        return self._of_named(it, how, value, value_at, name)

    def _tag(self, how: str, how_at: int) -> Holds:
        if how != ":":
            raise self._error(how_at, f"'tag{how}' cannot be read.", "Write tag:prod, or tag:owner=ana.")
        token = self._peek()
        if token is None or not (token["name"] or token["quoted"]):
            raise self._error(self._next(), "A tag was expected.", "Write tag:prod, or tag:owner=ana.")
        self._at = token.end()
        name = _unquoted(token["quoted"]) if token["quoted"] is not None else token["name"].replace("`", "")
        after = self._peek()
        if after is None or not after["operator"]:
            wanted = name.lower()
            return self._noted(Asked(name, "tag", lambda run: any(wanted in (key.lower(), value.lower()) for key, value in run.tags.items())))
        self._at = after.end()
        how = "=" if after["operator"] in ("==", ":") else after["operator"]
        value, value_at = self._value(f"tag:{name}", how)
        return self._of_named(Name(name, "tag", "", False), how, value, value_at, f"tag:{name}")

    def _has(self, how: str, how_at: int) -> Holds:
        if how not in (":", "="):
            raise self._error(how_at, f"'has{how}' cannot be read.", "Write has:acc.")
        name, _ = self._value("has", how)
        name = name.replace("`", "")
        return self._noted(Asked(name, "", lambda run: name in run.metrics or name in run.params or name in run.tags))

    def _reserved(self, name: str, how: str, how_at: int, value: str, value_at: int) -> Holds:
        if name in ("state", "stamp"):
            known = STATES if name == "state" else STAMPS
            if how not in (":", "=", "!="):
                raise self._error(how_at, f"A {name} is compared with ':' or '!='.", f"Write {name}:{known[1]}.")
            if value.lower() not in known:
                raise self._error(value_at, f"There is no {name} {value!r}.", f"It is one of {', '.join(known)}.")
            wanted = value.lower()
            return (lambda run: run.texts[name] != wanted) if how == "!=" else lambda run: run.texts[name] == wanted
        if name == "started":
            return self._started(how, value, value_at)
        if name == "duration":
            seconds = seconds_of(value)
            if seconds is None or how == "~":
                raise self._error(value_at, f"{value!r} is no duration.", "Write duration<5m, duration>90 (seconds) or duration>=1h30m.")
            return compared(how, seconds, lambda run: run.duration_s)
        if name == "attempt":
            if (number := number_of(value)) is None or how == "~":
                raise self._error(value_at, f"{value!r} is no number of an attempt.", "Write attempt=2.")
            return compared(how, number, lambda run: run.attempt)
        wanted = value.lower()
        match how:
            case ":" | "~":
                return lambda run: wanted in run.texts[name].lower()
            case "=":
                return lambda run: run.texts[name].lower() == wanted
            case "!=":
                return lambda run: run.texts[name].lower() != wanted
        raise self._error(how_at, f"{name!r} is a text and has no order.", f"Write {name}:{value} for a part of it, or {name}={value} for all of it.")

    def _started(self, how: str, value: str, value_at: int) -> Holds:
        span = span_of(value, self._zone)
        if span is None or how == "~":
            raise self._error(value_at, f"{value!r} is no date.", "Write started>2026-01-31, started<2026-01-31T18:30, started:today.")
        low, high = span
        match how:
            case ":" | "=":
                return lambda run: low <= run.started_ms < high
            case "!=":
                return lambda run: not low <= run.started_ms < high
        return compared(how, low, lambda run: run.started_ms)

    def _of_named(self, it: Name, how: str, value: str, value_at: int, typed: str) -> Holds:
        self._noted(Asked(it.text, it.kind, lambda run: found_in(it, run) is not None))
        number = number_of(value)
        if how in ("<", "<=", ">", ">="):
            if number is None:
                raise self._error(value_at, f"{value!r} is not a number.", f"Write a number, such as {typed}{how}0.1.")
            return compared(how, number, lambda run: as_number(found_in(it, run)))
        wanted = value.lower()

        def equals(run: Facts) -> bool:
            found = found_in(it, run)
            if found is None:
                return False
            text = text_of(found).lower()
            if how == "~":
                return wanted in text
            return text == wanted or (number is not None and number == as_number(found)) or (is_nan(number) and is_nan(as_number(found)))

        return (lambda run: not equals(run)) if how == "!=" else equals

    def _noted(self, it: Asked) -> Holds:
        self.asked.append(it)
        return it.is_of

    def _value(self, name: str, how: str) -> tuple[str, int]:
        """The value behind an operator, and where it stands."""
        token = _VALUE.match(self._text, self._at)
        if token is None:
            self._unclosed(self._at)
            raise self._error(self._next(), f"A value was expected behind '{name}{how}'.", f"Write a number or a text, such as {name}{how}0.1.")
        self._at = token.end()
        at = token.start(token.lastgroup or 0)
        return (_unquoted(token["quoted"]) if token["quoted"] is not None else token["plain"]), at

    def _peek(self) -> re.Match[str] | None:
        token = _TOKEN.match(self._text, self._at)
        if token is None and self._text[self._at :].strip():
            self._unclosed(self._at)
            raise self._error(self._next(), "This cannot be read.", "Put quotes around a text that is no word.")
        return token

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        if token is None or not self._is_word(token, word):
            return False
        self._at = token.end()
        return True

    def _is_word(self, token: re.Match[str], word: str) -> bool:
        """Whether the token is that word, and not a name that is compared."""
        if token["name"] is None or token["name"].lower() != word:
            return False
        after = _TOKEN.match(self._text, token.end())
        return after is None or after["operator"] is None

    def _unclosed(self, at: int) -> None:
        for sign, what in (('"', "quote"), ("`", "backtick")):
            where = self._next(at)
            if self._text[where : where + 1] == sign:
                raise self._error(where, f"This {what} is not closed.", f"Close it with {sign}.")

    def _next(self, at: int | None = None) -> int:
        """Where the next letter stands."""
        at = self._at if at is None else at
        return len(self._text) - len(self._text[at:].lstrip())

    def _error(self, at: int, text: str, mend: str) -> QueryError:
        return QueryError(self._text, at, text, mend=mend)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
