"""Commands about runs: look at them, change, deliver and repeat them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from nbtrack import settings
from nbtrack.amounts import counted
from nbtrack.cli.app import Json, changed, print_json, state_home
from nbtrack.errors import StoreError, UsageError
from nbtrack.exits import Exit
from nbtrack.magics.listed import listed
from nbtrack.magics.table import names_in, terminal_width
from nbtrack.reads import act, find, words

app = typer.Typer()


@app.command()
def runs(
    filter: Annotated[list[str] | None, typer.Argument(help="Terms such as lr<0.1 'acc>=.9' state:FAILED")] = None,
    trash: Annotated[bool, typer.Option("--trash", help="Include runs in the trash.")] = False,
    reread: Annotated[bool, typer.Option("--reread", help="Read all runs of the store again, not only what is new.")] = False,
    columns: Annotated[str, typer.Option("--columns", help="Params, metrics and tags to show, with commas between.")] = "",
    all_columns: Annotated[bool, typer.Option("--all-columns", help="Show all params and metrics, however long the lines become.")] = False,
    as_json: Json = False,
) -> None:
    """List runs of this machine and of the store, newest first."""
    table = listed(state_home(), " ".join(filter or []), names_in(columns), with_trash=trash, all_columns=all_columns, full=reread)
    if as_json:
        print_json([words.as_data(view) for view in table])
    else:
        print(table.text(terminal_width()))
    if note := " ".join(text for text in (table.nothing if as_json and filter and not table.views else "", table.note) if text):
        print(note, file=sys.stderr)


@app.command()
def show(run: Annotated[str, typer.Argument(help="Name, name#attempt, first letters of an id, or last")] = "last", as_json: Json = False) -> None:
    """Show one run in full."""
    from nbtrack.charts.run_page import RunPage

    home = state_home()
    view = act.look_for(home, run)
    if as_json:
        print_json(words.as_data(view))
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

    shown.compare(state_home(), runs or [], metric, group or [], baseline, as_markdown=as_markdown, as_csv=as_csv, html=html, png=png, as_json=as_json)


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="Run")],
    b: Annotated[str, typer.Argument(help="Run it is compared with")],
    as_json: Json = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="Print markdown, for a comment or a job's summary.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print an HTML page, which needs nothing else.")] = False,
) -> None:
    """Show what changed from one run to another."""
    from nbtrack.magics.diff_page import DiffPage
    from nbtrack.reads.diff import diff_runs

    home = state_home()
    page = DiffPage(diff_runs(home, act.look_for_made(home, a), act.look_for_made(home, b), Path.cwd()))
    if as_json:
        print_json(page.data())
    else:
        print(page.markdown() if as_markdown else page.page() if as_html else repr(page))


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

    door.data(state_home(), action, a, b, input or [], as_json=as_json, as_markdown=as_markdown)


@app.command()
def recipe(
    run: Annotated[str, typer.Argument(help="Run")] = "last",
    to: Annotated[str, typer.Option("--to", help="File or folder to write; never over a file that is there.")] = "",
    as_json: Json = False,
) -> None:
    """Write the shortest notebook that gives a run."""
    from nbtrack.replay.restore import notebook

    view = find(state_home(), run)
    path = notebook(state_home(), view, "recipe", to=to).path
    if as_json:
        print_json({"run_id": view.run_id, "path": str(path)})
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

    home = state_home()
    target = act.writing(home, act.look_for(home, run))
    for name, number in pairs:
        target.log(name, number, step)
    courier.wake(home, target.start.store)
    changed(find(home, target.run_id), f"logged {', '.join(name for name, _ in pairs)} to {{}}", as_json)


@app.command()
def tag(
    run: Annotated[str, typer.Argument(help="Run")], tags: Annotated[list[str], typer.Argument(help="KEY=VALUE...")], as_json: Json = False
) -> None:  # fmt: skip
    """Set tags of a run."""
    pairs = dict(text.partition("=")[::2] for text in tags)
    if wrong := [text for text in tags if not text.partition("=")[1] or text.startswith("=")]:
        raise UsageError(f"{wrong[0]!r} is not KEY=VALUE.", mend="Write nbtrack tag RUN owner=ana.")
    changed(act.tag(state_home(), run, pairs), "tagged {}", as_json)


@app.command()
def untag(run: Annotated[str, typer.Argument(help="Run")], keys: Annotated[list[str], typer.Argument(help="KEY...")], as_json: Json = False) -> None:
    """Take tags off a run."""
    changed(act.untag(state_home(), run, keys), f"took {', '.join(keys)} off {{}}", as_json)


@app.command()
def rename(run: Annotated[str, typer.Argument(help="Run")], name: Annotated[str, typer.Argument(help="Its new name")], as_json: Json = False) -> None:
    """Give a run another name."""
    changed(act.rename(state_home(), run, name), "it is called {} now", as_json)


@app.command()
def note(run: Annotated[str, typer.Argument(help="Run")], text: Annotated[str, typer.Argument(help="Text")], as_json: Json = False) -> None:
    """Add to a run's description."""
    changed(act.note(state_home(), run, text), "noted on {}", as_json)


