"""Adding, listing and taking away schedules; a crontab or systemd's units change only where somebody asks for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbtrack.errors import UsageError
from nbtrack.pipelines.digests import write_atomically
from nbtrack.pipelines.history import keep_out_of_git
from nbtrack.pipelines.load import Loaded, nearest
from nbtrack.pipelines.schedules.when import WORDS, when
from nbtrack.pipelines.schedules.write import MARK, TARGETS, Schedule, Written, begin_of, cron, end_of, files_of
from nbtrack.pipelines.spec import ScheduleSpec

_WAIT_S = 30


@dataclass(frozen=True)
class Found:
    """A schedule, and where it stands."""

    name: str
    spec: ScheduleSpec
    places: tuple[str, ...]
    """Files that were written for it, `crontab`, `systemd`."""


def spec_of(loaded: Loaded, name: str) -> ScheduleSpec:
    """What a schedule runs: as `schedules` of the file says; one called `weekly` and the like needs no words there.

    Raises:
        UsageError: there is none of that name.
    """
    known = loaded.pipeline.schedules
    if name in known:
        return known[name]
    if name in WORDS:
        return ScheduleSpec(when=name)
    mend = f"{nearest(name, known, 'schedules')} Write it under `schedules:`, such as `{name}: weekly`, or take one of {', '.join(WORDS)}."
    raise UsageError(f"{loaded.file.name} has no schedule {name!r}.", mend=mend)


def schedule_of(loaded: Loaded, name: str, at: str = "") -> Schedule:
    """A schedule of a pipeline.

    Args:
        at: when, instead of what the file says.

    Raises:
        UsageError: there is none of that name, or the time cannot be read.
    """
    spec = spec_of(loaded, name)
    try:
        return Schedule(name, when(at or spec.when), loaded.file, _top(loaded.folder))
    except ValueError as cause:
        raise UsageError(f"{at!r} cannot be read: {cause}.", mend="Write --when weekly, or --when '0 3 * * 1'.") from cause


def add(schedule: Schedule, target: str, *, install: bool) -> tuple[list[Path], str]:
    """Write the files of a schedule; those that were written, and what is to be done next.

    Args:
        install: cron and systemd: have it done, too.

    Raises:
        UsageError: there is no such target, a file there is somebody else's, or cron or systemd refuse.
    """
    files = files_of(schedule, target)
    for it in files:
        _check_ours(it.path, schedule)
    keep_out_of_git(schedule.folder / ".nbtrack")
    for it in files:
        write_atomically(it.path, it.text.encode())
        it.path.chmod(0o644)
    if target == "cron":
        if install:
            _write_crontab(with_block(read_crontab(), schedule))
            return [it.path for it in files], "It is in your crontab."
        return [it.path for it in files], f"Nothing runs yet: nbtrack schedule add {schedule.name} --to cron --install puts it into your crontab."
    if target == "systemd":
        if install:
            _install_units(files)
            return [it.path for it in files], f"Its timer is on: systemctl --user list-timers {schedule.unit}.timer"
        return [it.path for it in files], f"Nothing runs yet: nbtrack schedule add {schedule.name} --to systemd --install turns its timer on."
    told = (
        "It runs when the file is on the default branch."
        if target == "github"
        else "Include it in .gitlab-ci.yml, and make the schedule that its first lines tell."
    )
    return [it.path for it in files], told


def remove(schedule: Schedule, targets: Sequence[str] = TARGETS) -> list[str]:
    """Take a schedule away, wherever it was put; what was taken away. Files and lines of somebody else stay."""
    gone = []
    if "cron" in targets and is_in_crontab(schedule):
        _write_crontab(without_block(read_crontab(), schedule))
        gone.append("crontab")
    if "systemd" in targets and (units := _installed_units(schedule)):
        _call(["systemctl", "--user", "disable", "--now", f"{schedule.unit}.timer"])
        for path in units:
            path.unlink()
        _call(["systemctl", "--user", "daemon-reload"])
        gone.append("systemd")
    for target in targets:
        for it in files_of(schedule, target):
            if it.path.exists() and _is_ours(it.path, schedule):
                it.path.unlink()
                gone.append(str(it.path))
    return gone


def listed(loaded: Loaded) -> list[Found]:
    """The schedules of a pipeline: those that its file names, and those that were added by a word."""
    found = []
    for name in dict.fromkeys([*loaded.pipeline.schedules, *WORDS]):
        schedule = schedule_of(loaded, name)
        places = [str(it.path) for target in TARGETS for it in files_of(schedule, target) if it.path.exists() and _is_ours(it.path, schedule)]
        places += ["crontab"] if is_in_crontab(schedule) else []
        places += ["systemd"] if _installed_units(schedule) else []
        if name in loaded.pipeline.schedules or places:
            found.append(Found(name, spec_of(loaded, name), tuple(places)))
    return found


def with_block(text: str, schedule: Schedule) -> str:
    """A crontab with the schedule in it, once; all else as it was."""
    rest = without_block(text, schedule)
    return (rest if not rest or rest.endswith("\n") else f"{rest}\n") + cron(schedule)


def without_block(text: str, schedule: Schedule) -> str:
    """A crontab without the schedule; all else as it was."""
    kept, is_inside = [], False
    for line in text.splitlines(keepends=True):
        if line.strip() == begin_of(schedule):
            is_inside = True
        if not is_inside:
            kept.append(line)
        if line.strip() == end_of(schedule):
            is_inside = False
    return text if is_inside else "".join(kept)  # a block without an end was edited by hand: it is the user's now


def read_crontab() -> str:
    """The user's crontab; empty where there is none.

    Raises:
        UsageError: there is no cron here, or it refuses.
    """
    program = shutil.which("crontab")
    if program is None:
        raise UsageError("There is no crontab here.", mend="Install cron, or take --to systemd.")
    done = subprocess.run([program, "-l"], capture_output=True, text=True, timeout=_WAIT_S, check=False)
    if done.returncode and "no crontab" not in done.stderr.lower():
        raise UsageError(f"The crontab cannot be read: {done.stderr.strip()}.", mend="Try it: crontab -l.")
    return done.stdout if not done.returncode else ""


def is_in_crontab(schedule: Schedule) -> bool:
    """Whether the user's crontab has it."""
    return shutil.which("crontab") is not None and begin_of(schedule) in (line.strip() for line in read_crontab().splitlines())


