"""The best params of a sweep, as a file that `nbtrack run -f` reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbtrack.errors import UsageError
from nbtrack.pipelines.digests import write_atomically
from nbtrack.pipelines.sweeps.study import Trial

MARK = "# The best params of a sweep"


def text_of(trial: Trial, metric: str, sweep: str, fixed: Mapping[str, Any]) -> str:
    """YAML of all params that were given.

    Args:
        sweep: id of its run.
        fixed: params that were the same in every trial.
    """
    import yaml

    head = f"{MARK}: trial {trial.number} of {sweep[:8]}, run {str(trial.facts.get('run_id', ''))[:8]}, {metric} = {trial.value!r}\n"
    body: str = yaml.safe_dump({**{name: plain(value) for name, value in fixed.items()}, **trial.params}, sort_keys=False, allow_unicode=True)
    return head + body


def plain(value: Any) -> Any:
    """A value as YAML has it: a tuple is a list, and of a secret stands where it comes from."""
    return list(value) if isinstance(value, tuple) else value if isinstance(value, (bool, int, float, str, list, dict, type(None))) else str(value)


def check_target(path: Path) -> None:
    """Refuse to write over a file that is not such a file.

    Raises:
        UsageError: it is something else.
    """
    try:
        if path.exists() and not path.read_text("utf-8").startswith(MARK):
            raise UsageError(f"{path} is there already, and no sweep wrote it.", mend="Name another file with --best.")
    except (OSError, UnicodeDecodeError) as cause:
        raise UsageError(f"{path} is there already, and no sweep wrote it: {cause}.", mend="Name another file with --best.") from cause


def write(path: Path, text: str) -> None:
    """Write it, over one that a sweep wrote."""
    check_target(path)
    write_atomically(path, text.encode())