@app.command()
def rm(run: Annotated[str, typer.Argument(help="Run")], as_json: Json = False) -> None:
    """Move a run to the trash."""
    changed(act.trash(state_home(), run), "{} is in the trash; nbtrack unrm takes it out", as_json)


@app.command()
def unrm(run: Annotated[str, typer.Argument(help="Run")], as_json: Json = False) -> None:
    """Take a run out of the trash."""
    changed(act.restore(state_home(), run), "{} is back", as_json)


@app.command()
def sync(
    wait: Annotated[bool, typer.Option("--wait", help="Try until everything is delivered.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until interrupted.")] = False,
    allow_secret: Annotated[list[str] | None, typer.Option("--allow-secret", help="What looks like a secret and is none, or a kind that may pass.")] = None,
    as_json: Json = False,
) -> None:
    """Deliver journals to MLflow in the foreground."""
    from contextlib import nullcontext

    from nbtrack.cli.delivering import told_meanwhile
    from nbtrack.delivery.sync import SyncReport, allow_secrets
    from nbtrack.delivery.sync import sync as deliver

    if allow_secret:
        allow_secrets(state_home(), allow_secret)
    told: list[str] = []

    def progress(report: SyncReport) -> None:
        texts = [f"{store}: {error}" for store, error in report.problems.items()]
        if texts != told and (wait or watch):
            told[:] = texts
            for text in texts:
                print(text, file=sys.stderr)

    with told_meanwhile(state_home()) if wait else nullcontext():
        report = deliver(state_home(), settings.load(), wait=wait, watch=watch, on_progress=progress)
    if as_json:
        print_json({"delivered": report.delivered, "waiting": report.waiting, "problems": {store: str(it) for store, it in report.problems.items()}})
    else:
        print(f"{counted(len(report.delivered), 'run')} delivered, {len(report.waiting)} waiting")
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
        print_json([{key: value for key, value in it.__dict__.items() if key != "digest"} for it in found])
    elif written is not None:
        print(f"{counted(len(found), 'secret')} of {counted(count, 'file')} {'is' if len(found) == 1 else 'are'} in {written}")
    else:
        for it in found:
            print(f"{it.file}: {it.place}: {it.kind}" + (f" (cell id {it.cell_id})" if it.cell_id else ""))
        mend = ". Take them out; what is none may pass with --allow-secret VALUE, or by --update-baseline" if found else ""
        print(f"{counted(len(found), 'secret')} in {counted(count, 'file')}{mend}", file=sys.stderr)
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
    replay.restore(state_home(), run, [*(name for name, is_on in flags.items() if is_on), *([str(cell)] if cell is not None else [])], to, as_json)


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

    raise typer.Exit(replay.reproduce(state_home(), run, env, tolerance or [], timeout, output, as_json))


@app.command()
def bundle(
    run: Annotated[str, typer.Argument(help="Run")],
    file: Annotated[Path, typer.Argument(help="Zip file to write; it must not exist")],
    data: Annotated[bool, typer.Option("--data", help="Put the files in that the run read.")] = False,
    as_json: Json = False,
) -> None:
    """Write a run as one file, without its secrets."""
    from nbtrack.cli import replay

    replay.bundle(state_home(), run, file, data, as_json)


@app.command("import")
def import_(file: Annotated[Path, typer.Argument(help="Zip file that nbtrack bundle wrote")], as_json: Json = False) -> None:
    """Take in a run from a bundle; a run that is here already is left alone."""
    from nbtrack.cli import replay

    replay.take_in(state_home(), file, as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Explain the state of journal, delivery and store, and how to mend what is broken."""
    from nbtrack.cli.doctor import examine

    findings = examine(state_home(), settings.load())
    if as_json:
        print_json([finding.__dict__ for finding in findings])
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.is_good else 'MEND'}  {finding.subject}: {finding.found}" + (f"\n      {finding.mend}" if finding.mend else ""))
    if not all(finding.is_good for finding in findings):
        raise typer.Exit(Exit.FAILED)
