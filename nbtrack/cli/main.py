"""The commands of `nbtrack`; errors end in one readable line and a code of `exits.py`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from nbtrack import settings
from nbtrack.cli.pairs import PairsCommand
from nbtrack.entities import RunView
from nbtrack.errors import NbtrackError, StoreError, UsageError
from nbtrack.exits import Exit
from nbtrack.journal import Home
from nbtrack.magics.table import RunTable
from nbtrack.reads import act, all_runs, find, words

app = typer.Typer(no_args_is_help=True, add_completion=True, help="Runs of notebooks and scripts: look at them, deliver them, mend them.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def runs(
    filter: Annotated[list[str] | None, typer.Argument(help="Terms such as lr<0.1 'acc>=.9' state:FAILED")] = None,
    trash: Annotated[bool, typer.Option("--trash", help="Include runs in the trash.")] = False,
    reread: Annotated[bool, typer.Option("--reread", help="Read all runs of the store again, not only what is new.")] = False,
    as_json: Json = False,
) -> None:
    """List runs of this machine and of the store, newest first."""
    from nbtrack.reads.fresh import refresh_first, told

    fresh = refresh_first(_home(), settings.load(), full=reread)
    views = all_runs(_home(), " ".join(filter or []), with_trash=trash)
    table = RunTable(views, told(fresh))
    if as_json:
        _print_json([words.as_data(view) for view in views])
    elif not views:
        print("No runs.")
    else:
        shown = Table(*table.header)
        for row in table.rows:
            shown.add_row(*(_plain(cell) for cell in row))
        Console().print(shown)
    if table.note:
        print(table.note, file=sys.stderr)


@app.command()
def show(run: Annotated[str, typer.Argument(help="Name, name#attempt, first letters of an id, or last")] = "last", as_json: Json = False) -> None:
    """Show one run in full."""
    from nbtrack.charts.run_page import RunPage

    home = _home()
    view = act.look_for(home, run)
    if as_json:
        _print_json(words.as_data(view))
    else:
        print(repr(RunPage(home, view)))


@app.command()
def compare(
    runs: Annotated[list[str] | None, typer.Argument(help="Runs, or a filter such as 'lr<0.1 and acc>.9'")] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="The metric that decides.")] = None,
    group: Annotated[list[str] | None, typer.Option("--group", help="A param that tells configurations apart; repeat it for more.")] = None,
    baseline: Annotated[str | None, typer.Option("--baseline", help="Run that others are compared with.")] = None,
    as_markdown: Annotated[bool, typer.Option("--md", help="Print markdown, for a comment or a job's summary.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print every run and column as CSV.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="File to write an interactive page to, which needs nothing else.")] = None,
    png: Annotated[Path | None, typer.Option("--png", help="File to write the picture to.")] = None,
    as_json: Json = False,
) -> None:
    """Show runs side by side."""
    from nbtrack.cli import compare as shown

    shown.compare(_home(), runs or [], metric, group or [], baseline, as_markdown=as_markdown, as_csv=as_csv, html=html, png=png, as_json=as_json)


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="Run")],
    b: Annotated[str, typer.Argument(help="Run it is compared with")],
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="Print markdown, for a comment or a job's summary.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print HTML.")] = False,
) -> None:
    """Show what changed from one run to another."""
    from nbtrack.magics.diff_page import DiffPage
    from nbtrack.reads.diff import diff_runs

    home = _home()
    page = DiffPage(diff_runs(home, act.look_for(home, a), act.look_for(home, b), Path.cwd()))
    if as_json:
        _print_json(page.data())
    else:
        print(page.markdown() if as_markdown else page._repr_html_() if as_html else repr(page))


@app.command()
def data(
    action: Annotated[str, typer.Argument(help="diff")],
    a: Annotated[str, typer.Argument(help="Run")],
    b: Annotated[str, typer.Argument(help="Run it is compared with")],
    input: Annotated[list[str] | None, typer.Option("--input", help="A dataset, by its name; else all. Repeat it for more.")] = None,
    as_markdown: Annotated[bool, typer.Option("--md", help="Print markdown.")] = False,
    as_json: Json = False,
) -> None:
    """Say what changed between the data that two runs read: columns, rows, and how the values are distributed."""
    from nbtrack.cli import data as door

    door.data(_home(), action, a, b, input or [], as_json=as_json, as_markdown=as_markdown)


@app.command()
def recipe(
    run: Annotated[str, typer.Argument(help="Run")] = "last",
    to: Annotated[str, typer.Option("--to", help="File or folder to write; never over a file that is there.")] = "",
    as_json: Json = False,
) -> None:
    """Write the shortest notebook that gives a run."""
    from nbtrack.replay.restore import notebook

    view = find(_home(), run)
    path = notebook(_home(), view, "recipe", to=to).path
    if as_json:
        _print_json({"run_id": view.run_id, "path": str(path)})
    else:
        print(path)


@app.command()
def log(
    run: Annotated[str, typer.Argument(help="Run")],
    values: Annotated[list[str], typer.Argument(help="NAME=VALUE...")],
    step: Annotated[int | None, typer.Option(help="Step of the points.")] = None,
    as_json: Json = False,
) -> None:
    """Add metrics to a run, also after it ended."""
    pairs = []
    for text in values:
        name, equals, value = text.partition("=")
        try:
            pairs.append((name, float(value if equals else "")))
        except ValueError as cause:
            raise UsageError(f"{text!r} is not NAME=NUMBER.", mend="Write nbtrack log RUN acc=0.93.") from cause
    from nbtrack import courier

    home = _home()
    target = act.writing(home, act.look_for(home, run))
    for name, number in pairs:
        target.log(name, number, step)
    courier.wake(home, target.start.store)
    _changed(find(home, target.run_id), f"logged {', '.join(name for name, _ in pairs)} to {{}}", as_json)


@app.command()
def tag(
    run: Annotated[str, typer.Argument(help="Run")], tags: Annotated[list[str], typer.Argument(help="KEY=VALUE...")], as_json: Json = False
) -> None:  # fmt: skip
    """Set tags of a run."""
    pairs = dict(text.partition("=")[::2] for text in tags)
    if wrong := [text for text in tags if not text.partition("=")[1] or text.startswith("=")]:
        raise UsageError(f"{wrong[0]!r} is not KEY=VALUE.", mend="Write nbtrack tag RUN owner=ana.")
    _changed(act.tag(_home(), run, pairs), "tagged {}", as_json)


@app.command()
def untag(run: Annotated[str, typer.Argument(help="Run")], keys: Annotated[list[str], typer.Argument(help="KEY...")], as_json: Json = False) -> None:
    """Take tags off a run."""
    _changed(act.untag(_home(), run, keys), f"took {', '.join(keys)} off {{}}", as_json)


@app.command()
def rename(run: Annotated[str, typer.Argument(help="Run")], name: Annotated[str, typer.Argument(help="Its new name")], as_json: Json = False) -> None:
    """Give a run another name."""
    _changed(act.rename(_home(), run, name), "it is called {} now", as_json)


@app.command()
def note(run: Annotated[str, typer.Argument(help="Run")], text: Annotated[str, typer.Argument(help="Text")], as_json: Json = False) -> None:
    """Add to a run's description."""
    _changed(act.note(_home(), run, text), "noted on {}", as_json)


