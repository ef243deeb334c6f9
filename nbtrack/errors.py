"""Every error nbtrack raises, in one tree.

NbtrackError
├── SettingError        a setting has a value that cannot be used
├── UsageError          a command or a %track line that cannot be understood
│   ├── UnknownRunError no run, or more than one, answers to that name
│   ├── QueryError      a filter of runs that cannot be read
│   ├── SpecError       a file such as nbtrack.yaml says what cannot be meant; with its lines
│   └── MissingPackageError  what was asked for needs a package that is not installed
├── StageError          a notebook that was run did not come to its end
├── CacheError          the cache of a pipeline has lost or damaged what it should hold
├── JournalError        the journal cannot be written or read
│   └── FormatError     a journal of a format this release does not know
├── StoreError          MLflow's store refused or did not answer
│   ├── StoreUnreachableError   try again later
│   ├── LoginError              credentials are missing or refused
│   └── RefusedError            this one request is wrong and will stay wrong
│       └── GoneError           what the request names is not in the store any more
├── DeliveryError       the delivery process could not be started or reached
└── SecretError         a run holds secrets, and its setting is to publish none that does
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


class NbtrackError(Exception):
    """What happened and, in `mend`, the next step."""

    def __init__(self, message: str, *, mend: str) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message} {self.mend}"

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross processes: rebuilt from their facts, as `mend` cannot be given by position."""
        return _blank, (type(self), self.args), self.__dict__


def _blank(kind: type[NbtrackError], args: tuple[Any, ...]) -> NbtrackError:
    return kind.__new__(kind, *args)


class SettingError(NbtrackError):
    """A setting has a value that cannot be used."""

    def __init__(self, setting: str, value: object, origin: str, *, wanted: str) -> None:
        super().__init__(
            f"Setting {setting!r} is {value!r} (from {origin}); it must be {wanted}.",
            mend=f"Correct {setting!r} in {origin}.",
        )
        self.setting, self.value, self.origin = setting, value, origin

    @classmethod
    def unknown(cls, setting: str, value: object, origin: str, known: Iterable[str]) -> SettingError:
        """There is no such setting."""
        known = sorted(known)
        import difflib

        near = difflib.get_close_matches(setting, known, 1)
        error = cls(setting, value, origin, wanted="one of " + ", ".join(known))
        error.message = f"There is no setting {setting!r} (from {origin}, with the value {value!r}); there are {', '.join(known)}."
        error.args = (error.message,)
        error.mend = f"Did you mean {near[0]!r}?" if near else f"Take {setting!r} out of {origin}."
        return error


class UsageError(NbtrackError):
    """A command, or a `%track` line, that cannot be understood."""


class UnknownRunError(UsageError):
    """No run, or more than one, answers to that name."""

    def __init__(self, run: str, message: str, *, mend: str) -> None:
        super().__init__(message, mend=mend)
        self.run = run


class QueryError(UsageError):
    """A filter of runs that cannot be read."""

    def __init__(self, query: str, position: int, message: str, *, mend: str) -> None:
        super().__init__(f"The filter {query!r} cannot be read at character {position + 1}: {message}", mend=mend)
        self.query, self.position, self.why = query, position, message


class StageError(NbtrackError):
    """A notebook that was run did not come to its end."""

    def __init__(self, message: str, *, mend: str, stage: str = "", run_id: str = "") -> None:
        super().__init__(message, mend=mend)
        self.stage, self.run_id = stage, run_id


class SpecError(UsageError):
    """A file such as `nbtrack.yaml` says what cannot be meant."""

    def __init__(self, file: Path, problems: Sequence[tuple[int, str, str]], spans: Sequence[tuple[int, int]] = (), *, mend: str = "") -> None:
        """
        Args:
            problems: line (0 where there is none), place such as `gates.accuracy`, and what is wrong; at least one.
            spans: of each problem the column where it begins and the one behind its end, from 1; 0 where they are not known.
        """
        told = [
            f"{file}{f':{line}' if line else ''}: {f'{place}: ' if place else ''}{text}{'' if text.endswith('?') else '.'}" for line, place, text in problems
        ]
        super().__init__("\n".join(told), mend=mend or f"Correct {'that' if len(told) == 1 else 'those lines'}.")
        self.file, self.problems = file, tuple(problems)
        self.spans = tuple(spans) or ((0, 0),) * len(self.problems)
        self.line = problems[0][0]

    def __str__(self) -> str:
        return f"{self.message}\n{self.mend}" if len(self.problems) > 1 else super().__str__()


class MissingPackageError(UsageError):
    """What was asked for needs a package that is not installed."""

    def __init__(self, package: str, what: str, *, extra: str) -> None:
        super().__init__(f"{what} needs {package}, which is not installed.", mend=f"Install it: pip install 'nbtrack[{extra}]'.")
        self.package, self.extra = package, extra


class CacheError(NbtrackError):
    """The cache of a pipeline has lost or damaged what it should hold; the stage is executed again."""


class JournalError(NbtrackError):
    """The journal cannot be written or read."""


class FormatError(JournalError):
    """A journal of a format this release does not know."""


class StoreError(NbtrackError):
    """MLflow's store refused a request or did not answer."""


class StoreUnreachableError(StoreError):
    """The store does not answer, or not sensibly; the same request may succeed later."""


class LoginError(StoreError):
    """Credentials are missing or were refused."""


class RefusedError(StoreError):
    """The store answered that this request is wrong; repeating it will not help."""


class GoneError(RefusedError):
    """What the request names is not in the store any more."""


class DeliveryError(NbtrackError):
    """The delivery process could not be started or reached."""


class SecretError(NbtrackError):
    """A run holds secrets, and its setting `secrets` is `strict`: it stays in the journal."""
