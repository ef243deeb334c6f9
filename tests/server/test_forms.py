"""The form for a notebook's parameters, as a page asks for it, and the jobs that it begins."""

from __future__ import annotations

import asyncio
import json

import pytest
from tornado.httpclient import HTTPClientError

from nbtrack.reads import all_runs
from nbtrack.server.commands import command_of

CELL = """lr: float = 1e-2  # learning rate
epochs = 2
name = "a"
mode: Literal["fast", "slow"] = "fast"
flag = True
layers = [1, 2]
size = (3, 4)
limit: int | None = None
where = compute()
"""
YAML = """\
name: demo
params: {rate: 0.5, rows: 10}
stages:
  prepare: {notebook: prepare.ipynb, params: {rows: "${params.rows}"}, outputs: {count: {value: int}}}
  train:
    notebook: train.ipynb
    params: {lr: "${params.rate}", epochs: "${prepare.outputs.count}", name: fixed}
"""


def document(source, *others):
    cells = [{"cell_type": "code", "source": source, "metadata": {"tags": ["parameters"]}, "outputs": [], "execution_count": None}]
    cells += [{"cell_type": "code", "source": it, "metadata": {}, "outputs": [], "execution_count": None} for it in others]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}


@pytest.fixture
def project(jp_root_dir):
    """A folder with a pipeline and its notebooks, in the server's root."""
    folder = jp_root_dir / "work"
    folder.mkdir()
    (folder / "train.ipynb").write_text(json.dumps(document(CELL)))
    (folder / "prepare.ipynb").write_text(json.dumps(document("rows = 1")))
    (folder / "nbtrack.yaml").write_text(YAML)
    return folder


async def test_a_form_asks_for_what_the_parameters_cell_declares(post, project):
    found = await post("pipelines/form", {"path": "work/train.ipynb"})
    fields = {it["name"]: it for it in found["parameters"]}
    assert list(fields) == ["lr", "epochs", "name", "mode", "flag", "layers", "size", "limit", "where"]
    assert (fields["lr"]["type"], fields["lr"]["value"], fields["lr"]["help"]) == ("float", "0.01", "learning rate")
    assert (fields["name"]["value"], fields["name"]["text"], fields["layers"]["value"], fields["size"]["value"]) == ("a", "'a'", "[1, 2]", "[3, 4]")
    assert (fields["mode"]["choices"], fields["flag"]["choices"], fields["limit"]["value"]) == (["fast", "slow"], ["True", "False"], "null")
    assert (fields["where"]["is_computed"], fields["where"]["text"], fields["where"]["value"]) == (True, "compute()", "")
    assert (found["has_cell"], found["problem"], found["path"]) == (True, "", "work/train.ipynb")


async def test_defaults_as_they_are_typed_are_read_as_the_same_again(post, project):
    fields = (await post("pipelines/form", {"path": "work/train.ipynb"}))["parameters"]
    values = {it["name"]: [it["value"]] for it in fields if not it["is_computed"]}
    assert await post("pipelines/values", {"path": "work/train.ipynb", "values": values}) == []


async def test_a_stage_is_asked_for_the_params_of_its_pipeline(post, project):
    [stage] = (await post("pipelines/form", {"path": "work/train.ipynb"}))["stages"]
    assert (stage["file"], stage["stage"], stage["pipeline"]) == ("work/nbtrack.yaml", "train", "demo")
    assert [(it["name"], it["type"], it["value"], it["help"]) for it in stage["params"]] == [
        ("rate", "float", "0.5", "for lr"), ("rows", "int", "10", "for other stages"),
    ]  # fmt: skip
    assert stage["fixed"] == [{"name": "epochs", "text": "${prepare.outputs.count}"}, {"name": "name", "text": "fixed"}]
    assert (await post("pipelines/form", {"path": "work/prepare.ipynb"}))["stages"][0]["stage"] == "prepare"


async def test_a_profile_of_the_pipeline_changes_what_a_stage_takes(post, project):
    (project / "nbtrack.yaml").write_text(YAML + "profiles: {night: {params: {rate: 0.9}}}\n")
    found = await post("pipelines/form", {"path": "work/train.ipynb"})
    assert (found["profiles"], found["stages"][0]["params"][0]["value"]) == (["night"], "0.5")
    found = await post("pipelines/form", {"path": "work/train.ipynb", "profile": "night"})
    assert (found["problem"], found["stages"][0]["params"][0]["value"]) == ("", "0.9")
    found = await post("pipelines/form", {"path": "work/train.ipynb", "profile": "nigth"})
    assert (found["stages"], found["profiles"]) == ([], ["night"]) and "no profile 'nigth'" in found["problem"]
    values = {"path": "work/nbtrack.yaml", "values": {"rate": ["quick"]}, "profile": "night"}
    assert len(await post("pipelines/values", values)) == 1


async def test_a_pipeline_that_cannot_be_used_is_told_beside_the_form(post, project):
    (project / "nbtrack.yaml").write_text(YAML.replace("stages:", "stage:"))
    found = await post("pipelines/form", {"path": "work/train.ipynb"})
    assert found["stages"] == [] and len(found["parameters"]) == 9
    assert "nbtrack.yaml cannot be used, line" in found["problem"]
    (project / "nbtrack.yaml").unlink()
    assert (await post("pipelines/form", {"path": "work/train.ipynb"}))["problem"] == ""


async def test_a_document_that_is_not_saved_goes_before_the_file(post, project):
    asked = {"path": "work/train.ipynb", "document": document("lr = 1\nmore = 'x'")}
    assert [it["name"] for it in (await post("pipelines/form", asked))["parameters"]] == ["lr", "more"]
    [wrong] = await post("pipelines/values", asked | {"values": {"lr": ["0.5"]}})
    assert wrong["name"] == "lr" and "no int" in wrong["text"]