def _write_crontab(text: str) -> None:
    done = subprocess.run([shutil.which("crontab") or "crontab", "-"], input=text, capture_output=True, text=True, timeout=_WAIT_S, check=False)
    if done.returncode:
        raise UsageError(f"cron refuses the crontab: {done.stderr.strip()}.", mend="Nothing was changed; try the written lines by hand: crontab -e.")


def _units() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def _installed_units(schedule: Schedule) -> list[Path]:
    paths = [_units() / it.path.name for it in files_of(schedule, "systemd")]
    return [path for path in paths if path.exists() and _is_ours(path, schedule)]


def _install_units(files: Sequence[Written]) -> None:
    if shutil.which("systemctl") is None:
        raise UsageError("There is no systemd here.", mend="Take --to cron.")
    for it in files:
        write_atomically(_units() / it.path.name, it.text.encode())
    _call(["systemctl", "--user", "daemon-reload"])
    _call(["systemctl", "--user", "enable", "--now", next(it.path.name for it in files if it.path.suffix == ".timer")])


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_WAIT_S, check=False)
    if done.returncode:
        raise UsageError(f"{' '.join(command)} failed: {done.stderr.strip()}.", mend="See whether systemd runs for this user: systemctl --user status.")


def _check_ours(path: Path, schedule: Schedule) -> None:
    if path.exists() and not _is_ours(path, schedule):
        raise UsageError(f"{path} is there already, and nbtrack did not write it for {schedule.name!r}.", mend="Move it, or give the schedule another name.")


def _is_ours(path: Path, schedule: Schedule) -> bool:
    """Whether the file begins with the mark of this schedule, and not of one whose name begins so."""
    first = path.read_text("utf-8", "replace").partition("\n")[0]
    return first.startswith(schedule.mark) and first[len(schedule.mark) : len(schedule.mark) + 1] in ("", ".", " ") and MARK in first


def _top(folder: Path) -> Path:
    """The repository's top, for CI; the folder itself without git."""
    return next((it for it in (folder, *folder.parents) if (it / ".git").exists()), folder)
