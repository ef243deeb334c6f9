"""Names and values as MLflow takes them.

The rule for a metric, param or tag name that MLflow refuses: each forbidden character becomes `_`; so does each `/` of a name that
would be another path when read as one (`a//b`, `../a`, `/a`), and each of two dots at its beginning; one longer than 250 characters is cut to 240,
`-` and 8 digits of its
digest; and where the name is taken by another one of the run, `-` and 8 digits are put behind it. MySQL and SQL Server take names for
one that differ in case or accents alone.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import unicodedata
from collections.abc import Container

LONGEST_NAME = 250
LONGEST_PARAM = 6000
LONGEST_TAG = 8000
LONGEST_EXPERIMENT = 500
_FORBIDDEN = re.compile(r"[^/\w.\- :]")
_ALLOWED = re.compile(r"[/\w.\- :]+")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_fit(name: str) -> bool:
    """Whether MLflow takes the name as it is."""
    return len(name) <= LONGEST_NAME and bool(_ALLOWED.fullmatch(name)) and not _is_other_path(name)


def fit_name(name: str, taken: Container[str] = ()) -> str:
    """The name MLflow gets for `name`, by the rule above.

    Args:
        taken: names of the run that must not be used again.
    """
    fit = _FORBIDDEN.sub("_", name)
    if _is_other_path(fit):
        fit = fit.replace("/", "_")
    if fit.startswith(".."):
        fit = f"__{fit[2:]}"
    if fit in ("", "."):
        fit = "_"
    if len(fit) > LONGEST_NAME:
        fit = f"{fit[:240]}-{_digest(name)}"
    if fit in taken:
        fit = f"{fit[:240]}-{_digest(name)}"
    return fit


def ignores_case(uri: str) -> bool:
    """Whether a store is a database that, set up as usual, takes names for one that differ in case alone."""
    return uri.partition(":")[0].partition("+")[0] in ("mysql", "mssql")


def without_case(name: str) -> str:
    """What two names have in common that such a database takes for one."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter)).casefold().rstrip()


def fit_experiment(name: str) -> str:
    """The experiment's name as MLflow takes it; empty means `Default`."""
    name = fit_text(name).strip() or "Default"
    return name if len(name) <= LONGEST_EXPERIMENT else f"{name[: LONGEST_EXPERIMENT - 9]}-{_digest(name)}"


def fit_text(text: str, longest: int | None = None) -> str:
    """Text that every database stores: lone surrogates and NUL as escapes, cut to `longest` characters."""
    if _UNSTORABLE.search(text):
        text = _UNSTORABLE.sub(lambda found: f"\\x{ord(found[0]):02x}" if found[0] == "\0" else f"\\u{ord(found[0]):04x}", text)
    return text if longest is None or len(text) <= longest else text[:longest]


def _is_other_path(name: str) -> bool:
    return posixpath.normpath(name) != name or name == "." or name.startswith(("..", "/"))


def _digest(name: str) -> str:
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
