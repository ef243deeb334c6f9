"""What the user said is no secret."""

from __future__ import annotations

import hashlib
import re

from nbtrack.records import dataclass


@dataclass(frozen=True)
class Allowed:
    """Kinds and values that are let pass."""

    kinds: frozenset[str] = frozenset()
    """As `slug` writes them."""
    hashes: frozenset[str] = frozenset()
    """SHA-1 of values, as detect-secrets' baselines hold them."""

    def __contains__(self, found: tuple[str, str]) -> bool:
        kind, value = found
        return (bool(self.kinds) and slug(kind) in self.kinds) or (bool(self.hashes) and hash_of(value) in self.hashes)


def slug(kind: str) -> str:
    """A kind in small letters with dashes, as it is typed behind --allow-secret."""
    return re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-")


def hash_of(value: str) -> str:
    """What stands for a value in a baseline."""
    return hashlib.sha1(value.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
