"""What a schedule is as a crontab line, as systemd's units, and as CI's jobs: texts, which change nothing by themselves."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from nbtrack.pipelines.schedules.when import When

TARGETS = ("cron", "systemd", "github", "gitlab")
MARK = "# Written by nbtrack schedule add"


@dataclass(frozen=True)
class Schedule:
    """One schedule of a pipeline."""

    name: str
    when: When
    file: Path
    """The pipeline's."""
    top: Path
    """Of the repository it lies in, which is what CI checks out; else its folder."""

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def unit(self) -> str:
        return f"nbtrack-{self.folder.name}-{self.name}".replace(" ", "-")

    @property
    def command(self) -> list[str]:
        """What is run on this machine."""
        return [sys.executable, "-m", "nbtrack", "schedule", "run", self.name, "--file", str(self.file)]

    @property
    def mark(self) -> str:
        """The line by which what was written is known again."""
        return f"{MARK} {self.name}"


@dataclass(frozen=True)
class Written:
    """One file."""

    path: Path
    text: str


def files_of(schedule: Schedule, target: str) -> list[Written]:
    """The files of a schedule for a target; of those for this machine, as they lie in the pipeline's folder before they are installed."""
    place = schedule.folder / ".nbtrack" / "schedules"
    match target:
        case "cron":
            return [Written(place / f"{schedule.name}.cron", cron(schedule))]
        case "systemd":
            return [Written(place / f"{schedule.unit}.service", service(schedule)), Written(place / f"{schedule.unit}.timer", timer(schedule))]
        case "github":
            return [Written(schedule.top / ".github" / "workflows" / f"nbtrack-{schedule.name}.yml", github(schedule))]
        case _:
            return [Written(schedule.top / f"nbtrack-{schedule.name}.gitlab-ci.yml", gitlab(schedule))]


def cron(schedule: Schedule) -> str:
    """A block of a crontab; its lines begin and end with a mark, by which it is found again."""
    log = shlex.quote(str(schedule.folder / ".nbtrack" / "schedules" / f"{schedule.name}.log"))
    line = f"cd {shlex.quote(str(schedule.folder))} && {shlex.join(schedule.command)} >> {log} 2>&1"
    return f"{begin_of(schedule)}\n{schedule.when.cron} {line.replace('%', chr(92) + '%')}\n{end_of(schedule)}\n"


def begin_of(schedule: Schedule) -> str:
    """First line of the block in a crontab."""
    return f"{schedule.mark} of {schedule.file}"


def end_of(schedule: Schedule) -> str:
    """Last line of the block in a crontab."""
    return f"# End of {schedule.name} of {schedule.file}"


def service(schedule: Schedule) -> str:
    """systemd's unit that runs the pipeline once."""
    words = " ".join(_unit_word(it) for it in schedule.command)
    return (
        f"{schedule.mark}\n[Unit]\nDescription=nbtrack: {schedule.name} of {_percent(str(schedule.file))}\n\n"
        f"[Service]\nType=oneshot\nWorkingDirectory={_percent(str(schedule.folder))}\nExecStart={words}\n"
    )


def timer(schedule: Schedule) -> str:
    """systemd's unit that says when; a time that passed while the machine was off is made up for."""
    times = "".join(f"OnCalendar={it}\n" for it in schedule.when.calendar())
    return f"{schedule.mark}\n[Unit]\nDescription=nbtrack: when {schedule.name} runs\n\n[Timer]\n{times}Persistent=true\n\n[Install]\nWantedBy=timers.target\n"


def github(schedule: Schedule) -> str:
    """A workflow of GitHub Actions. The cache goes along, so that unchanged data are not trained on again."""
    inside = _inside(schedule)
    return f"""\
{schedule.mark}. Times are UTC.
name: nbtrack {schedule.name}

on:
  schedule:
    - cron: {json.dumps(schedule.when.cron)}
  workflow_dispatch:

permissions:
  contents: read

concurrency: nbtrack-{schedule.name}

jobs:
  run:
    runs-on: ubuntu-latest
    timeout-minutes: 360
    env:
      NBTRACK_HOME: ${{{{ github.workspace }}}}/.nbtrack/home
      NBTRACK_TRACKING_URI: ${{{{ secrets.MLFLOW_TRACKING_URI }}}}
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - uses: actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0
        with:
          python-version: "{sys.version_info[0]}.{sys.version_info[1]}"
          cache: pip
      - run: pip install {_requirements(schedule)}
      - uses: actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5
        with:
          path: |
            .nbtrack
            {inside.parent.as_posix()}/.nbtrack
          key: nbtrack-{schedule.name}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
          restore-keys: |
            nbtrack-{schedule.name}-
      - run: nbtrack schedule run {shlex.quote(schedule.name)} --file {shlex.quote(inside.as_posix())}
      - run: nbtrack sync --wait
"""


def gitlab(schedule: Schedule) -> str:
    """A job of GitLab CI, which its own schedules start."""
    inside = _inside(schedule)
    return f"""\
{schedule.mark}. In .gitlab-ci.yml: `include: nbtrack-{schedule.name}.gitlab-ci.yml`.
# Then, under Build > Pipeline schedules, make one with the cron {schedule.when.cron} and the variable NBTRACK_SCHEDULE = {schedule.name}.
nbtrack-{schedule.name}:
  image: python:{sys.version_info[0]}.{sys.version_info[1]}
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule" && $NBTRACK_SCHEDULE == {json.dumps(schedule.name)}
  resource_group: nbtrack-{schedule.name}
  variables:
    NBTRACK_HOME: $CI_PROJECT_DIR/.nbtrack/home
    NBTRACK_TRACKING_URI: $MLFLOW_TRACKING_URI
  cache:
    key: nbtrack-{schedule.name}
    paths:
      - .nbtrack
      - {inside.parent.as_posix()}/.nbtrack
    when: always
  script:
    - pip install {_requirements(schedule)}
    - nbtrack schedule run {shlex.quote(schedule.name)} --file {shlex.quote(inside.as_posix())}
    - nbtrack sync --wait
"""


def _inside(schedule: Schedule) -> Path:
    return Path(os.path.relpath(schedule.file, schedule.top))


def _requirements(schedule: Schedule) -> str:
    for place in (schedule.folder, schedule.top):
        if (place / "requirements.txt").is_file():
            return f"-r {shlex.quote(Path(os.path.relpath(place / 'requirements.txt', schedule.top)).as_posix())}"
    return '"nbtrack[pipelines]"'


def _unit_word(text: str) -> str:
    """A word of a command in a unit: systemd reads quotes, backslashes, percent and dollar signs in it."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return _percent(f'"{quoted}"' if any(it in text for it in " \t\"'\\;") else quoted)


def _percent(text: str) -> str:
    return text.replace("%", "%%")
