"""Params that a cell chose by results: the setting that was best of those it tried."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nbtrack.capture.kinds import is_param_name, is_param_value
from nbtrack.capture.known import plain
from nbtrack.capture.measures import known
from nbtrack.capture.naming import Candidate, params
from nbtrack.capture.program import program_of
from nbtrack.capture.provenance import bindings, flat_statements, is_best_setting, origins_of
from nbtrack.capture.source import Cell, Finding, Source
from nbtrack.patterns import regex

_INDEX = regex(r"(^|_)(idx|ind|indx|index|indices|pos|position|argmax|argmin)\d*(_|$)", re.I)
"""Where the best was found, which is none of what was tried."""


class Chosen(Source):
    """`best_k = ks[np.argmin(errors)]`, and `best_lr = lr` where a loop keeps the best of what it goes through."""

    name = "chosen settings"
    kind = "params"

    def after(self, cell: Cell) -> Iterable[Finding]:
        yield from params(cell, _chosen(cell))


def _chosen(cell: Cell) -> Iterator[Candidate]:
    program = program_of(cell)
    names = dict.fromkeys(
        name for part in program.own for statement in flat_statements([part.node]) for name, node in bindings(statement) if is_best_setting(node)
    )
    for name in (*names, *sorted(origins_of(program).chosen)):
        value = plain(cell.namespace.get(name))
        if _INDEX.search(name):
            continue
        if type(value) in (int, float, str) and name not in known(cell) and is_param_name(name) and is_param_value(value, name):
            yield Candidate(name, value, "the setting that was best")