@app.command()
def rm(run: Annotated[str, typer.Argument(help="Run")], as_json: Json = False) -> None:
    """Move a run to the trash."""
    _changed(act.trash(_home(), run), "{} is in the trash; nbtrack unrm takes it out", as_json)


@app.command()
def unrm(run: Annotated[str, typer.Argument(help="Run")], as_json: Json = False) -> None:
    """Take a run out of the trash."""
    _changed(act.restore(_home(), run), "{} is back", as_json)


@app.command()
def sync(
    wait: Annotated[bool, typer.Option("--wait", help="Try until everything is delivered.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until interrupted.")] = False,
    allow_secret: Annotated[list[str] | None, typer.Option("--allow-secret", help="What looks like a secret and is none, or a kind that may pass.")] = None,
    as_json: Json = False,
) -> None:
    """Deliver journals to MLflow in the foreground."""
    from nbtrack.delivery.sync import SyncReport, allow_secrets
    from nbtrack.delivery.sync import sync as deliver

    if allow_secret:
        allow_secrets(_home(), allow_secret)
    told: list[str] = []

    def progress(report: SyncReport) -> None:
        texts = [f"{store}: {error}" for store, error in report.problems.items()]
        if texts != told and (wait or watch):
            told[:] = texts
            for text in texts:
                print(text, file=sys.stderr)

    report = deliver(_home(), settings.load(), wait=wait, watch=watch, on_progress=progress)
    if as_json:
        _print_json({"delivered": report.delivered, "waiting": report.waiting, "problems": {store: str(it) for store, it in report.problems.items()}})
    else:
        print(f"{len(report.delivered)} runs delivered, {len(report.waiting)} waiting")
        for store, error in report.problems.items():
            print(f"{store}: {error}", file=sys.stderr)
    if report.waiting:
        raise typer.Exit(Exit.UNREACHABLE if any(isinstance(it, StoreError) for it in report.problems.values()) else Exit.FAILED)


