"""Execute the quickstart in `.demo/`, deliver its runs to the embedded store there, and show them as MLflow has them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE.parent / ".demo"


def main() -> None:
    """Run the demo; repeating it adds runs."""
    WORK.mkdir(exist_ok=True)
    os.environ |= {"NBTRACK_HOME": str(WORK / "journal"), "MLFLOW_TRACKING_URI": f"sqlite:///{WORK / 'mlflow.db'}", "MLFLOW_DISABLE_TELEMETRY": "true"}
    os.environ |= {"NBTRACK_NOTEBOOK": str(HERE / "quickstart.ipynb"), "NBTRACK_IDLE_S": "30"}
    execute()
    subprocess.run([sys.executable, "-c", "from nbtrack.cli import main; main()", "sync", "--wait"], check=True)
    show()
    print(f"""
The executed notebook: {WORK / "quickstart.ipynb"}
Open it yourself:      make lab
MLflow's UI:           .venv/bin/mlflow ui --backend-store-uri sqlite:///{WORK / "mlflow.db"}
""")


def execute() -> None:
    """Run every cell; the one that fails on purpose says so in its tags."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(HERE / "quickstart.ipynb", as_version=4)
    print("Executing examples/quickstart.ipynb ...")
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(WORK)}}).execute()
    nbformat.write(notebook, WORK / "quickstart.ipynb")


def show() -> None:
    """Print the runs of MLflow's store."""
    import mlflow
    from rich.console import Console
    from rich.table import Table

    runs = mlflow.search_runs(experiment_names=["quickstart"], output_format="list")
    table = Table("run", "state", "params", "metrics", title="Runs in MLflow", expand=False)
    for run in runs:
        params = ", ".join(f"{name}={value}" for name, value in sorted(run.data.params.items()))
        metrics = ", ".join(f"{name} {value:.4g}" for name, value in sorted(run.data.metrics.items()))
        table.add_row(f"{run.info.run_name} #{run.data.tags.get('nbtrack.attempt', '1')}", run.info.status, params, metrics)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
