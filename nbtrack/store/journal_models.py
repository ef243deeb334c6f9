"""The plugin's store, models: they need the real store's ids, and are kept back for delivery where it does not answer."""

from __future__ import annotations

from typing import Any

from mlflow.entities import LoggedModel, LoggedModelOutput

from nbtrack.store.journal_base import JournalBase
from nbtrack.store.journal_faults import is_away, mlflow_errors


class Models(JournalBase):
    """Logged models."""

    def create_logged_model(
        self, experiment_id: str, name: str | None = None, source_run_id: str | None = None, tags: Any = None, params: Any = None, model_type: str | None = None
    ) -> LoggedModel:
        """A model belongs to its run's experiment, even where MLflow's active one is another; in a tracked cell, to the cell's run."""
        cell = self.runs.cell()
        is_of_cell = cell is not None and source_run_id is None
        if cell is not None and is_of_cell:
            source_run_id = cell.run_id
        run_id = self.runs.our_id(source_run_id or "")
        if cell is not None and run_id == cell.run_id:
            cell.has_users_model = True
        is_ours = self.runs.has(run_id)
        try:
            if is_ours:
                self.real()
                with mlflow_errors():
                    self.runs.real_id(run_id)
                experiment_id = self.runs.cursor(run_id).experiment_id or experiment_id
            made: LoggedModel = self.ask("create_logged_model", (), {
                "experiment_id": experiment_id, "name": name, "source_run_id": source_run_id, "tags": tags, "params": params, "model_type": model_type,
            })  # fmt: skip
        except Exception as error:
            if not is_ours or not is_away(error):
                raise
            return self._kept.keep(run_id, experiment_id, name, tags, params, model_type)
        if is_of_cell:
            self.log_outputs(run_id, [LoggedModelOutput(made.model_id, step=0)])
        return made

    def get_logged_model(self, model_id: str, allow_deleted: bool = False) -> LoggedModel:
        self._links.wait()
        found: LoggedModel = self.ask("get_logged_model", (model_id,), {"allow_deleted": True} if allow_deleted else {})
        return found

    def search_logged_models(self, *args: Any, **kwargs: Any) -> Any:
        self._links.wait()
        return self.ask("search_logged_models", args, kwargs)

    def log_outputs(self, run_id: str, models: list[Any]) -> None:
        asked = [model for model in models if not self._kept.has(model.model_id)]
        if asked:
            self.ask("log_outputs", (), {"run_id": run_id, "models": asked})
        self._outputs.setdefault(self.runs.our_id(run_id), []).extend(models)
