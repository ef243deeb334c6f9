"""A journal's delivery to a real sqlite store."""

from __future__ import annotations

import pytest

from nbtrack.delivery.backlog import Backlog
from nbtrack.delivery.deliver import Delivery
from nbtrack.journal import cursor as cursors
from nbtrack.store.client import StoreClient


@pytest.fixture
def client(store):
    return StoreClient(store)


@pytest.fixture
def deliver(home, client):
    """Delivers a run as a process that has just started would; returns its cursor."""

    def deliver(writer, **facts):
        backlog = Backlog(home, writer.run_id, 6000)
        Delivery(client, lambda run_id: cursors.load(home, run_id).mlflow_run_id).deliver(backlog, **facts)
        return backlog.cursor

    return deliver


@pytest.fixture
def the_run(store, runs_of):
    """The one MLflow run of a writer."""

    def the_run(writer):
        [run] = runs_of(store, writer.run_id)
        return run

    return the_run
