"""The scanner: from a text to the secrets in it, and to the text without them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from nbtrack.secrets import values
from nbtrack.secrets.allowed import Allowed, slug
from nbtrack.secrets.rules import RULES, Rule
from nbtrack.secrets.values import MASK

HIGH_ENTROPY = "High Entropy String"
_BEFORE, _BEHIND = 256, 4096
"""How far around a hint a match is looked for: a notebook's line can be megabytes of JavaScript."""
_ENTROPY_LINE = 2_000
"""Characters of a line from which it is data or minified code, where random texts are no news."""
_AGAIN = 6
"""Characters of a secret from which its other occurrences in a text are struck out too."""
_PASSES = 5
_QUOTED = re.compile(r"""(?P<quote>["'])(?P<value>[A-Za-z0-9+/_\-]{24,256}={0,2})(?P=quote)""")
_NAME_BEFORE = re.compile(r"""([\w\-]+)["']?\s*\]?\s*[=:(,]\s*[rbuRBU]?$""")
_NO_SECRET = re.compile(
    r"(?:^|[_\-])(?:i?ds?|uu?id|guid|hash|sha\d*|md5|digest|checksum|crc|etag|integrity|fingerprint|version|revision|rev|commit|ref|src|href|url|uri|path|file|filename|folder"
    r"|image|img|png|jpe?g|thumbnail|data|content|body|payload|blob|bytes|buffer|model|checkpoint|dataset|name|slug|cursor|nonce|salt|cid|run|digests|public|pub|cert|certificate|b64|base64"
    r"|decode|b64decode|fromhex|loads|decompress)$",
    re.IGNORECASE,
)
_ALLOWED_LINE = re.compile(r"pragma:\s*(?:allowlist|whitelist)\s+(?P<next>nextline\s+)?secret", re.IGNORECASE)
_EDGES = " \t\r\n=:\"'"


@dataclass(frozen=True)
class Secret:
    """Where a secret lies in a text; never what it is."""

    kind: str
    start: int
    end: int
    line: int
    """Of its first character, from 1."""


@dataclass
class Scanner:
    """Finds secrets; has no state but what is allowed.

    Args:
        allowed: found values and kinds that are let pass.
        with_plugins: False leaves detect-secrets unloaded.
    """

    allowed: Allowed = field(default_factory=Allowed)
    with_plugins: bool = True

    def find(self, text: str) -> list[Secret]:
        """The secrets of a text in order, none overlapping another; what overlaps is one, under the more specific kind."""
        if len(text) < 8:
            return []
        low = _lower(text)
        passed = _allowed_lines(text, low)
        found: list[tuple[int, int, int, str]] = []
        regions: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        for rank, rule in enumerate(_rules(self.with_plugins)):
            where = [(0, len(text))] if not rule.hints else regions.get(rule.hints)
            if where is None:
                where = regions[rule.hints] = _regions(rule.hints, text, low)
            if where and rule.spans_lines:
                where = [(0, len(text))]
            for kind, start, end in _matches(rule, text, where):
                if (kind, text[start:end]) not in self.allowed and not any(first <= start < last for first, last in passed):
                    found.append((start, end, rank, kind))
        for start, end in _random_texts(text):
            if (HIGH_ENTROPY, text[start:end]) not in self.allowed and not any(first <= start < last for first, last in passed):
                found.append((start, end, 1 << 20, HIGH_ENTROPY))
        return _merged(text, found)

    def mask(self, text: str) -> tuple[str, list[Secret]]:
        """The text with `***` for its secrets, as many lines as before, and the secrets, places being those of the text before.

        A secret of six characters or more is struck out wherever the text repeats it.
        """
        found = self.find(text)
        if not found:
            return text, []
        masked = text
        here = found
        for _ in range(_PASSES):  # striking one out may bring another to light
            masked = _struck(masked, here)
            if not (here := self.find(masked)):
                break
        return masked, found

    def mask_value(self, name: str, value: str) -> tuple[str, list[Secret]]:
        """The value of a param, tag or variable without its secrets; all of it where its name says that it is one."""
        kind = values.kind_of_name(name)
        if kind and values.is_secret_value(kind, value) and (kind, value) not in self.allowed:
            return MASK, [Secret(kind, 0, len(value), 1)]
        return self.mask(value)


REPEATED = "Repeated Secret"
_REPEATED = 8
"""Characters of a secret from which it is struck out wherever else it stands."""


@dataclass
class Repeats:
    """Finds what was found elsewhere, where nothing else says that it is a secret: a password that a cell prints."""

    known: dict[str, None] = field(default_factory=dict)

    def know(self, value: str) -> None:
        """Take in a secret, unless it may be an ordinary word or number."""
        if len(value) >= _REPEATED and "\n" not in value and not value.isalpha() and not value.isdigit():
            self.known.setdefault(value)

    def mask(self, text: str) -> tuple[str, list[Secret]]:
        """As `Scanner.mask`."""
        here = [value for value in self.known if value in text]
        if not here:
            return text, []
        masked = text
        for value in here:
            masked = masked.replace(value, MASK)
        at = sorted({text.find(value): value for value in here}.items())
        return masked, [Secret(REPEATED, start, start + len(value), text.count("\n", 0, start) + 1) for start, value in at]

    def mask_value(self, name: str, value: str) -> tuple[str, list[Secret]]:
        """As `Scanner.mask_value`."""
        return self.mask(value)