@app.command()
def scan(
    files: Annotated[list[Path], typer.Argument(help="Notebooks, text files, or folders of them")],
    baseline: Annotated[Path | None, typer.Option("--baseline", help="File of what is known to be no secret; else the nearest .nbtrack-secrets.")] = None,
    update_baseline: Annotated[bool, typer.Option("--update-baseline", help="Take all that is found into the baseline.")] = False,
    allow_secret: Annotated[list[str] | None, typer.Option("--allow-secret", help="A value or a kind that may pass.")] = None,
    as_json: Json = False,
) -> None:
    """Look for secrets in notebooks and text files, and end with 1 where there are any."""
    from nbtrack.cli.scan import scan as look

    found, count, written = look(files, baseline=baseline, is_update=update_baseline, allow=allow_secret or [], folder=Path.cwd())
    if as_json:
        _print_json([{key: value for key, value in it.__dict__.items() if key != "digest"} for it in found])
    elif written is not None:
        print(f"{len(found)} secrets of {count} files are in {written}")
    else:
        for it in found:
            print(f"{it.file}: {it.place}: {it.kind}" + (f" (cell id {it.cell_id})" if it.cell_id else ""))
        print(f"{len(found)} secrets in {count} files", file=sys.stderr)
    if found and written is None:
        raise typer.Exit(Exit.FAILED)


@app.command()
def restore(
    run: Annotated[str, typer.Argument(help="Run")],
    cell: Annotated[int | None, typer.Option("--cell", help="One executed cell, by the number in In [N].")] = None,
    recipe: Annotated[bool, typer.Option("--recipe", help="The shortest notebook that gives the run.")] = False,
    executed: Annotated[bool, typer.Option("--executed", help="What was executed, with its outputs.")] = False,
    document: Annotated[bool, typer.Option("--document", help="The notebook as it stood.")] = False,
    env: Annotated[bool, typer.Option("--env", help="The exact versions of all packages.")] = False,
    model: Annotated[bool, typer.Option("--model", help="The models.")] = False,
    data: Annotated[bool, typer.Option("--data", help="Where the data lay, and whether it is still the same.")] = False,
    to: Annotated[str, typer.Option("--to", help="File or folder to write.")] = "",
    as_json: Json = False,
) -> None:
    """Write what a run kept as something new, beside what is there."""
    from nbtrack.cli import replay

    flags = {"recipe": recipe, "executed": executed, "document": document, "env": env, "model": model, "data": data}
    replay.restore(_home(), run, [*(name for name, is_on in flags.items() if is_on), *([str(cell)] if cell is not None else [])], to, as_json)


