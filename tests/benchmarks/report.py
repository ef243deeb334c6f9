"""The table: what was measured, what was aimed for, how it compares."""

from __future__ import annotations

import datetime
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    measurement: str
    value: str
    aim: str = ""
    ratio: str = ""
    is_met: bool | None = None
    """None where there is no aim: a peer's number, or one for context."""
    part: str = ""
    """The measurement it comes from, as `--only` names it."""


_COLUMNS = ("part", "measurement", "value", "aim", "ratio", "met")
_AGAIN = "measured again"


def show(rows: list[Row], facts: dict[str, str]) -> None:
    """Print the table."""
    table = Table(title="nbtrack's benchmarks", show_lines=False)
    for column in _COLUMNS:
        table.add_column(column, justify="left" if column in _COLUMNS[:2] else "right", overflow="fold")
    for row in rows:
        table.add_row(*_cells(row), style=None if row.is_met is None else "green" if row.is_met else "bold red")
    console = Console(width=150, soft_wrap=False)
    console.print(table)
    for name, value in facts.items():
        console.print(f"{name}: {value}", highlight=False)


def write(path: Path, rows: list[Row], facts: dict[str, str], *, is_whole: bool) -> None:
    """Replace the document that keeps the last table; of a run that is not whole, the rows of its parts alone, which it then says."""
    table, told = [_line(row) for row in rows], [f"- {name}: {value}" for name, value in facts.items()]
    if not is_whole and path.exists():
        table, told = _kept(path.read_text().splitlines(), rows, facts)
    lines = [
        "# Benchmarks", "",
        "The last run of `make bench`. Peers are installed each in its own virtual environment and take turns with nbtrack in one run;",
        "values are medians over the rounds. What is measured, and how, stands in `tests/benchmarks/`, one file a measurement.",
        'The rows of one part alone are measured anew by `make bench ARGS="--only PART"`; the list below the table says when that was done.',
        "A peer keeps a point if its call returned before the kill and the point can be read back afterwards, by the peer's own way of",
        "recovery; with `log_batch` of 1,000, what still lies in the user's own list (up to 999 points) does not count as handed over.", "",
        "| " + " | ".join(_COLUMNS) + " |", "| --- | --- | ---: | ---: | ---: | :---: |", *table, "", *told, "",
    ]  # fmt: skip
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines))


def _kept(before: list[str], rows: list[Row], facts: dict[str, str]) -> tuple[list[str], list[str]]:
    """Rows and facts of the document as it was, the rows of these parts replaced where they stood."""
    parts = list(dict.fromkeys(row.part for row in rows))
    waiting = {part: [_line(row) for row in rows if row.part == part] for part in parts}
    table: list[str] = []
    for line in before:
        if not line.startswith("| ") or line.startswith(("| part |", "| --- |")):
            continue
        part = line.split(" | ")[0].removeprefix("| ")
        if part not in parts:
            table.append(line)
        table += waiting.pop(part, [])
    again = f"- {_AGAIN} ({', '.join(parts)}): {facts['date']}, load {facts['load'].split(';')[0]}"
    told = [line for line in before if line.startswith("- ") and not line.startswith(f"- {_AGAIN} ({', '.join(parts)})")]
    return [*table, *(line for lines in waiting.values() for line in lines)], [*told, again]


def facts_of_machine() -> dict[str, str]:
    """What the numbers were measured on."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    memory = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB" if hasattr(os, "sysconf") else "?"
    system = platform.freedesktop_os_release()["PRETTY_NAME"] if Path("/etc/os-release").exists() else platform.platform()
    kernel = f"{platform.system()} {platform.release().split('-')[0]}"
    return {
        "machine": f"{(models or [platform.processor()])[0]}, {os.cpu_count()} cores, {memory} memory, {system}, {kernel}",
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "python": platform.python_version(),
    }


def load() -> str:
    """Processes that ran or waited to, on average over five minutes, the bench itself among them."""
    return f"{os.getloadavg()[1]:.1f}" if hasattr(os, "getloadavg") else "?"


def _line(row: Row) -> str:
    return "| " + " | ".join(_cells(row)) + " |"


def _cells(row: Row) -> tuple[str, ...]:
    return row.part, row.measurement, row.value, row.aim, row.ratio, "" if row.is_met is None else "yes" if row.is_met else "**no**"
