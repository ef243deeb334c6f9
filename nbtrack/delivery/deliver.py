"""Delivering one run: what its journal holds beyond the cursor goes to MLflow, in order, and the cursor follows."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from nbtrack.courier.channel import Place
from nbtrack.delivery.backlog import Backlog
from nbtrack.delivery.mask import STAYS
from nbtrack.delivery.parcel import REFUSED_TAG, RENAMED_TAG, Parcel
from nbtrack.delivery.send import batches, send_each
from nbtrack.delivery.twins import Twins
from nbtrack.delivery.upload import upload, upload_model
from nbtrack.entities import Kind, RunStart, State
from nbtrack.errors import GoneError, RefusedError, SecretError, StoreError
from nbtrack.journal import RunWriter
from nbtrack.secrets.policy import MODE_TAG, STRICT
from nbtrack.store.client import RUN_TAG, FoundRun, MetricPoint, StoreClient
from nbtrack.store.names import LONGEST_TAG, fit_experiment, fit_text

_REFUSALS_KEPT = 100
_REFUSALS_A_METRIC = 20
_MORE_PASSES = 5
_MASKED_KEPT = 100
MASKED_TAG = "nbtrack.masked"
HELD_MEND = (
    "Run it again without them; or publish it masked: %track tag nbtrack.secrets=mask --run RUN; or let pass what is no secret: "
    "nbtrack sync --allow-secret VALUE, or nbtrack scan --update-baseline, then nbtrack sync."
)
T = TypeVar("T")


class Delivery:
    """Delivers runs to one store."""

    def __init__(self, client: StoreClient, mlflow_id_of: Callable[[str], str]) -> None:
        """
        Args:
            mlflow_id_of: the MLflow id of another run of this store, delivered first where it has none yet; empty if there is no such run.
        """
        self._client = client
        self._mlflow_id_of = mlflow_id_of

    def deliver(self, backlog: Backlog, budget_s: float = float("inf")) -> bool:
        """Deliver what is there; says whether points were left because the budget was spent.

        Raises:
            StoreUnreachableError, LoginError: what was delivered stays delivered; call again later.
            SecretError: the run holds secrets and must then not be published.
            FormatError: the journal was written by a later release.
        """
        deadline = time.monotonic() + budget_s
        for _ in range(_MORE_PASSES):
            backlog.read()
            if backlog.start is None:
                return False
            is_more = _Pass(self._client, backlog, self._mlflow_id_of).act(deadline)
            backlog.read()
            if is_more or not backlog.has_events:
                return is_more
        return False

    def ping(self) -> None:
        """Ask the store for something small."""
        self._client.ping()

    def ensure_run(self, backlog: Backlog) -> str:
        """The run's MLflow id; the run is created if it is not there."""
        backlog.read()
        if backlog.start is None or backlog.secrets_ahead():
            return ""
        return _Pass(self._client, backlog, self._mlflow_id_of).ensure_run(backlog.start)