@app.command()
def reproduce(
    run: Annotated[str, typer.Argument(help="Run")],
    env: Annotated[
        str, typer.Option("--env", help="current: the packages that are here; same: they must be the run's; fresh: those of the run, installed.")
    ] = "current",
    tolerance: Annotated[list[str] | None, typer.Option("--tolerance", help="1e-6, or METRIC=0.01 for one metric.")] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", help="Seconds the recipe may take.")] = None,
    output: Annotated[bool, typer.Option("--output", help="Show each cell and what it prints, while it runs.")] = False,
    as_json: Json = False,
) -> None:
    """Execute a run's recipe in a clean kernel, and say whether the same comes of it: 0 yes, 1 no, 2 not runnable."""
    from nbtrack.cli import replay

    raise typer.Exit(replay.reproduce(_home(), run, env, tolerance or [], timeout, output, as_json))


@app.command()
def bundle(
    run: Annotated[str, typer.Argument(help="Run")],
    file: Annotated[Path, typer.Argument(help="Zip file to write; it must not exist")],
    data: Annotated[bool, typer.Option("--data", help="Put the files in that the run read.")] = False,
    as_json: Json = False,
) -> None:
    """Write a run as one file, without its secrets."""
    from nbtrack.cli import replay

    replay.bundle(_home(), run, file, data, as_json)


@app.command("import")
def import_(file: Annotated[Path, typer.Argument(help="Zip file that nbtrack bundle wrote")], as_json: Json = False) -> None:
    """Take in a run from a bundle; a run that is here already is left alone."""
    from nbtrack.cli import replay

    replay.take_in(_home(), file, as_json)


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

    raise typer.Exit(door.gate(_home(), run, gates, against, as_json=as_json, as_markdown=as_markdown))


@app.command()
def report(
    run: Annotated[str, typer.Argument(help="Run")] = "last",
    against: Annotated[str, typer.Option("--against", help="Run, or ref:BRANCH for its run at a commit; else the pinned run or the attempt before.")] = "",
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
    door.report(_home(), run, against, "html" if as_html else "json" if as_json else "md", out, limit)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the project; it may be there.")] = Path(),
    ci: Annotated[str, typer.Option("--ci", help="github, gitlab or jenkins: the file that runs it there, too.")] = "",
    template: Annotated[str, typer.Option("--template", help="What to begin with: minimal, or housing, the larger example.")] = "minimal",
    as_json: Json = False,
) -> None:
    """Write a project to begin with: notebooks, nbtrack.yaml, and what runs them in CI. Nothing is overwritten."""
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


@app.command()
def doctor(as_json: Json = False) -> None:
    """Explain the state of journal, delivery and store, and how to mend what is broken."""
    from nbtrack.cli.doctor import examine

    findings = examine(_home(), settings.load())
    if as_json:
        _print_json([finding.__dict__ for finding in findings])
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.is_good else 'MEND'}  {finding.subject}: {finding.found}" + (f"\n      {finding.mend}" if finding.mend else ""))
    if not all(finding.is_good for finding in findings):
        raise typer.Exit(Exit.FAILED)


PipelineFile = Annotated[Path | None, typer.Option("--file", help="Pipeline file; else the nearest nbtrack.yaml upwards.")]
Params = Annotated[list[str] | None, typer.Option("-p", "--param", help="NAME VALUE or NAME=VALUE: a param. Repeat it for more.")]
ParamsFile = Annotated[Path | None, typer.Option("-f", "--params-file", help="YAML file of params; -p goes before it.")]
Profile = Annotated[str, typer.Option("--profile", help="Profile of the pipeline.")]


