"""What the routes about pipelines answer, and whom."""

from __future__ import annotations

import json
import sys

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import HTTPClientError

from nbtrack.entities import Kind
from nbtrack.pipelines.history import History, Phase
from nbtrack.server.pipeline_routes import READS, WRITES

YAML = """\
name: demo
stages:
  first: {notebook: first.ipynb, outputs: {count: {value: int}}}
  second:
    notebook: first.ipynb
    matrix: {size: [1, 2]}
    needs: [first]
    gates: {good: {kind: metric, metric: acc, threshold: 0.5}}
profiles:
  quick: {params: {}}
"""
ROUTES = [f"pipelines/{name}" for name in (*READS, *WRITES)]


@pytest.fixture
def file(jp_root_dir):
    """A pipeline in the server's root."""
    cells = [{"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": [], "execution_count": None}]
    (jp_root_dir / "work").mkdir()
    (jp_root_dir / "work" / "first.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    file = jp_root_dir / "work" / "nbtrack.yaml"
    file.write_text(YAML)
    return file


@pytest.fixture
def ran(file, begin):
    """A run of the pipeline as it writes itself down while it goes on."""
    run = begin(name="demo")
    history = History(file.parent / ".nbtrack", run.run_id)
    history.begin(file, "demo", ["first", "second[size=1]", "second[size=2]"], {})
    child = begin(name="first", parent=run.run_id)
    history.stage("first", Phase.RUNNING, attempt=1)
    history.stage("first", Phase.RUNNING, run_id=child.run_id, attempt=1)
    history.cell("first", 2, 7)
    history.text_file("first").write_text("--- cell 2 of 7 ---\nhellö\n", encoding="utf-8")
    yield run, history, child
    history.close()


async def test_the_graph_is_told_with_its_drawing(post, file):
    found = await post("pipelines/graph", {"path": "work/nbtrack.yaml"})
    assert [(it["id"], it["needs"], it["gates"], it["notebook"]) for it in found["nodes"]] == [
        ("first", [], [], "work/first.ipynb"),
        ("second[size=1]", ["first"], ["good"], "work/first.ipynb"),
        ("second[size=2]", ["first"], ["good"], "work/first.ipynb"),
    ]
    assert {(it["source"], it["target"]) for it in found["arrows"]} == {("first", "second[size=1]"), ("first", "second[size=2]")}
    assert found["profiles"] == ["quick"] and found["problems"] == []
    assert all(it["x"] + it["width"] < found["width"] and it["y"] + found["box_height"] < found["height"] for it in found["nodes"])


async def test_a_text_that_is_not_saved_is_checked_with_lines_and_columns(post, file):
    text = YAML.replace("needs: [first]", "needs: [fist]")
    [found] = await post("pipelines/check", {"path": "work/nbtrack.yaml", "text": text})
    assert (found["line"], "first" in found["text"]) == (7, True)
    assert text.splitlines()[6][found["column"] - 1 : found["until"] - 1] == "fist"
    assert await post("pipelines/check", {"path": "work/nbtrack.yaml", "text": YAML}) == []
    drawn = await post("pipelines/draft", {"path": "work/nbtrack.yaml", "text": text})
    assert drawn["nodes"] == [] and drawn["problems"] == [found]
    [found] = await post("pipelines/check", {"path": "work/nbtrack.yaml", "text": "stages: [\n"})
    assert "YAML" in found["text"]
    assert file.read_text() == YAML


async def test_the_plan_says_what_would_run_and_why(post, file):
    steps = await post("pipelines/plan", {"path": "work/nbtrack.yaml"})
    assert [(it["id"], it["action"]) for it in steps] == [("first", "run"), ("second[size=1]", "perhaps"), ("second[size=2]", "perhaps")]
    assert all(it["reasons"] for it in steps)


async def test_a_run_is_told_while_it_goes_on_and_when_it_ended(post, ran):
    run, history, child = ran
    found = await post("pipelines/status", {"path": "work/nbtrack.yaml"})
    assert (found["run"], found["state"]) == (run.run_id, "running")
    first = found["nodes"][0]
    assert (first["id"], first["phase"], first["run"], first["cell"], first["cells"]) == ("first", "running", child.run_id, 2, 7)
    assert found["nodes"][1]["phase"] == "waiting"
    run.event(Kind.END, state="FAILED", reason="", traceback="")
    history.stage("first", Phase.FAILED, reason="ValueError: no")
    history.end("FAILED")
    found = await post("pipelines/status", {"path": "work/nbtrack.yaml", "run": run.run_id[:8]})
    assert (found["state"], found["nodes"][0]["reason"]) == ("failed", "ValueError: no")
    assert [(it["run"], it["state"]) for it in await post("pipelines/past", {"path": "work/nbtrack.yaml"})] == [(run.run_id, "failed")]


async def test_output_is_read_on_from_where_it_was_left(post, ran):
    _, history, _ = ran
    asked = {"path": "work/nbtrack.yaml", "node": "first"}
    found = await post("pipelines/log", asked)
    assert found["text"] == "--- cell 2 of 7 ---\nhellö\n"
    with history.text_file("first").open("ab") as stream:
        stream.write("ö".encode()[:1])
    assert await post("pipelines/log", asked | {"start": found["end"]}) == {"text": "", "start": found["end"], "end": found["end"]}
    with history.text_file("first").open("ab") as stream:
        stream.write("ö!".encode()[1:])
    assert (await post("pipelines/log", asked | {"start": found["end"]}))["text"] == "ö!"


async def test_long_output_is_cut_at_its_beginning(post, ran):
    _, history, _ = ran
    history.text_file("first").write_text("x" * 300_000)
    found = await post("pipelines/log", {"path": "work/nbtrack.yaml", "node": "first"})
    assert (len(found["text"]), found["start"], found["end"]) == (256_000, 44_000, 300_000)


async def test_verdicts_of_a_cached_stage_are_those_of_the_run_it_comes_from(post, home, begin):
    from nbtrack.capture.current import attach
    from nbtrack.entities.verdict import Verdict
    from nbtrack.gates.check import Verdicts, record

    run = begin(name="second")
    record(home, Verdicts(run.run_id, "second", "nbtrack.yaml", (Verdict("good", "metric", False, 0.25, ">= 0.5", "too low", "train longer"),)))
    hit = begin(name="second", tags={"nbtrack.cached_from": run.run_id})
    assert attach(home, hit.run_id) is not None
    for asked in (run, hit):
        [found] = (await post("pipelines/result", {"path": "nbtrack.yaml", "run": asked.run_id}))["verdicts"]
        assert (found["gate"], found["standing"], found["measured"], found["mend"]) == ("good", "failed", "0.25", "train longer")


async def test_the_nearest_file_within_the_root_is_found(post, file, jp_root_dir):
    assert await post("pipelines/find", {"path": "work/first.ipynb"}) == {"path": "work/nbtrack.yaml"}
    (jp_root_dir.parent / "nbtrack.yaml").write_text(YAML)
    (jp_root_dir / "other").mkdir()
    with pytest.raises(HTTPClientError) as refused:
        await post("pipelines/find", {"path": "other"})
    assert refused.value.code == 422
    assert "docs/pipelines.md" in json.loads(refused.value.response.body)["mend"]


async def test_the_schema_is_the_published_one(jp_fetch):
    from nbtrack.pipelines.schema import schema

    assert json.loads((await jp_fetch("nbtrack", "api", "pipelines", "schema")).body) == schema()


@pytest.mark.parametrize("name", ROUTES)
@pytest.mark.parametrize("path", ["../../etc/nbtrack.yaml", "a\0.yaml", None, "/../x.yaml"])
async def test_paths_stay_within_the_root(post, name, path):
    with pytest.raises(HTTPClientError) as refused:
        await post(name, {"path": path})
    assert refused.value.code == 400


@pytest.mark.parametrize(
    "body", [{"run": "../../x"}, {"run": "nosuch"}, {"node": "../first"}, {"node": 3, "run": []}, {"start": "x", "node": "no"}], ids=lambda body: "-".join(body)
)
async def test_what_is_not_there_is_refused_with_words(post, ran, body):
    with pytest.raises(HTTPClientError) as refused:
        await post("pipelines/log", {"path": "work/nbtrack.yaml", **body})
    assert refused.value.code == 422
    assert json.loads(refused.value.response.body)["mend"]


@pytest.mark.parametrize("name", [*ROUTES, "pipelines/schema"])
async def test_nobody_gets_through_without_the_token_or_from_another_site(jp_fetch, http_server_client, jp_base_url, name):
    is_get = name.endswith("schema")
    method, body = ("GET", None) if is_get else ("POST", "{}")
    with pytest.raises(HTTPClientError) as refused:
        await http_server_client.fetch(jp_base_url + f"nbtrack/api/{name}", method=method, body=body, follow_redirects=False)
    assert refused.value.code in (302, 403)
    if not is_get:
        with pytest.raises(HTTPClientError) as refused:
            await jp_fetch("nbtrack", "api", name, method="POST", body="{}", headers={"Authorization": "", "Origin": "http://elsewhere.test"})
        assert refused.value.code == 404


class Reader(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "nbtrack" or action == "read"


class TestReader:
    @pytest.fixture
    def jp_server_config(self, home):
        return {"ServerApp": {"jpserver_extensions": {"nbtrack.server": True}, "authorizer_class": Reader}}

    async def test_who_may_only_read_checks_no_text_of_his_own(self, post, file):
        assert (await post("pipelines/graph", {"path": "work/nbtrack.yaml"}))["nodes"]
        for name in WRITES:
            with pytest.raises(HTTPClientError) as refused:
                await post(f"pipelines/{name}", {"path": "work/nbtrack.yaml", "text": YAML})
            assert refused.value.code == 403


def test_loading_the_extension_imports_no_pipeline_machinery():
    """Jupyter loads it at its start, whether or not somebody has a pipeline."""
    import subprocess

    script = "import sys, nbtrack.server.pipeline_routes; print('papermill' in sys.modules, 'nbclient' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    "body",
    [
        {"path": "work/first.ipynb"}, {"path": "../nbtrack.yaml"}, {"path": "work/gone.yaml"}, {"stages": ["--version"]}, {"stages": "first"}, {"start": "-p"},
        {"resume": "-x"}, {"profile": "--force"}, {"stages": ["a.ipynb"]}, {"stages": [["first"]]},
    ],
    ids=str,
)  # fmt: skip
async def test_nothing_but_names_gets_to_the_command_line(post, file, body):
    with pytest.raises(HTTPClientError) as refused:
        await post("jobs", {"kind": "pipeline", "path": "work/nbtrack.yaml", **body})
    assert refused.value.code == 422
    assert json.loads(refused.value.response.body)["mend"]


def test_a_run_is_one_command_line(home, file, jp_root_dir):
    from nbtrack.server.commands import command_of

    found = command_of(
        home, jp_root_dir, {"kind": "pipeline", "path": "work/nbtrack.yaml", "stages": ["first"], "profile": "quick", "start": "first", "jobs": 3}
    )
    assert (found.subject, found.cwd) == ("work/nbtrack.yaml", file.parent)
    assert found.words == ["run", "first", "--file", "nbtrack.yaml", "--profile", "quick", "--from", "first", "--jobs=3", "--json"]
