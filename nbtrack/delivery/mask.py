"""Striking secrets out of what a run sends to MLflow, and remembering kind and place of each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbtrack.secrets.notebook import scan_notebook
from nbtrack.secrets.policy import OFF, STRICT, TAGS, Policy, policy_of
from nbtrack.secrets.rules import CERTAIN
from nbtrack.secrets.scanner import REPEATED, Repeats, Scanner, Secret
from nbtrack.secrets.values import MASK

OURS = ("notebook/", "streams/", "git/", "environment/")
"""Folders of artifacts that nbtrack writes: scanned whatever their size."""
LARGEST = 4 << 20
"""Bytes of another text artifact up to which it is scanned; a larger one is data."""
INSPECTED = 32 << 20
"""Bytes of a file that is not rewritten, from its beginning, in which secrets are looked for."""
STAYS = ", where it stays"
"""Behind the place of a secret in a file that is not rewritten."""
_SNIFFED = 8192
_READABLE = re.compile(rb"[\x20-\x7e]{12,}")


def model_folders(paths: Iterable[str]) -> tuple[str, ...]:
    """Beginnings of the paths that belong to a model; one with a text changed in it may not load."""
    return tuple(path.removesuffix("MLmodel") for path in paths if path.endswith("/MLmodel"))


class Mask:
    """The secrets of one run. Points are never looked at."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], None] = {}
        """Kind and place, in the order found."""
        self._tags: dict[str, str | None] = {}
        self._policy: Policy | None = None
        self._scanner = Scanner()
        self._repeats = Repeats()
        self._problem = ""

    @property
    def policy(self) -> Policy:
        """What the run's tags ask for. A baseline is read once."""
        if self._policy is None:
            self._policy = policy_of(self._tags)
            self._scanner = Scanner(self._policy.allowed)
        return self._policy

    def take_problem(self) -> str:
        """Why the baseline is not in force; empty where it is, or where that was told."""
        problem = "" if self.policy.problem == self._problem else self.policy.problem
        self._problem = self.policy.problem
        return problem

    @property
    def is_strict(self) -> bool:
        return self.policy.mode == STRICT

    def hear(self, name: str, value: str | None) -> None:
        """Take in a tag of the run, which may change the policy."""
        if name in TAGS and self._tags.get(name) != value:
            self._tags[name] = value
            self.forget()

    def forget(self) -> None:
        """Begin anew: the policy is read again, and nothing was found."""
        self._policy = None
        self.found.clear()
        self._repeats.known.clear()

    def text(self, text: str, place: str, name: str = "") -> str:
        """A text as it may be sent.

        Args:
            place: what it is, such as `param lr`.
            name: name of the param, tag or variable; it may say that the value is a secret.
        """
        if self.policy.mode == OFF:
            return text
        masked, secrets = self._scanner.mask_value(name, text) if name else self._scanner.mask(text)
        self._remember(secrets, text, place)
        return self._without_known(masked, place)

    def data(self, data: Any, place: str) -> Any:
        """What JSON may hold, every text in it as it may be sent."""
        if isinstance(data, str):
            return self.text(data, place)
        if isinstance(data, dict):
            return {key: self.text(value, place, str(key)) if isinstance(value, str) else self.data(value, place) for key, value in data.items()}
        return [self.data(item, place) for item in data] if isinstance(data, list) else data

    def file(self, path: Path, place: str, models: tuple[str, ...] = ()) -> None:
        """Rewrite a text file without its secrets; what is binary, too large or of a model is only inspected.

        Args:
            models: `model_folders` of the run.
        """
        if self.policy.mode == OFF:
            return
        with path.open("rb") as file:
            is_text = b"\0" not in file.read(_SNIFFED) and (path.stat().st_size <= LARGEST or place.startswith(OURS))
            if not is_text or (models and place.startswith(models)):
                file.seek(0)
                self.inspect(file.read(INSPECTED), place)
                return
        content = path.read_bytes()
        masked = self.content(content, place)
        if masked != content:
            path.write_bytes(masked)

    def inspect(self, content: bytes, place: str) -> None:
        """Note the secrets in what is not rewritten: kinds that cannot be mistaken, and values found elsewhere in the run."""
        if self.policy.mode == OFF:
            return
        text = b"\n".join(_READABLE.findall(content)).decode("ascii")
        kinds = {it.kind for it in self._scanner.find(text) if it.kind in CERTAIN}
        for kind in sorted(kinds) or [REPEATED] * any(value in text for value in self._repeats.known):
            self.found.setdefault((kind, f"{place}{STAYS}"))

    def content(self, content: bytes, place: str) -> bytes:
        """The same for bytes at hand."""
        if place.endswith(".ipynb") and (found := scan_notebook(self._scanner, content)) is not None:
            for secret in found[1]:
                self.found.setdefault((secret.kind, f"{place} {secret}"))
                self._repeats.know(secret.value)
            return self._bytes_without_known(found[0], place)
        try:
            text = content.decode()
        except UnicodeDecodeError:
            self.inspect(content[:INSPECTED], place)
            return content
        masked, secrets = self._scanner.mask(text)
        for it in secrets:
            self.found.setdefault((it.kind, f"{place} line {it.line}"))
            self._repeats.know(text[it.start : it.end])
        return self._without_known(masked, place).encode()

    def _remember(self, secrets: list[Secret], text: str, place: str) -> None:
        for it in secrets:
            self.found.setdefault((it.kind, place if "\n" not in text.rstrip("\n") else f"{place} line {it.line}"))
            self._repeats.know(text[it.start : it.end])

    def _bytes_without_known(self, content: bytes, place: str) -> bytes:
        for value in self._repeats.known:
            if (coded := value.encode("utf-8", "surrogatepass")) in content:
                content = content.replace(coded, MASK.encode())
                self.found.setdefault((REPEATED, place))
        return content

    def _without_known(self, text: str, place: str) -> str:
        for value in self._repeats.known:
            if value in text:
                text = text.replace(value, MASK)
                self.found.setdefault((REPEATED, place))
        return text