@app.command(cls=PairsCommand)
def run(
    what: Annotated[list[str] | None, typer.Argument(help="A notebook; or stages of a pipeline, all if none is named")] = None,
    param: Params = None,
    params_file: ParamsFile = None,
    out: Annotated[Path | None, typer.Option("--out", help="Notebook: folder for the executed notebook and its report.")] = None,
    name: Annotated[str, typer.Option("--name", help="Notebook: name of the run; else the notebook's.")] = "",
    kernel: Annotated[str, typer.Option("--kernel", help="Notebook: kernel to execute it in; else the notebook's.")] = "",
    timeout: Annotated[float | None, typer.Option("--timeout", help="Notebook: seconds it may take.")] = None,
    help_notebook: Annotated[bool, typer.Option("--help-notebook", help="List the params that the notebook declares.")] = False,
    file: PipelineFile = None,
    profile: Profile = "",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Stages at once.")] = 1,
    keep_going: Annotated[bool, typer.Option("--keep-going", "-k", help="After a failure, go on with stages that do not need it.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Execute the named stages, or all, whatever the cache has.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would run and why.")] = False,
    resume: Annotated[str, typer.Option("--resume", help="Go on with a run of the pipeline that was stopped: RUN, or last.")] = "",
    start: Annotated[str, typer.Option("--from", help="Execute this stage and all that need it anew.")] = "",
    downstream: Annotated[bool, typer.Option("--downstream", help="Also stages that need the named ones.")] = False,
    executor: Annotated[str, typer.Option("--executor", help="Where stages are executed: local, dask or dask://HOST:PORT.")] = "local",
    deliver: Annotated[bool, typer.Option("--deliver", help="Bring the runs to the store before this ends, as in a container that ends with it.")] = False,
    as_json: Json = False,
) -> None:
    """Run a notebook or a pipeline: 0 it finished, 1 it failed, 2 a gate failed, 3 wrong input, 130 interrupted."""
    from nbtrack.cli import run as door

    words = what or []
    notebooks = [word for word in words if word.endswith(".ipynb")]
    given, typed = door.given(param or [], params_file)
    if notebooks:
        if len(words) > 1:
            raise UsageError(f"nbtrack run takes one notebook, not {' '.join(words)}.", mend="Write several as stages into an nbtrack.yaml.")
        if help_notebook:
            door.help_of(Path(words[0]), as_json)
            return
        code = door.run_one(Path(words[0]), given, typed, out=out, kernel=kernel, name=name, timeout_s=timeout, as_json=as_json)
        raise typer.Exit(door.delivered(code) if deliver else code)
    from nbtrack.cli import pipelines

    if help_notebook or out is not None or kernel or name or timeout is not None:
        raise UsageError("That option is for one notebook.", mend="Write nbtrack run NOTEBOOK.ipynb, or say it in nbtrack.yaml.")
    if words and words[0].endswith((".yaml", ".yml")):
        file, words = Path(words[0]), words[1:]
    wanted = pipelines.Wanted(file, tuple(words), given, typed, profile, downstream, force, start)
    if dry_run:
        pipelines.show_plan(wanted, as_json)
        return
    code = pipelines.run(wanted, jobs=jobs, keep_going=keep_going, resume=resume, executor=executor, as_json=as_json)
    raise typer.Exit(door.delivered(code) if deliver else code)


@app.command(cls=PairsCommand)
def export(
    scheduler: Annotated[str, typer.Argument(help="airflow, kfp, argo, prefect, github or gitlab")],
    param: Params = None,
    params_file: ParamsFile = None,
    file: PipelineFile = None,
    profile: Profile = "",
    out: Annotated[Path | None, typer.Option("--out", help="File to write; it must not be there.")] = None,
    at: Annotated[str, typer.Option("--at", help="The pipeline file as a job sees it, such as /app/nbtrack.yaml.")] = "",
    image: Annotated[str, typer.Option("--image", help="Container image with the project, its packages and nbtrack.")] = "",
    env: Annotated[list[str] | None, typer.Option("--env", help="NAME=VALUE: a variable of every job, such as NBTRACK_CACHE=s3://bucket/cache.")] = None,
    schedule: Annotated[str, typer.Option("--schedule", help='When it runs, as in cron and in UTC, such as "17 4 * * 1".')] = "",
    as_json: Json = False,
) -> None:
    """Write a pipeline as a DAG, flow or workflow of another scheduler, with a job for each stage."""
    from nbtrack.cli import export as door
    from nbtrack.cli import pipelines
    from nbtrack.cli.run import given
    from nbtrack.exports.jobs import Target

    values, typed = given(param or [], params_file)
    wanted = pipelines.Wanted(file, (), values, typed, profile)
    variables = door.variables(env or [])
    door.export(wanted, scheduler, Target(at, profile, {name: str(value) for name, value in values.items()}, variables, image, schedule), out, as_json=as_json)


