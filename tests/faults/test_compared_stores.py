"""A comparison that is on the screen while the server of its store goes away and comes back."""

from __future__ import annotations

import ast
import re
import time

import pytest

from nbtrack import settings
from nbtrack.reads.fresh import refresh
from tests.kernel.conftest import Kernel

WAIT_S = 120
SHOW = "import nbtrack, json; view = nbtrack.compare(); view"
LOOK = """
view._hear(view, {"ask": "refresh"}, [])  # what its page sends every few seconds
sent = json.loads(view._runs)
names = next(it["values"] for it in sent["columns"] if it["key"] == "info/name")
(sorted(names), sent["stale"], sent["as_of_ms"])
"""


@pytest.fixture
def notebook(home, tmp_path, server):
    """A kernel with nbtrack loaded, whose runs go to the server."""
    (tmp_path / "work").mkdir()
    kernel = Kernel(tmp_path / "work", {"NBTRACK_HOME": str(home.root), "MLFLOW_TRACKING_URI": server.uri})
    assert kernel.run("%load_ext nbtrack").status == "ok"
    yield kernel
    kernel.stop()


def test_rows_stay_with_their_age_while_the_server_is_gone_and_are_fresh_when_it_is_back(notebook, home, server, mlflow_of, until, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)

    def made(name):
        client = mlflow_of(server.uri)
        run_id = client.create_run("0", run_name=name).info.run_id
        client.log_metric(run_id, "acc", 0.5)
        client.set_terminated(run_id)

    def look():
        refresh(home, settings.load(), wait_s=20)  # as a list of runs does elsewhere; by itself delivery rests many times as long as its last look took
        reply = notebook.run(LOOK)
        assert reply.status == "ok", reply.traceback
        return ast.literal_eval(reply.result)

    made("theirs")
    assert notebook.run("%%track mine\nacc = sum([0.25])").status == "ok"
    assert notebook.run(SHOW, cell_id="shown").status == "ok"
    until(lambda: look()[:2] == (["mine", "theirs"], ""), WAIT_S)
    gone_ms = time.time_ns() // 1_000_000
    server.kill()
    names, stale, as_of_ms = until(lambda: (found := look())[1] and found, WAIT_S)
    assert names == ["mine", "theirs"]
    assert re.match(rf"{re.escape(server.uri)} could not be read since 20\d\d-\d\d-\d\d \d\d:\d\d: ", stale), stale
    assert 0 < as_of_ms <= gone_ms + 1_000
    # What is written down meanwhile says it too, and what is computed here goes on
    assert "could not be read since 20" in notebook.run("%track compare").shown[0]
    assert "0.25" in notebook.run("view.to_pandas()['metrics.acc'].tolist()").result
    server.start()
    made("later")
    names, _, again_ms = until(lambda: (found := look())[:2] == (["later", "mine", "theirs"], "") and found, WAIT_S)
    assert again_ms > as_of_ms
    assert "could not be read" not in notebook.run("%track compare").shown[0]
