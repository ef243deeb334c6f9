"""`make demo` and `make lab`: the quickstart in a folder of its own, `.demo/`, with MLflow's embedded default store there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NOTEBOOK = Path(__file__).resolve().with_name("quickstart.ipynb")
HOUSING = NOTEBOOK.with_name("housing")
WORK = NOTEBOOK.parents[1] / ".demo"
BIN = Path(sys.executable).parent


def main() -> int:
    """Do what the arguments ask; the exit code."""
    WORK.mkdir(exist_ok=True)
    os.chdir(WORK)  # MLflow's default store is sqlite:///mlflow.db in the working directory
    settle()
    if "--lab" in sys.argv:
        return open_lab([word for word in sys.argv[1:] if word != "--lab"])
    print(f"Executing {NOTEBOOK.name} in {WORK}", flush=True)
    execute()
    print("Waiting until everything is delivered", flush=True)
    nbtrack("sync", "--wait")
    show()
    print("\nWhat is different between the best two", flush=True)
    nbtrack("diff", *best_two())
    print("\nThe recipe of softmax, executed again in a clean kernel", flush=True)
    nbtrack("reproduce", "softmax")
    print(
        f"""
The executed notebook   {WORK / "quickstart.executed.ipynb"}
Open it yourself        make lab
MLflow's own UI         cd {WORK} && {BIN / "mlflow"} ui"""
    )
    return 0


def settle() -> None:
    """Whatever store or setting the environment names is left alone: the demo is about the defaults."""
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "NBTRACK_")):
            del os.environ[name]
    os.environ |= {
        "NBTRACK_HOME": str(WORK / "journal"),  # beside the store, so that removing .demo removes everything
        "NBTRACK_IDLE_S": "30",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of this environment, whatever kernels the user has
    }


def execute() -> None:
    """Run every cell; only the one whose tags say so may fail.

    Raises:
        CellExecutionError: another one failed.
    """
    import nbformat
    from nbclient import NotebookClient

    os.environ["NBTRACK_NOTEBOOK"] = str(NOTEBOOK)  # nbclient does not tell a kernel which notebook it executes
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    quiet = ["--IPKernelApp.log_level=40"]  # or every kernel on TCP begins with a warning
    NotebookClient(notebook, timeout=600, kernel_name="python3", extra_arguments=quiet, resources={"metadata": {"path": str(WORK)}}).execute()
    nbformat.write(notebook, WORK / "quickstart.executed.ipynb")


def nbtrack(*words: str) -> None:
    """The command, as a terminal has it.

    Raises:
        CalledProcessError: it ended with an exit code that is not 0.
    """
    subprocess.run([shutil.which("nbtrack", path=BIN) or "nbtrack", *words], check=True)


def best_two() -> list[str]:
    """Ids of the run with the highest accuracy and of the next one with other params, the best last; runs that only reproduce another do not count."""
    from nbtrack import runs

    views = [view for view in runs("accuracy>0").views if "nbtrack.reproduces" not in view.tags]
    best, *others = sorted(views, key=lambda view: view.metrics["accuracy"].last, reverse=True)
    return [next(view for view in others if view.params != best.params).run_id, best.run_id]  # the second time each is there twice


def show() -> None:
    """Print the runs as MLflow has them, the oldest first."""
    import mlflow
    from rich.console import Console
    from rich.table import Column, Table

    facts = [Column(name, no_wrap=True) for name in ("run", "state", "params")]  # where the window is narrow, metrics give way
    table = Table(*facts, Column("metrics", overflow="fold"), title="Runs in MLflow, sqlite:///mlflow.db", title_justify="left", show_lines=True)
    for run in mlflow.search_runs(search_all_experiments=True, order_by=["attributes.start_time"], output_format="list"):
        attempt = run.data.tags.get("nbtrack.attempt", "1")
        indent = "└ " if "mlflow.parentRunId" in run.data.tags else ""
        table.add_row(
            indent + (run.info.run_name if attempt == "1" else f"{run.info.run_name} #{attempt}"),
            run.info.status,
            "\n".join(f"{name} = {value}" for name, value in sorted(run.data.params.items())),
            "\n".join(f"{name} = {value:.4g}" for name, value in sorted(run.data.metrics.items()) if not name.startswith("system/")),
        )
    Console().print(table)


def open_lab(words: list[str]) -> int:
    """JupyterLab on copies of the notebook and of a pipeline, which stay as they are if they are there already."""
    copy = WORK / NOTEBOOK.name
    if not copy.exists():
        shutil.copyfile(NOTEBOOK, copy)
    if not (WORK / HOUSING.name).exists():
        shutil.copytree(
            HOUSING, WORK / HOUSING.name, ignore=shutil.ignore_patterns("build", ".nbtrack", "mlruns", "mlflow.db", "nbtrack-report", "__pycache__")
        )
    return subprocess.run([sys.executable, "-m", "jupyterlab", "--notebook-dir", WORK, copy, *words], check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
