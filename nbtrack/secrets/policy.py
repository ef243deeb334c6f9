"""What is done with the secrets of a run: told by tags of the run, as the process that delivers it stands elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path

from nbtrack.errors import UsageError
from nbtrack.records import dataclass
from nbtrack.secrets.allowed import Allowed, hash_of, slug
from nbtrack.secrets.baseline import find_baseline, read_hashes

MASK_MODE, STRICT, OFF = "mask", "strict", "off"
MODES = (MASK_MODE, STRICT, OFF)
MODE_TAG, ALLOW_TAG, BASELINE_TAG = "nbtrack.secrets", "nbtrack.secrets.allow", "nbtrack.secrets.baseline"
TAGS = (MODE_TAG, ALLOW_TAG, BASELINE_TAG)


@dataclass(frozen=True)
class Policy:
    """How one run is treated."""

    mode: str = MASK_MODE
    allowed: Allowed = field(default_factory=Allowed)
    problem: str = ""
    """Why the baseline is not in force, if it is not."""


def tags_of(mode: str, allow: Iterable[str], folder: Path) -> dict[str, str]:
    """Tags that tell a run's policy; none where it is the usual one.

    Args:
        allow: values and kinds; of a value only its digest is kept.
        folder: where the baseline is looked for, upwards.
    """
    found = find_baseline(folder) if mode != OFF else None
    return {
        **({MODE_TAG: mode} if mode != MASK_MODE else {}),
        **({ALLOW_TAG: allow_text(allow)} if (allow := list(allow)) else {}),
        **({BASELINE_TAG: str(found)} if found is not None else {}),
    }


def allow_text(allow: Iterable[str], known: str = "") -> str:
    """The value of the tag that allows these values and kinds beside those of `known`; values by their digests."""
    from nbtrack.secrets.scanner import kinds

    there_are = kinds()
    return json.dumps(sorted({*_words(known), *(slug(it) if slug(it) in there_are else hash_of(it) for it in allow)}))


def allowed_of(allow: Iterable[str]) -> Allowed:
    """What words behind --allow-secret let pass: each may be a value or a kind."""
    words = list(allow)
    return Allowed(frozenset(slug(word) for word in words), frozenset(hash_of(word) for word in words))


def policy_of(tags: Mapping[str, str | None]) -> Policy:
    """The policy that a run's tags tell; an unknown mode is the usual one."""
    words = _words(tags.get(ALLOW_TAG) or "")
    hashes, problem = frozenset(word for word in words if len(word) == 40), ""
    baseline = tags.get(BASELINE_TAG)
    if baseline and Path(baseline).exists():
        try:
            hashes |= read_hashes(Path(baseline))
        except UsageError as error:
            problem = str(error)
    mode = tags.get(MODE_TAG) or MASK_MODE
    return Policy(mode if mode in MODES else MASK_MODE, Allowed(frozenset(words), hashes), problem)


def _words(text: str) -> list[str]:
    try:
        found = json.loads(text) if text else []
    except ValueError:
        return []
    return [str(word) for word in found] if isinstance(found, list) else []
