"""Commands that judge and tell: gates, reports, CI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from nbtrack.cli.app import Json, state_home
from nbtrack.errors import UsageError

app = typer.Typer()


@app.command()
def gate(
    run: Annotated[str, typer.Argument(help="Run")] = "last",
    gates: Annotated[str, typer.Option("--gates", help="File with a section gates; else the nearest nbtrack.yaml upwards.")] = "",
    against: Annotated[str, typer.Option("--against", help="Run that baseline gates compare with, where they name none.")] = "",
    as_markdown: Annotated[bool, typer.Option("--md", help="Print markdown.")] = False,
    as_json: Json = False,
) -> None:
    """Hold a run against the gates of nbtrack.yaml, and end with 2 where one says no."""
    from nbtrack.cli import gate as door

    raise typer.Exit(door.gate(state_home(), run, gates, against, as_json=as_json, as_markdown=as_markdown))


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="Run")] = "last",
    against: Annotated[
        str, typer.Option("--against", help="Run, or ref:BRANCH for its run at a commit; else the pinned run or the last attempt that finished.")
    ] = "",
    as_markdown: Annotated[bool, typer.Option("--md", help="Markdown, for a comment or a job's summary.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="One HTML page, with pictures.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=2000, help="Most bytes of the Markdown; GitHub's comments take 65536.")] = 1_000_000,
    as_json: Json = False,
) -> None:
    """Say what a run is, against another one: metrics, gates, params, data, the notebook cell by cell."""
    from nbtrack.cli import report as door

    if as_markdown + as_html + as_json > 1:
        raise UsageError("A report has one form at a time.", mend="Choose one of --md, --html and --json.")
    door.report(state_home(), run, against, "html" if as_html else "json" if as_json else "md" if as_markdown or out is not None else "text", out, limit)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the project; it may be there.")] = Path(),
    ci: Annotated[str, typer.Option("--ci", help="github, gitlab or jenkins: the file that runs it there, too.")] = "",
    template: Annotated[str, typer.Option("--template", help="What to begin with: minimal, or housing, the larger example.")] = "minimal",
    as_json: Json = False,
) -> None:
    """Write a project to begin with: notebooks, nbtrack.yaml, and what runs them in CI; beside an nbtrack.yaml CI's files alone. Nothing is overwritten."""
    from nbtrack.cli import init as door

    door.init(folder, ci, template, as_json)


@app.command()
def ci(
    pipeline: Annotated[Path | None, typer.Argument(help="Pipeline file; else the nearest nbtrack.yaml upwards.")] = None,
    profile: Annotated[str, typer.Option("--profile", help="Profile of the pipeline; else ci, where it has one.")] = "",
    base: Annotated[str, typer.Option("--base", help="Branch, tag or commit to compare with; else where the pull request goes to.")] = "",
    changed_only: Annotated[bool, typer.Option("--changed-only", help="Run only the stages that the change touched, and what depends on them.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Execute every stage anew, whatever the cache has.")] = False,
    report_dir: Annotated[Path, typer.Option("--report-dir", help="Folder that gets the report.")] = Path("nbtrack-report"),
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Stages at the same time.")] = 1,
    no_run_base: Annotated[bool, typer.Option("--no-run-base", help="Do not run the base where no run of it is known.")] = False,
    as_json: Json = False,
) -> None:
    """Run a pipeline in CI, and say in the pull request what the change did to the model: 0 good, 1 a stage failed, 2 a gate says no."""
    from nbtrack.cli import ci as door

    raise typer.Exit(door.ci(door.Asked(pipeline, profile, base, changed_only, force, report_dir, jobs, not no_run_base), os.environ, as_json=as_json))


@app.command()
def comment(folder: Annotated[Path, typer.Argument(help="Folder of a report.")] = Path("nbtrack-report"), as_json: Json = False) -> None:
    """Write the comment of a report that another job made: of a pull request's own code, which must see no token."""
    from nbtrack.cli import comment as door

    raise typer.Exit(door.comment(folder, os.environ, as_json=as_json))
