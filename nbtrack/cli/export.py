"""What `nbtrack export` does and prints."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

from nbtrack.errors import UsageError
from nbtrack.exports import export as text_for
from nbtrack.exports.jobs import Target
from nbtrack.pipelines.load import find_file
from nbtrack.pipelines.open import Wanted, open_pipeline
from nbtrack.pipelines.schedules.when import when

_MARK = re.compile(r": made from .* by `?nbtrack export ")
"""In the first line of what is written."""
_CHECKED_OUT = ("github", "gitlab")
_ELSEWHERE = ("argo", "kfp")


def export(wanted: Wanted, scheduler: str, target: Target, out: Path | None, *, as_json: bool) -> None:
    """Print a pipeline as another scheduler takes it, or write it to a file."""
    if target.schedule:
        try:
            target = replace(target, schedule=when(target.schedule).cron)
        except ValueError as cause:
            raise UsageError(f"--schedule {target.schedule!r}: {cause}.", mend='Write such as --schedule "0 3 * * 1".') from cause
    file = find_file(wanted.file, Path.cwd())
    text = text_for(open_pipeline(wanted).graph, scheduler, target if target.file else replace(target, file=_seen(file, scheduler)))
    if out is not None:
        _write(out, text)
    if as_json:
        print(json.dumps({"scheduler": scheduler, "file": "" if out is None else str(out), "text": text}, indent=2, ensure_ascii=False))
    else:
        print(text if out is None else f"{out}\n", end="")


def _write(out: Path, text: str) -> None:
    """Write the file, over one that was made so before, and over nothing else."""
    try:
        if out.exists() and _MARK.search(out.read_text("utf-8", "replace").partition("\n")[0]) is None:
            raise UsageError(f"{out} is there already, and nbtrack export did not make it.", mend="Remove it, or say another --out FILE.")
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, "utf-8")
    except OSError as cause:
        raise UsageError(f"{out} cannot be written: {cause.strerror or cause}.", mend="Say where else, with --out FILE.") from cause


def variables(pairs: list[str]) -> dict[str, str]:
    """NAME=VALUE of a command line.

    Raises:
        UsageError: one is not of that form.
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"{pair!r} sets no variable.", mend="Write --env NAME=VALUE.")
        found[name] = value
    return found


def _seen(file: Path, scheduler: str) -> str:
    """The pipeline file as a job sees it: in a checkout, in an image's working directory, or where it is."""
    if scheduler in _ELSEWHERE:
        return file.name
    if scheduler in _CHECKED_OUT:
        top = next((it for it in (file.parent, *file.parents) if (it / ".git").exists()), file.parent)
        return os.path.relpath(file, top).replace(os.sep, "/")
    return str(file)
