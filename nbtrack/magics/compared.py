"""`%track compare`: from its line to a comparison."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbtrack import settings
from nbtrack.charts.compare import Comparison
from nbtrack.charts.select import of_words
from nbtrack.errors import UsageError
from nbtrack.journal import Home
from nbtrack.magics.grammar import nearest, split
from nbtrack.reads import find, fresh

if TYPE_CHECKING:  # loaded where one is shown: anywidget takes half a second
    from nbtrack.widgets.compare import Compare

_OPTIONS = {"--metric": "METRIC", "--group": "PARAM", "--baseline": "RUN"}
_OPTION = re.compile(r"""(?:^|\s)(--[\w-]+)(?:(?:=|\s+)("(?:\\.|[^"\\])*"|'[^']*'|[^\s-]\S*))?""")


def compared(home: Home, text: str) -> Comparison:
    """The comparison that a line such as `lr<0.1 --metric acc --group lr` asks for.

    Args:
        text: as typed, since quotes mean something in a filter.

    Raises:
        UsageError: an option is unknown or has no value, a run, metric or param does not exist, or the filter cannot be read.
    """
    found: dict[str, list[str]] = {option: [] for option in _OPTIONS}
    for match in _OPTION.finditer(text):
        option, value = match.groups()
        if option not in _OPTIONS:
            raise UsageError(f"%track compare has no option {option!r}.", mend=nearest(option, _OPTIONS))
        if value is None:
            raise UsageError(f"{option} needs {_OPTIONS[option]}.", mend=f"Write {option} {_OPTIONS[option]}.")
        found[option].append(value[1:-1] if value[0] in "\"'" else value)
    fresh.look(home, settings.load())
    rest = " ".join(_OPTION.sub(" ", text).split(" ")).strip()
    selection = of_words(home, _words(rest), rest)
    baseline = find(home, found["--baseline"][-1]).run_id if found["--baseline"] else None
    it = Comparison(home, selection, found["--metric"][-1] if found["--metric"] else None, found["--group"], baseline)
    it.check()
    return it


def shown(comparison: Comparison) -> Comparison | Compare:
    """The comparison as a notebook shows it: a widget where there is a kernel, so that what is selected is a value there. Elsewhere it is what it was."""
    from IPython.core.getipython import get_ipython

    if not hasattr(get_ipython(), "kernel"):
        return comparison
    from nbtrack.charts import acts
    from nbtrack.widgets.compare import Compare

    return Compare(comparison, acts=acts.NAMES)


def _words(text: str) -> list[str]:
    """Words without their quotes; none where a quote is not closed, which the filter's own reader tells better."""
    try:
        return split(text)
    except UsageError:
        return []