class _Pass:
    """One go at one run."""

    def __init__(self, client: StoreClient, backlog: Backlog, mlflow_id_of: Callable[[str], str]) -> None:
        self._client, self._backlog, self._mlflow_id_of = client, backlog, mlflow_id_of
        self._is_checked = False
        self._trash_again = False

    def act(self, deadline: float) -> bool:
        backlog = self._backlog
        assert backlog.start is not None
        try:
            if found := backlog.secrets_ahead():
                raise self._held(found)
            if backlog.cursor.held:
                backlog.save(held="")
            run_id = self.ensure_run(backlog.start)
            return self._send(run_id, deadline)
        except GoneError as error:
            if backlog.was_recreated or backlog.start.mlflow_run_id:
                self._refused("the run", error)
                self._give_up()
            else:
                backlog.forget_delivery()
            return False
        finally:
            if self._trash_again:
                self._client.delete_run(backlog.cursor.mlflow_run_id)

    def _held(self, found: list[tuple[str, str]]) -> SecretError:
        """Why the run stays here. If it is in MLflow already, nothing more of it goes there but that it ended."""
        backlog = self._backlog
        why = f"{_listed(found)} ({MODE_TAG} is {STRICT})"
        if backlog.end is not None and backlog.cursor.mlflow_run_id:
            self._end(backlog.cursor.mlflow_run_id, *backlog.end)
        if backlog.cursor.held != why:
            self._notice(f"Kept in the journal, not sent to MLflow, as it holds secrets: {why}")
            backlog.save(held=why)
        assert backlog.start is not None
        return SecretError(f"Run {backlog.start.name} ({backlog.run_id[:8]}) holds secrets and is not published: {why}.", mend=HELD_MEND)

    def ensure_run(self, start: RunStart) -> str:
        """Find or create the run; the tag with our id makes sure that a creation without a cursor is found again."""
        backlog, client = self._backlog, self._client
        if backlog.cursor.mlflow_run_id:
            return backlog.cursor.mlflow_run_id
        first = Parcel()
        for name, value in start.tags.items():
            backlog.translator.tag(first, name, str(value))
        backlog.translator.tag(first, RUN_TAG, start.run_id)
        backlog.translator.tag(first, "nbtrack.attempt", str(start.attempt))
        if start.goal:
            backlog.translator.tag(first, "nbtrack.goal", start.goal)
        if start.parent:
            parent = self._mlflow_id_of(start.parent)
            backlog.translator.tag(first, "mlflow.parentRunId" if parent else "nbtrack.parent", parent or start.parent)
        tags = {name: value for name, value in first.tags.items() if value is not None}
        if start.mlflow_run_id:
            found = client.get_run(start.mlflow_run_id)
            self._pairs(found.run_id, {}, tags)
        else:
            experiment = client.ensure_experiment(fit_experiment(backlog.mask.text(start.experiment, "the experiment's name")))
            found = client.find_run(start.run_id, experiment) or self._create(experiment, start, tags)
        if first.texts:
            upload(backlog.home, client, found.run_id, first, backlog.mask, self._refused)
        backlog.save(mlflow_run_id=found.run_id, experiment_id=found.experiment_id, artifact_uri=found.artifact_uri)
        return found.run_id

    def _create(self, experiment: str, start: RunStart, tags: dict[str, str]) -> FoundRun:
        name, start_ms = fit_text(self._backlog.mask.text(start.name, "the run's name"), 250), max(0, start.started_ns // 1_000_000)
        if name:
            tags["mlflow.runName"] = name
        try:
            return self._client.create_run(experiment, name=name, start_ms=start_ms, tags=tags)
        except GoneError:
            raise
        except RefusedError:  # one of the tags, most likely: create it bare and bring the tags one by one
            found = self._client.create_run(experiment, name=name, start_ms=start_ms, tags={RUN_TAG: start.run_id})
            self._pairs(found.run_id, {}, tags)
            return found

    def _send(self, run_id: str, deadline: float) -> bool:
        backlog = self._backlog
        parcel = backlog.parcel(up_to_end=True)
        waiting = self._parcel(run_id, parcel) if parcel is not None and not parcel.is_closing else None
        for segment, slot, holes, points in backlog.points():
            if points:
                self._points(run_id, points)
            backlog.points_delivered(segment, slot, holes)
            if time.monotonic() > deadline:
                return True
        if backlog.has_holes and backlog.is_ended:
            self._report(run_id)
            return False
        if waiting is None and (parcel := backlog.parcel(up_to_end=False)) is not None:
            waiting = self._parcel(run_id, parcel)
        elif backlog.end is not None and not backlog.cursor.is_done:
            self._end(run_id, *backlog.end)
        if waiting is not None:
            raise waiting
        self._report(run_id)
        if backlog.is_ended != backlog.cursor.is_done and not backlog.has_events:
            backlog.save(is_done=backlog.is_ended)
        return False

    def _parcel(self, run_id: str, parcel: Parcel) -> StoreError | None:
        """Send what a stretch of events came to. Returns why artifacts must wait, if they must: all else goes on, as a run always ends."""
        client = self._client
        if parcel.trash is False:
            with contextlib.suppress(RefusedError):  # it may not lie in the trash
                client.restore_run(run_id)
        self._pairs(run_id, parcel.params, {name: value for name, value in parcel.tags.items() if value is not None})
        for name in (name for name, value in parcel.tags.items() if value is None):
            self._one(f"tag {name!r}", lambda name=name: client.delete_tag(run_id, name))  # type: ignore[misc]
        for dataset in parcel.inputs:
            self._one("a dataset input", lambda dataset=dataset: client.log_input(run_id, dataset))  # type: ignore[misc]
        waiting: StoreError | None = None
        try:
            upload(self._backlog.home, client, run_id, parcel, self._backlog.mask, self._refused, self._twins())
            for model in parcel.models:
                upload_model(self._backlog.home, client, run_id, self._backlog.cursor.experiment_id, model, self._backlog.mask, self._refused)
        except StoreError as error:
            waiting = error
        if parcel.state is State.RUNNING:
            self._one("its being resumed", lambda: client.set_running(run_id))
        elif parcel.state is not None:
            self._end(run_id, parcel.state, parcel.ended_ns)
        if waiting is not None:
            return waiting
        if parcel.trash:
            client.delete_run(run_id)
        if parcel.trash is not None:
            self._trash_again = False
        self._tell_masked(run_id)
        self._backlog.parcel_delivered()
        return None

    def _twins(self) -> Twins | None:
        backlog = self._backlog
        return None if backlog.start is None else Twins(Place.of(backlog.home, backlog.start.store), backlog.cursor.artifact_uri)

    def _end(self, run_id: str, state: State, ended_ns: int) -> None:
        self._one("its end", lambda: self._client.set_terminated(run_id, str(state), max(0, ended_ns // 1_000_000)))

    def _pairs(self, run_id: str, params: dict[str, str], tags: dict[str, str]) -> None:
        for batch in batches(list(params.items())):
            self._together(batch, lambda part: self._client.log_batch(run_id, params=part), lambda pair: f"param {pair[0]!r}")
        for batch in batches(list(tags.items())):
            self._together(batch, lambda part: self._client.log_batch(run_id, tags=part), lambda pair: f"tag {pair[0]!r}")

    def _points(self, run_id: str, points: Sequence[MetricPoint]) -> None:
        tired = {name for name, count in self._backlog.refused_points.items() if count >= _REFUSALS_A_METRIC}
        if tired:
            points = [point for point in points if point[0] not in tired]
        try:
            self._client.log_batch(run_id, points)
        except RefusedError:

            def name_of(point: MetricPoint) -> str:
                self._backlog.refused_points[point[0]] = self._backlog.refused_points.get(point[0], 0) + 1
                return f"metric {point[0]!r}"

            self._together(points, lambda part: self._client.log_batch(run_id, part), name_of)

    def _together(self, items: Sequence[T], send: Callable[[Sequence[T]], None], name_of: Callable[[T], str]) -> None:
        """Send items; before anything counts as refused, see that the run itself is there and not in the trash."""

        def checked(part: Sequence[T]) -> None:
            try:
                send(part)
            except RefusedError:
                if not self._check():
                    raise
                send(part)

        send_each(items, checked, lambda item, error: self._refused(name_of(item), error))

    def _one(self, what: str, act: Callable[[], None]) -> None:
        self._together([what], lambda _: act(), lambda _: what)

    def _check(self) -> bool:
        """Whether the run lay in the trash and was taken out.

        Raises:
            GoneError: it is not there at all.
        """
        if self._is_checked:
            return False
        self._is_checked = True
        run_id = self._backlog.cursor.mlflow_run_id
        if not run_id or not self._client.get_run(run_id).is_trashed:
            return False
        self._client.restore_run(run_id)
        self._trash_again = True
        return True

    def _refused(self, what: str, error: RefusedError) -> None:
        self._backlog.refusals.append(f"{what}: {error.message}")

    def _report(self, run_id: str) -> None:
        """Say once what was renamed and what was refused: a tag in MLflow, a notice in the journal."""
        backlog = self._backlog
        self._tell_masked(run_id)
        renamed = backlog.translator.names.renamed
        new = {source: target for source, target in renamed.items() if source not in backlog.cursor.names}
        told = {text.partition(": ")[0] for text in backlog.cursor.refusals}
        refusals = list({text.partition(": ")[0]: text for text in backlog.refusals if text.partition(": ")[0] not in told}.values())
        refusals = refusals[: max(0, _REFUSALS_KEPT - len(told))]
        tags, notices = {}, []
        if new:
            tags[RENAMED_TAG] = _fitting_json(renamed)
            shown = "; ".join(f"{source!r} {target!r}" for source, target in list(new.items())[:20])
            alike = ", and this store takes those for one that differ in case or accents alone" if backlog.ignores_case else ""
            notices.append(f"MLflow takes names of letters, digits, spaces and /_-.: only{alike}, so it calls {shown}.")
        if refusals:
            tags[REFUSED_TAG] = fit_text("\n".join([*backlog.cursor.refusals, *refusals]), LONGEST_TAG)
            notices += [f"Not in MLflow, but kept in the journal: {text}" for text in refusals]
        if not notices:
            return
        if tags:
            with contextlib.suppress(RefusedError):
                self._client.log_batch(run_id, tags=list(tags.items()))
        for text in notices:
            self._notice(text)
        backlog.refusals.clear()
        backlog.save(names=dict(renamed), refusals=(*backlog.cursor.refusals, *refusals))

    def _tell_masked(self, run_id: str) -> None:
        """Say of every secret once, by kind and place, that it was struck out: a tag in MLflow, a notice in the journal."""
        backlog = self._backlog
        told = backlog.cursor.masked
        new = [it for it in backlog.mask.found if it not in told][: max(0, _MASKED_KEPT - len(told))]
        if problem := backlog.mask.take_problem():
            self._notice(problem)
        if not new:
            return
        with contextlib.suppress(RefusedError):
            self._client.log_batch(run_id, tags=[(MASKED_TAG, _fitting_list([*told, *new]))])
        staying = [(kind, place.removesuffix(STAYS)) for kind, place in new if place.endswith(STAYS)]
        if struck := [it for it in new if not it[1].endswith(STAYS)]:
            self._notice(f"Struck out on the way to MLflow: {_listed(struck)}")
        if staying:
            self._notice(f"Sent to MLflow with secrets in it, as such a file would not load after a change: {_listed(staying)}")
        backlog.save(masked=(*told, *new))

    def _notice(self, text: str) -> None:
        writer = RunWriter(self._backlog.home, self._backlog.run_id)
        try:
            writer.event(Kind.NOTICE, text=text)
        finally:
            writer.close()

    def _give_up(self) -> None:
        """The store will never take this run: keep it in the journal, and stop trying."""
        backlog = self._backlog
        backlog.parcel(up_to_end=False)
        if backlog.has_events:
            backlog.parcel_delivered()
        backlog.save(is_done=True, refusals=(*backlog.cursor.refusals, *backlog.refusals))


def _fitting_json(names: dict[str, str]) -> str:
    """The names as JSON, as many as a tag holds."""
    names = dict(names)
    while len(text := json.dumps(names)) > LONGEST_TAG:
        for name in list(names)[: max(1, len(names) // 10)]:
            del names[name]
    return text


def _fitting_list(found: list[tuple[str, str]]) -> str:
    """Kinds and places as JSON, as many as a tag holds."""
    while len(text := json.dumps([{"kind": kind, "place": place} for kind, place in found])) > LONGEST_TAG:
        found = found[: len(found) * 9 // 10]
    return text


def _listed(found: list[tuple[str, str]]) -> str:
    """Kinds and places in words, the first ten."""
    shown = "; ".join(f"{kind} in {place}" for kind, place in found[:10])
    return shown + (f"; and {len(found) - 10} more" if len(found) > 10 else "")
