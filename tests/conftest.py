"""What all tests stand on: a state directory of their own, a migrated store to copy, and nothing left running."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace

import hypothesis
import pytest

from nbtrack import courier
from nbtrack.entities import Kind, RunStart, State
from nbtrack.journal import Home, RunWriter, new_id
from nbtrack.journal.owner import Owner
from nbtrack.settings import Settings

_MIGRATE = "import sys, mlflow; mlflow.MlflowClient(sys.argv[1]).search_experiments()"
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "NBTRACK_POLL_S": "0.1", "NBTRACK_RETRY_S": "0.5", "NBTRACK_IDLE_S": "60"}
_QUIET["NBTRACK_SYSTEM_S"] = "0"  # or the metrics of a run would depend on how fast the machine is

# How long an example takes says how busy the machine is
hypothesis.settings.register_profile("nbtrack", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("nbtrack")


def pytest_configure(config):
    """Warnings are errors, but for those MLflow cannot help giving."""
    config.addinivalue_line("filterwarnings", "ignore:The ``noload`` loader strategy is deprecated:DeprecationWarning")  # MLflow 3.17 with SQLAlchemy 2.1
    # Threads that an earlier test left to MLflow (a retry, its waiting) draw from the global state meanwhile; no strategy of ours does.
    config.addinivalue_line("filterwarnings", "ignore:Do not use the `random` module inside strategies")
    # JAX says so at every fork once a test has imported it; the tests that fork are about others
    config.addinivalue_line("filterwarnings", r"ignore:os\.fork\(\) was called:RuntimeWarning")


def pytest_collection_modifyitems(items):
    """`-m "not database"` leaves out what asks for one."""
    for item in items:
        if {"postgres", "mariadb", "database"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")


@pytest.fixture(autouse=True)
def fresh_environment(tmp_path, monkeypatch):
    """No setting, login or journal of whoever runs the tests."""
    for name in os.environ:
        if name.startswith(("MLFLOW_", "NBTRACK_")):
            monkeypatch.delenv(name)
    for name, value in _QUIET.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NBTRACK_HOME", str(tmp_path / "home"))


@pytest.fixture
def settings():
    return Settings(poll_s=0.1, retry_s=0.5, idle_s=60)


@pytest.fixture
def home(tmp_path):
    """A state directory; delivery processes that were started in it are stopped."""
    home = Home(tmp_path / "home")
    yield home
    for store in courier.known_stores(home):
        assert courier.stop(home, store), f"the delivery process of {store} does not stop"


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory):
    """An empty sqlite store with MLflow's tables; making one takes 5 s, copying it nothing."""
    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", _MIGRATE, f"sqlite:///{path}"], check=True, env=env, cwd=path.parent, capture_output=True)
    return path


@pytest.fixture(scope="session")
def new_store(migrated_database):
    """Makes a sqlite store in a folder of its own: `new_store(folder)` gives its URI."""

    def new_store(folder):
        import sqlite3

        folder.mkdir()
        shutil.copyfile(migrated_database, folder / "mlflow.db")
        with sqlite3.connect(folder / "mlflow.db") as database:  # the template's default experiment points to the template's folder
            database.execute("update experiments set artifact_location = ?", (str(folder / "mlruns" / "0"),))
        database.close()
        return f"sqlite:///{folder / 'mlflow.db'}"

    return new_store


@pytest.fixture
def store(tmp_path, new_store):
    """URI of a sqlite store of this test's own."""
    return new_store(tmp_path / "store")


@pytest.fixture
def owner(home):
    owner = Owner(home)
    yield owner
    owner.close()


@pytest.fixture
def begin(home, owner, store):
    """Begins a run's journal: `begin(name=..., tags=...)`."""
    writers = []

    def begin(**facts):
        start = RunStart(new_id(), "busy-test", "Trials", courier.mask_uri(store), owner.name, time.time_ns())
        writers.append(RunWriter.create(home, replace(start, **facts)))
        return writers[-1]

    yield begin
    for writer in writers:
        writer.close()


@pytest.fixture
def finish():
    """Ends a run as the kernel would."""

    def finish(writer, state=State.FINISHED, **facts):
        writer.event(Kind.END, state=state, **facts)

    return finish


@pytest.fixture
def mlflow_of():
    """MLflow's own client for a URI, to see what arrived."""

    def mlflow_of(uri):
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=uri, registry_uri=uri)

    return mlflow_of


@pytest.fixture
def runs_of(mlflow_of):
    """All MLflow runs that carry a journal run's id, the trash included: more than one is a duplicate."""

    def runs_of(uri, run_id):
        from mlflow.entities import ViewType

        client = mlflow_of(uri)
        experiments = [experiment.experiment_id for experiment in client.search_experiments(view_type=ViewType.ALL)]
        return list(client.search_runs(experiments, f"tags.`nbtrack.run_id` = '{run_id}'", ViewType.ALL))

    return runs_of


@pytest.fixture
def history_of(mlflow_of):
    """Steps and values of a metric in MLflow, in the order of steps."""

    def history_of(uri, mlflow_run_id, metric):
        return sorted((point.step, point.value) for point in mlflow_of(uri).get_metric_history(mlflow_run_id, metric))

    return history_of


@pytest.fixture
def free_port():
    """A port of the loopback nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def until():
    """Waits until something holds; tests wait this long only when they fail."""

    def until(holds, wait_s=60.0):
        deadline = time.monotonic() + wait_s
        while not (found := holds()):
            assert time.monotonic() < deadline, "it did not come to hold in time"
            time.sleep(0.05)
        return found

    return until