@app.command(cls=PairsCommand)
def sweep(
    notebook: Annotated[Path, typer.Argument(help="Notebook")],
    param: Annotated[
        list[str] | None, typer.Option("-p", "--param", help="'NAME=log(LOW,HIGH)', uniform(LOW,HIGH[,STEP]), int(LOW,HIGH), choice(A,B,...); or one value.")
    ] = None,
    params_file: ParamsFile = None,
    goal: Annotated[str, typer.Option("--goal", help="max:METRIC or min:METRIC: what is searched for.")] = "",
    trials: Annotated[int | None, typer.Option("--trials", min=1, help="How many; 20, or all of a grid.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Trials at once.")] = 1,
    sampler: Annotated[str, typer.Option("--sampler", help="tpe, random or grid.")] = "tpe",
    prune: Annotated[str, typer.Option("--prune", help="End trials early whose curve does worse than others': hyperband, median or none.")] = "none",
    seed: Annotated[int | None, typer.Option("--seed", help="Of what is drawn, so that the same is drawn again.")] = None,
    name: Annotated[str, typer.Option("--name", help="Name of the sweep's run; else the notebook's.")] = "",
    kernel: Annotated[str, typer.Option("--kernel", help="Kernel to execute it in; else the notebook's.")] = "",
    timeout: Annotated[float | None, typer.Option("--timeout", help="Seconds that a trial may take.")] = None,
    best: Annotated[Path | None, typer.Option("--best", help="File to write the best params to, for nbtrack run -f.")] = None,
    resume: Annotated[str, typer.Option("--resume", help="Go on with a sweep of this notebook that was stopped: RUN, or last.")] = "",
    as_json: Json = False,
) -> None:
    """Run a notebook again and again with other params, in search of the best: 0 found, 1 no trial came to its end, 130 interrupted."""
    from nbtrack.cli import run as given_by
    from nbtrack.cli import sweep as door
    from nbtrack.pipelines.sweeps.plan import Asked

    given, typed = given_by.given(param or [], params_file)
    asked = Asked(notebook, given, goal, trials, sampler, prune, seed, typed, name, kernel, "", timeout)
    raise typer.Exit(door.sweep(asked, jobs=jobs, best=best, resume=resume, as_json=as_json))


@app.command(cls=PairsCommand)
def plan(
    stages: Annotated[list[str] | None, typer.Argument(help="Stages; all if none is named")] = None,
    param: Params = None,
    params_file: ParamsFile = None,
    file: PipelineFile = None,
    profile: Profile = "",
    force: Annotated[bool, typer.Option("--force", help="As for nbtrack run.")] = False,
    start: Annotated[str, typer.Option("--from", help="As for nbtrack run.")] = "",
    downstream: Annotated[bool, typer.Option("--downstream", help="As for nbtrack run.")] = False,
    as_json: Json = False,
) -> None:
    """Say which stages would run, and why."""
    from nbtrack.cli import pipelines
    from nbtrack.cli import run as door

    given, typed = door.given(param or [], params_file)
    pipelines.show_plan(pipelines.Wanted(file, tuple(stages or ()), given, typed, profile, downstream, force, start), as_json)


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="Pipeline file; else the nearest nbtrack.yaml upwards")] = None,
    profile: Profile = "",
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of nbtrack.yaml, for editors.")] = False,
    as_json: Json = False,
) -> None:
    """Say all that is wrong with a pipeline, with file and line, before anything runs."""
    from nbtrack.cli import pipelines

    pipelines.check(pipelines.Wanted(file, profile=profile), schema, as_json)


