"""What `nbtrack schedule` does and prints."""

from __future__ import annotations

import json
import time
from pathlib import Path

from nbtrack.cli import pipelines
from nbtrack.errors import UsageError
from nbtrack.exits import Exit
from nbtrack.pipelines.load import Loaded, find_file, nearest
from nbtrack.pipelines.load import load as load_file
from nbtrack.pipelines.open import Wanted, check_pipeline
from nbtrack.pipelines.schedules import manage
from nbtrack.pipelines.schedules.write import TARGETS, files_of

ACTIONS = ("add", "ls", "rm", "run")


def schedule(
    action: str, name: str, file: Path | None, *, target: str, at: str, install: bool, dry: bool, as_json: bool
) -> int:  # fmt: skip
    """The exit code."""
    if action not in ACTIONS:
        raise UsageError(f"nbtrack schedule has no {action!r}.", mend=f"{nearest(action, ACTIONS, 'actions')} Write nbtrack schedule add, ls, rm or run.")
    path = find_file(file, Path.cwd())
    if target and target not in TARGETS:
        raise UsageError(f"Nothing runs schedules that is called {target!r}.", mend=nearest(target, TARGETS, "targets"))
    if action == "ls":
        return _ls(load_file(path), as_json)
    if not name:
        raise UsageError(f"nbtrack schedule {action} needs a name.", mend=f"Write nbtrack schedule {action} NAME; nbtrack schedule ls lists them.")
    if action == "run":
        return _run(path, name, as_json)
    if action == "add":
        return _add(check_pipeline(path).graph.loaded, name, target or "cron", at, install=install, dry=dry, as_json=as_json)
    return _rm(load_file(path), name, (target,) if target else TARGETS, dry=dry, as_json=as_json)


def _add(loaded: Loaded, name: str, target: str, at: str, *, install: bool, dry: bool, as_json: bool) -> int:
    found = manage.schedule_of(loaded, name, at)
    if install and target not in ("cron", "systemd"):
        raise UsageError("Only cron and systemd are installed.", mend=f"Commit what nbtrack schedule add {name} --to {target} writes.")
    if dry:
        files = files_of(found, target)
        if as_json:
            print(json.dumps([{"path": str(it.path), "text": it.text} for it in files], indent=2, ensure_ascii=False))
        for it in () if as_json else files:
            print(f"# {it.path}\n{it.text}", end="")
        return Exit.OK
    written, told = manage.add(found, target, install=install)
    if as_json:
        print(json.dumps({"name": name, "cron": found.when.cron, "files": [str(it) for it in written], "next": told}, indent=2, ensure_ascii=False))
    else:
        for path in written:
            print(f"wrote {path}")
        print(told)
    return Exit.OK


def _ls(loaded: Loaded, as_json: bool) -> int:
    found = manage.listed(loaded)
    if as_json:
        rows = [{"name": it.name, "when": it.spec.when, "stages": list(it.spec.stages), "profile": it.spec.profile, "places": list(it.places)} for it in found]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return Exit.OK
    for it in found:
        what = ", ".join(it.spec.stages) or "all stages"
        profile = f", profile {it.spec.profile}" if it.spec.profile else ""
        print(f"{it.name}  {it.spec.when}  {what}{profile}  {', '.join(it.places) or 'nothing runs it: nbtrack schedule add ' + it.name}")
    if not found:
        print(f"{loaded.file.name} has no schedules.")
    return Exit.OK


def _rm(loaded: Loaded, name: str, targets: tuple[str, ...], *, dry: bool, as_json: bool) -> int:
    found = manage.schedule_of(loaded, name, "" if name in loaded.pipeline.schedules else "weekly")
    if dry:
        there = next((it for it in manage.listed(loaded) if it.name == name), None)
        gone = list(there.places) if there is not None else []
    else:
        gone = manage.remove(found, targets)
    if as_json:
        print(json.dumps(gone, ensure_ascii=False))
    else:
        for it in gone:
            print(f"{'would take' if dry else 'took'} {name} away: {it}")
        if not gone:
            print(f"{name} was nowhere to be taken from.")
    return Exit.OK


def _run(path: Path, name: str, as_json: bool) -> int:
    spec = manage.spec_of(load_file(path), name)
    if not as_json:
        print(f"=== {name} of {path}, {time.strftime('%Y-%m-%d %H:%M:%S')} ===", flush=True)
    wanted = Wanted(path, tuple(spec.stages), dict(spec.params), profile=spec.profile)
    return pipelines.run(wanted, jobs=spec.jobs, keep_going=False, resume="", executor="local", as_json=as_json, schedule=name)