@pytest.mark.parametrize("said", [{"cells": "x"}, {"cells": [1]}, 7, [], {"cells": [{"cell_type": "code", "metadata": {"tags": [{}]}}]}], ids=str)
async def test_what_is_no_notebook_is_refused_with_words(post, project, said):
    with pytest.raises(HTTPClientError) as refused:
        await post("pipelines/form", {"path": "work/train.ipynb", "document": said})
    assert refused.value.code == 422
    assert json.loads(refused.value.response.body)["mend"]


@pytest.mark.parametrize("source", ["lr = (", "lr = 1\0", "%magic\nlr = 1", "(" * 3000 + ")" * 3000])
async def test_a_cell_that_is_no_python_is_told(post, project, source):
    with pytest.raises(HTTPClientError) as refused:
        await post("pipelines/form", {"path": "work/train.ipynb", "document": document(source)})
    told = json.loads(refused.value.response.body)
    assert (refused.value.code, "parameters cell" in told["message"]) == (422, True)
    assert "train.ipynb" in told["message"] and str(project) not in told["message"]


async def test_what_is_wrong_is_told_for_each_field(post, project):
    values = {"lr": ["fast"], "epochs": ["1", "2.5"], "mode": ["fast", "slow"], "flag": ["yes"], "name": ["x", "x"], "lrate": ["1"], "where": ["any"]}
    found = {it["name"]: it["text"] for it in await post("pipelines/values", {"path": "work/train.ipynb", "values": values})}
    assert found.keys() == {"lr", "epochs", "name", "lrate"}
    assert "'fast', which is no float" in found["lr"] and "'2.5', which is no int" in found["epochs"]
    assert "twice" in found["name"] and "Did you mean 'lr'" in found["lrate"]
    [wrong] = await post("pipelines/values", {"path": "work/nbtrack.yaml", "values": {"rate": ["quick"], "rows": ["3"]}})
    assert wrong["name"] == "rate" and "no float" in wrong["text"]


@pytest.mark.parametrize(
    ("name", "path"), [("form", "work/nbtrack.yaml"), ("form", "work/gone.ipynb"), ("values", "work/train.py"), ("values", "work/gone.yaml")]
)
async def test_what_has_no_form_is_refused_with_words(post, project, name, path):
    with pytest.raises(HTTPClientError) as refused:
        await post(f"pipelines/{name}", {"path": path, "values": {"x": ["1"]}})
    assert refused.value.code == 422
    assert json.loads(refused.value.response.body)["mend"]


@pytest.mark.parametrize(
    "body",
    [
        {"path": "work/nbtrack.yaml"}, {"path": "../train.ipynb"}, {"path": "work/gone.ipynb"}, {"params": ["lr=1"]}, {"params": {"--json": "1"}},
        {"params": {"lr=1 -p x": "1"}}, {"params": {"lr": 1}}, {"params": {"lr": "a\0"}}, {"grid": {"lr": "1"}}, {"grid": {"-j": ["1"]}}, {"grid": ["lr"]},
    ],
    ids=str,
)  # fmt: skip
async def test_nothing_but_values_by_name_gets_to_the_command_line(post, project, body):
    with pytest.raises(HTTPClientError) as refused:
        await post("jobs", {"kind": "notebook", "path": "work/train.ipynb", **body})
    assert refused.value.code == 422
    assert json.loads(refused.value.response.body)["mend"]


def test_a_form_is_one_command_line(home, project, jp_root_dir):
    body = {"kind": "notebook", "path": "work/train.ipynb", "params": {"name": "--force"}, "grid": {"lr": ["0.1", "-1"]}, "jobs": 3}
    found = command_of(home, jp_root_dir, body)
    assert (found.subject, found.cwd) == ("work/train.ipynb", project)
    assert found.words == ["run", "./train.ipynb", "--param=name=--force", "--grid=lr=0.1", "--grid=lr=-1", "--jobs=3", "--json"]
    body = {"kind": "pipeline", "path": "work/nbtrack.yaml", "stages": ["train"], "params": {"rate": "0.7"}, "jobs": 1}
    found = command_of(home, jp_root_dir, body)
    assert found.words == ["run", "train", "--file", "nbtrack.yaml", "--param=rate=0.7", "--jobs=1", "--json"]
    assert found.title == "Run train of work"


async def test_a_grid_is_run_as_a_job_that_tells_its_runs(get, post, home, project, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    (project / "train.ipynb").write_text(json.dumps(document("lr = 0.1", "loss = sum([lr, 0.5])\nprint('loss', loss)")))
    job = await post("jobs", {"kind": "notebook", "path": "work/train.ipynb", "grid": {"lr": ["0.25", "0.5"]}, "jobs": 2})
    while (found := await get(f"jobs/{job['id']}"))["job"]["ended_ms"] is None:
        await asyncio.sleep(0.2)
    result = found["job"]["result"]
    assert (found["job"]["code"], result["state"]) == (0, "FINISHED"), found["text"]
    assert sorted((it["params"]["lr"], it["state"]) for it in result["runs"]) == [("0.25", "FINISHED"), ("0.5", "FINISHED")]
    children = {view.run_id: view for view in all_runs(home) if view.start.parent == result["run_id"]}
    assert {it["run_id"] for it in result["runs"]} == set(children)
    assert sorted(view.metrics["loss"].last for view in children.values()) == [0.75, 1.0]
