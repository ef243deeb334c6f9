"""What a tracker kept of a notebook, read back from its own store and laid out alike for every tracker."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbtrack.entities import Event, Kind, RunView
from nbtrack.journal import Home
from nbtrack.journal.blobs import get_bytes
from nbtrack.journal.fold import events_of
from nbtrack.reads import all_runs

_PICTURES = (".png", ".svg", ".jpg", ".jpeg", ".pdf")


@dataclass(frozen=True)
class Series:
    """A metric with as many points as it has."""

    name: str
    count: int
    last: float
    is_of_child: bool = False
    """It is of a child run, such as a candidate of a search."""


@dataclass(frozen=True)
class Model:
    """A kept model; what the tracker does not tell is empty."""

    class_name: str
    flavor: str


@dataclass(frozen=True)
class Data:
    """A kept dataset; what the tracker does not tell is None."""

    name: str
    source: str
    rows: int | None
    columns: int | None


@dataclass
class Found:
    """Everything kept of a notebook, over all its runs; the same thing kept in two of them counts once."""

    params: list[tuple[str, str]] = field(default_factory=list)
    child_params: list[tuple[str, str]] = field(default_factory=list)
    """Those of child runs, such as the candidates of a search."""
    series: list[Series] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    datasets: list[Data] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def of_home(home: Path) -> Found:
    """What nbtrack's journals hold."""
    found, journal = Found(), Home(home)
    for view in reversed(all_runs(journal)):
        for name, value in view.params.items():
            kept = found.child_params if view.start.parent else found.params
            _add(kept, *((name, text) for text in (value, *view.later_params.get(name, ()))))
        thinned = json.loads(view.tags.get("nbtrack.thinned", "{}"))
        counts = {name: thinned.get(name, {}).get("points", metric.count) for name, metric in view.metrics.items()}
        _add(found.series, *(Series(name, counts[name], metric.last, bool(view.start.parent)) for name, metric in view.metrics.items()))
        events = events_of(journal, view.run_id)
        found.models += models_of(events)
        found.figures += figures_of(journal, view)
        _add(found.datasets, *(_data(event.data["dataset"]) for event in events if event.kind == Kind.INPUT))
        found.tags |= view.tags
        found.notices += view.notices
    return found


def models_of(events: list[Event]) -> list[Model]:
    """Models of a run."""
    return [Model(event.data["class_name"], event.data["flavor"]) for event in events if event.kind == Kind.MODEL]


def figures_of(home: Home, view: RunView) -> list[str]:
    """Figures of a run, each once, however many forms it is kept in; tables and sounds are none."""
    index = next((artifact for artifact in view.artifacts if artifact.path == "figures/index.json"), None)
    rows = json.loads(get_bytes(home, index.blob)) if index is not None else []
    return [f"{view.run_id}/{order}" for order in sorted({row["order"] for row in rows if row["kind"] == "figure"})]


def of_mlflow(uri: str) -> Found:
    """What MLflow's autologging left in a sqlite store, child runs included."""
    from mlflow import MlflowClient
    from mlflow.entities import ViewType

    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments(view_type=ViewType.ALL)]
    runs = client.search_runs(experiments, max_results=1000)
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    found = Found()
    for run in parents:
        run_id = run.info.run_id
        _add(found.params, *run.data.params.items())
        for name, last in run.data.metrics.items():
            _add(found.series, Series(name, len(client.get_metric_history(run_id, name)), last))
        found.figures += [path for path in _artifacts(client, run_id, "") if path.endswith(_PICTURES) and not _is_autologs_own(path)]
        _add(found.datasets, *(_data(entry.to_dictionary()) for entry in run.inputs.dataset_inputs))
        found.tags |= run.data.tags
        for model in client.search_logged_models(experiments, filter_string=f"source_run_id = '{run_id}'"):
            found.models.append(Model("", _flavor(model.tags.get("mlflow.logModel.history", "")) or _flavor_of_files(client, model)))
    return found


def _is_autologs_own(path: str) -> bool:
    """Pictures that autologging draws itself, which the notebook never showed."""
    return Path(path).name.startswith(("training_", "feature_importance"))


def _artifacts(client: Any, run_id: str, path: str) -> list[str]:
    listed = client.list_artifacts(run_id, path or None)
    return [it.path for it in listed if not it.is_dir] + [deeper for it in listed if it.is_dir for deeper in _artifacts(client, run_id, it.path)]


def _flavor(history: str) -> str:
    flavors = [name for entry in json.loads(history or "[]") for name in entry.get("flavors", {}) if name != "python_function"]
    return flavors[0] if flavors else ""


def _flavor_of_files(client: Any, model: Any) -> str:
    from mlflow.models import Model as Saved

    try:
        saved = Saved.load(model.artifact_location)
    except Exception:  # noqa: BLE001 - a model without readable files is counted as one of unknown kind
        return ""
    return next((name for name in saved.flavors if name != "python_function"), "")


def _data(entry: Any) -> Data:
    entry = json.loads(entry) if isinstance(entry, str) else entry
    dataset = entry.get("dataset", entry)
    profile = dataset.get("profile") or {}
    profile = json.loads(profile) if isinstance(profile, str) else profile
    shape = profile.get("features_shape") or ()
    shape = shape if isinstance(shape, (list, tuple)) else ()
    rows = profile.get("rows", profile.get("num_rows", shape[0] if shape else None))
    return Data(dataset.get("name", ""), str(dataset.get("source", "")), rows, profile.get("columns", shape[1] if len(shape) > 1 else None))


def _add(kept: list[Any], *more: Any) -> None:
    kept += [it for it in dict.fromkeys(more) if it not in kept]