def suspects(texts: Collection[str]) -> set[str]:
    """Those of many short texts that our own rules have to look at: every secret has a hint beside it, or quotes around it."""
    hints = {hint for rule in RULES for hint in rule.hints} | {'"', "'"}
    low = {text: _lower(text) for text in texts}
    all_low = "\n".join(low.values())
    near = [hint for hint in hints if hint in all_low]
    return {text for text, small in low.items() if any(hint in small for hint in near)}


def kinds() -> list[str]:
    """Every kind there is, as `slug` writes them."""
    from nbtrack.secrets.plugins import KINDS

    return sorted({slug(kind) for kind in (*(rule.kind for rule in RULES), *KINDS, HIGH_ENTROPY, values.CREDENTIAL)})


@cache
def _rules(with_plugins: bool) -> tuple[Rule, ...]:
    if not with_plugins:
        return RULES
    from nbtrack.secrets.plugins import plugin_rules

    specific = next(at for at, rule in enumerate(RULES) if rule.kind == values.PASSWORD)
    return (*RULES[:specific], *plugin_rules(), *RULES[specific:])


def _lower(text: str) -> str:
    """In small letters, every letter at its place."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _allowed_lines(text: str, low: str) -> list[tuple[int, int]]:
    """Stretches that the user marked with detect-secrets' comment."""
    if "pragma:" not in low:
        return []
    found = []
    for match in _ALLOWED_LINE.finditer(text):
        start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.end())
        if match["next"] and end >= 0:
            start, end = end + 1, text.find("\n", end + 1)
        found.append((start, len(text) if end < 0 else end))
    return found


def _matches(rule: Rule, text: str, where: list[tuple[int, int]]) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of what a rule finds."""
    groups = rule.pattern.groupindex
    for first, last in where:
        for match in rule.pattern.finditer(text, first, last):
            kind = values.kind_of_name(match["name"]) if "name" in groups else rule.kind
            if not kind:
                continue
            start, end = match.span("value" if "value" in groups and match["value"] is not None else 0)
            if not groups:
                start, end = _whole(text, *_trimmed(text, start, end))
            if end > start and ("name" not in groups or values.is_secret_value(kind, text[start:end])) and rule.is_secret(text[start:end]):
                yield kind, start, end


def _whole(text: str, start: int, end: int) -> tuple[int, int]:
    """All of a token of which a plugin's pattern names a part; nothing where the match lies in the middle of a longer text: a digest, base64."""
    if start and text[start].isalnum() and text[start - 1].isalnum():
        return start, start
    while end < len(text) and text[end].isascii() and (text[end].isalnum() or text[end] in "_-"):
        end += 1
    return start, end


def _regions(hints: tuple[str, ...], text: str, low: str) -> list[tuple[int, int]]:
    """Where to look: on the lines around the hints, each place once."""
    hits: list[tuple[int, int]] = []
    for hint in hints:
        at = low.find(hint)
        while at >= 0:
            first = max(text.rfind("\n", max(0, at - _BEFORE), at) + 1, at - _BEFORE, 0)
            last = text.find("\n", at, at + _BEHIND)
            last = min(len(text), at + _BEHIND) if last < 0 else last
            hits.append((first, last))
            at = low.find(hint, max(at + 1, last - _BEFORE if last - at >= _BEHIND else last))
    found: list[tuple[int, int]] = []
    for first, last in sorted(hits) if len(hints) > 1 else hits:
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _EDGES:
        start += 1
    while end > start and text[end - 1] in _EDGES:
        end -= 1
    return start, end


def _random_texts(text: str) -> Iterator[tuple[int, int]]:
    """Quoted texts that look like a key by themselves."""
    for match in _QUOTED.finditer(text):
        if not values.is_high_entropy(match["value"].rstrip("=")):
            continue
        start = match.start()
        line = text.rfind("\n", max(0, start - _ENTROPY_LINE), start) + 1
        end = text.find("\n", match.end(), match.end() + _ENTROPY_LINE)
        if (not line and start > _ENTROPY_LINE) or (end < 0 and len(text) - match.end() > _ENTROPY_LINE):
            continue
        name = _NAME_BEFORE.search(text, max(line, start - 100), start)
        if name is None or not _NO_SECRET.search(name[1]):
            yield match.span("value")


def _merged(text: str, found: Iterable[tuple[int, int, int, str]]) -> list[Secret]:
    merged: list[tuple[int, int, int, str]] = []
    for start, end, rank, kind in sorted(found):
        if merged and start < merged[-1][1]:
            first, last, before, known = merged[-1]
            merged[-1] = (first, max(last, end), *min((before, known), (rank, kind)))
        else:
            merged.append((start, end, rank, kind))
    secrets, line, at = [], 1, 0
    for start, end, _, kind in merged:
        line += text.count("\n", at, start)
        at = start
        secrets.append(Secret(kind, start, end, line))
    return secrets


def _struck(text: str, found: list[Secret]) -> str:
    parts, at = [], 0
    for it in found:
        parts += [text[at : it.start], MASK, "\n" * text.count("\n", it.start, it.end)]
        at = it.end
    masked = "".join([*parts, text[at:]])
    for value in sorted({text[it.start : it.end] for it in found}, key=len, reverse=True):
        if len(value) >= _AGAIN and "\n" not in value and value in masked:
            whole = ("", "") if len(value) >= _AGAIN * 2 else (r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])")
            masked = re.sub(f"{whole[0]}{re.escape(value)}{whole[1]}", MASK, masked)
    return masked
