"""Commands that execute notebooks: one, or a pipeline of them."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from nbtrack.cli.app import Json
from nbtrack.cli.pairs import PairsCommand
from nbtrack.errors import UsageError

app = typer.Typer()
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
    grid: Annotated[list[str] | None, typer.Option("--grid", help="Notebook: NAME=VALUE, once for each value: it is run for every combination.")] = None,
    file: PipelineFile = None,
    profile: Profile = "",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Stages, or runs of a grid, at once.")] = 1,
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
        if grid:
            from nbtrack.cli import grid as grids

            if out is not None:
                raise UsageError("--out is for one run.", mend="Leave it out: each run of a grid keeps its executed notebook and report.")
            code = grids.run(Path(words[0]), given, typed, grid, jobs=jobs, kernel=kernel, name=name, timeout_s=timeout, as_json=as_json)
            raise typer.Exit(door.delivered(code) if deliver else code)
        code = door.run_one(Path(words[0]), given, typed, out=out, kernel=kernel, name=name, timeout_s=timeout, as_json=as_json)
        raise typer.Exit(door.delivered(code) if deliver else code)
    if help_notebook or grid or out is not None or kernel or name or timeout is not None:
        raise UsageError("That option is for one notebook.", mend="Write nbtrack run NOTEBOOK.ipynb, or say it in nbtrack.yaml.")
    if words and words[0].endswith((".yaml", ".yml")):
        file, words = Path(words[0]), words[1:]
    from nbtrack.pipelines.warm.early import begun_for

    may_begin = executor == "local" and not (words or dry_run or resume)
    with begun_for(file, is_forced=force) if may_begin else nullcontext() as begun:
        from nbtrack.cli import pipelines  # takes longer than all before

        wanted = pipelines.Wanted(file, tuple(words), given, typed, profile, downstream, force, start)
        if dry_run:
            pipelines.show_plan(wanted, as_json)
            return
        code = pipelines.run(wanted, jobs=jobs, keep_going=keep_going, resume=resume, executor=executor, as_json=as_json, begun=begun)
    raise typer.Exit(door.delivered(code) if deliver else code)


@app.command(cls=PairsCommand)
def export(
    scheduler: Annotated[str, typer.Argument(help="airflow, kfp, argo, prefect, github or gitlab")],
    param: Params = None,
    params_file: ParamsFile = None,
    file: PipelineFile = None,
    profile: Profile = "",
    out: Annotated[Path | None, typer.Option("--out", help="File to write; one that was made so before is written anew.")] = None,
    at: Annotated[str, typer.Option("--at", help="The pipeline file as a job sees it, such as /app/nbtrack.yaml.")] = "",
    image: Annotated[str, typer.Option("--image", help="Container image with the project, its packages and nbtrack.")] = "",
    env: Annotated[list[str] | None, typer.Option("--env", help="NAME=VALUE: a variable of every job, such as NBTRACK_CACHE=s3://bucket/cache.")] = None,
    schedule: Annotated[str, typer.Option("--schedule", help='When it runs, in UTC: weekly, "mon 03:00", or as in cron, such as "17 4 * * 1".')] = "",
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