@app.command()
def status(
    run: Annotated[str, typer.Argument(help="Run of the pipeline: first letters of its id, or last")] = "last", file: PipelineFile = None, as_json: Json = False
) -> None:
    """Show what became of the stages of a pipeline's run."""
    from nbtrack.cli import pipelines

    pipelines.status(file, run, as_json)


@app.command()
def graph(
    file: PipelineFile = None,
    profile: Profile = "",
    mermaid: Annotated[bool, typer.Option("--mermaid", help="As Mermaid's text, which is the default.")] = False,
    svg: Annotated[bool, typer.Option("--svg", help="As a picture.")] = False,
    as_json: Json = False,
) -> None:
    """Print the graph of a pipeline, coloured by what would run."""
    from nbtrack.cli import pipelines

    if mermaid and svg:
        raise UsageError("A graph is printed in one form.", mend="Write --mermaid or --svg.")
    pipelines.graph(pipelines.Wanted(file, profile=profile), svg, as_json)


@app.command()
def logs(
    stage: Annotated[str, typer.Argument(help="Stage")],
    run: Annotated[str, typer.Option("--run", help="Run of the pipeline; else the last.")] = "last",
    file: PipelineFile = None,
    as_json: Json = False,
) -> None:
    """Print what the cells of a stage wrote."""
    from nbtrack.cli import pipelines

    pipelines.logs(file, stage, run, as_json)


@app.command()
def cache(
    action: Annotated[str, typer.Argument(help="ls, gc or verify")],
    days: Annotated[float, typer.Option("--days", min=0, help="gc: take away what nobody used for so long.")] = 30,
    file: PipelineFile = None,
    as_json: Json = False,
) -> None:
    """List the results that a pipeline keeps, take old ones away, or read all bytes again."""
    from nbtrack.cli import pipelines

    raise typer.Exit(pipelines.cache(file, action, days, as_json))


@app.command()
def schedule(
    action: Annotated[str, typer.Argument(help="add, ls, rm or run")],
    name: Annotated[str, typer.Argument(help="A schedule of nbtrack.yaml, or weekly, daily, hourly, monthly")] = "",
    target: Annotated[str, typer.Option("--to", help="add: what runs it: cron (the default), systemd, github or gitlab. rm: take it from there alone.")] = "",
    at: Annotated[str, typer.Option("--when", help="add: instead of the time in nbtrack.yaml: weekly, 'mon 03:00' or '0 3 * * 1'.")] = "",
    install: Annotated[bool, typer.Option("--install", help="add: put it into your crontab, or turn its timer on.")] = False,
    dry: Annotated[bool, typer.Option("--print", help="add, rm: say what would be written or taken away, and change nothing.")] = False,
    file: PipelineFile = None,
    as_json: Json = False,
) -> None:
    """Have a pipeline run again and again, by cron, systemd or CI; where its data did not change, all of it comes from the cache."""
    from nbtrack.cli import schedule as door

    raise typer.Exit(door.schedule(action, name, file, target=target, at=at, install=install, dry=dry, as_json=as_json))


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except NbtrackError as error:
        print(f"nbtrack: {error}", file=sys.stderr)
        sys.exit(Exit.UNREACHABLE if isinstance(error, StoreError) else Exit.WRONG_INPUT)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except SystemExit as end:
        if end.code == 2 and not isinstance(end.__context__, typer.Exit):  # typer's own code for a wrong option is that of a gate
            sys.exit(Exit.WRONG_INPUT)
        raise


def _home() -> Home:
    return Home(settings.home(settings.load()))


def _changed(view: RunView, text: str, as_json: bool) -> None:
    if as_json:
        _print_json(words.as_data(view))
    else:
        print(text.replace("{}", f"{view.name} ({view.run_id[:8]})"))


def _plain(text: str) -> str:
    """The text with rich's markup made harmless."""
    from rich.markup import escape

    return escape(text)


def _print_json(data: object) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False, default=str))
