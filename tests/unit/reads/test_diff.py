"""What changed between two runs of a real journal."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from nbtrack.entities import Kind, RunStart, State
from nbtrack.entities.difference import Change
from nbtrack.errors import UnknownRunError
from nbtrack.journal import Home, RunWriter, attempts, blobs, fold, new_id
from nbtrack.magics.diff_page import DiffPage
from nbtrack.reads import changed
from nbtrack.reads.diff import diff_runs
from nbtrack.reads.notebook_diff import diff_notebooks

HOSTILE = "</td><script>alert(1)</script> | `x` *y*"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def run(home):
    """Writes a run of one cell: params, points by metric, tags, artifacts by path, datasets."""

    def run(params=(), points=(), tags=(), artifacts=(), inputs=(), state=State.FINISHED, **facts):
        run_id = new_id()
        start = RunStart(run_id, "calm-owl", "wine", "sqlite:////x.db", "nobody", 10**18, cell_key="c" * 32)
        number = attempts.add(home, "c" * 32, run_id)
        writer = RunWriter.create(home, replace(start, attempt=number, started_ns=10**18 + number, tags=dict(tags), **facts))
        for name, value in dict(params).items():
            writer.event(Kind.PARAM, name=name, value=value)
        for name, values in dict(points).items():
            for step, value in enumerate(values):
                writer.log(name, value, step)
        for path, data in dict(artifacts).items():
            data = data if isinstance(data, bytes) else data.encode() if isinstance(data, str) else json.dumps(data).encode()
            writer.event(Kind.ARTIFACT, path=path, blob=blobs.put_bytes(home, data), size_bytes=len(data))
        for dataset in inputs:
            writer.event(Kind.INPUT, dataset=dataset)
        writer.event(Kind.END, state=state)
        writer.close()
        return fold(home, run_id)

    return run


@pytest.fixture
def diff(home, tmp_path):
    return lambda a, b, folder=tmp_path: diff_runs(home, a, b, folder)


def cells(*sources, **outputs):
    """A notebook of code cells `c0`, `c1` …; outputs by id."""
    made = [
        nbformat.v4.new_code_cell(source, id=f"c{at}", outputs=[nbformat.v4.new_output("stream", text=outputs[f"c{at}"])] if f"c{at}" in outputs else [])
        for at, source in enumerate(sources)
    ]
    return nbformat.writes(nbformat.v4.new_notebook(cells=made))


def test_params_metrics_and_state_that_differ_are_told(run, diff):
    a = run(
        {"lr": "0.1", "gone": "x", "same": "1"}, {"accuracy": [0.93], "loss": [3.0, 1.0, 2.0], "same": [1.0], "nan": [float("nan")], "system/cpu": [1.0, 2.0]}
    )
    b = run(
        {"lr": "0.01", "new": "y", "same": "1"},
        {"accuracy": [0.95], "loss": [3.0, 0.5, 3.0], "same": [1.0], "nan": [float("nan")], "system/cpu": [3.0, 4.0]},
        state=State.FAILED,
    )
    found = diff(a, b)
    assert found.params == (Change("lr", "0.1", "0.01"), Change("gone", "x", None), Change("new", None, "y"))
    assert [it.how for it in found.params] == ["changed", "removed", "added"]
    assert found.facts == (Change("state", "FINISHED", "FAILED"),)
    accuracy, loss = found.metrics
    assert (accuracy.name, accuracy.direction, accuracy.verdict, round(accuracy.delta, 6)) == ("accuracy", "max", "better", 0.02)
    assert (loss.a, loss.b, loss.relative, loss.verdict) == (2.0, 3.0, 0.5, "worse")  # the last value counts, though the best is better


def test_a_value_that_was_told_twice_counts_once(run, diff):
    [mae] = diff(run({}, {"mae": [3.0, 3.0]}), run({}, {"mae": [2.0, 2.0]})).metrics
    assert (mae.a, mae.b) == (3.0, 2.0)


def test_curves_tell_where_they_part(run, diff):
    a, b = run({}, {"loss": [3.0, 1.0, 2.0], "even": [1.0, 2.0]}), run({}, {"loss": [3.0, 1.0, 2.5, 1.0], "even": [1.0, 2.0]})
    [loss] = diff(a, b).curves
    assert (loss.name, loss.points, loss.lasts, loss.bests, loss.best_steps, loss.diverges_at) == ("loss", (3, 4), (2.0, 1.0), (1.0, 1.0), (1, 1), 2)


def test_a_goal_decides_which_way_is_better(run, diff):
    a, b = run({}, {"score": [1.0]}, goal="min:score"), run({}, {"score": [0.5]}, goal="min:score")
    assert diff(a, b).metrics[0].verdict == "better"


def test_datasets_differ_by_digest_rows_and_columns(run, diff):
    schema = {"mlflow_colspec": [{"name": "x", "type": "double"}, {"name": "y", "type": "long"}]}
    a = run(inputs=[{"dataset": {"name": "wine", "digest": "aa", "schema": json.dumps(schema), "profile": json.dumps({"rows": 100})}, "tags": {}}])
    b = run(
        inputs=[
            {"name": "wine", "digest": "bb", "schema": {"columns": {"x": "float", "z": "long"}}, "profile": {"num_rows": 90}},
            {"name": "beer", "digest": "cc"},
        ]
    )
    wine, beer = diff(a, b).data
    assert (wine.digest.b, wine.rows) == ("bb", Change("rows", "100", "90"))
    assert [(it.name, it.how) for it in wine.schema] == [("x", "changed"), ("y", "removed"), ("z", "added")]
    assert (beer.name, beer.digest.how) == ("beer", "added")


def test_environments_differ_by_versions_and_hide_secrets(run, diff):
    a = run(artifacts={"environment/environment.json": {"python": "3.11.7", "imported": {"numpy": "2.1"}, "variables": {"DB_PASSWORD": "hunter2", "A": "1"}}})
    b = run(
        artifacts={
            "environment/environment.json": {
                "python": "3.12.1",
                "imported": {"numpy": "2.2", "torch": "2.9"},
                "variables": {"DB_PASSWORD": "hunter3", "A": "2"},
            }
        }
    )
    found = diff(a, b).environment
    assert found.facts == (Change("python", "3.11.7", "3.12.1"),)
    assert found.distributions == (Change("numpy", "2.1", "2.2"), Change("torch", None, "2.9"))
    assert found.variables == (Change("A", "1", "2"),)


def test_all_installed_distributions_are_compared_where_both_list_them(run, diff):
    both = [run(artifacts={"environment/environment.json": {}, "environment/requirements.txt": text}) for text in ("a==1\nb==2\n", "a==1\nb==3\n")]
    assert diff(*both).environment.distributions == (Change("b", "2", "3"),)


def test_what_a_run_did_not_keep_is_named_and_nothing_fails(run, diff, home):
    a, b = run(), run(artifacts={"environment/environment.json": "{", "notebook/executed.ipynb": "[]", "git/state.json": "3"})
    found = diff(a, b)
    assert "calm-owl and calm-owl #2 kept nothing of the environment" in found.environment.missing
    assert found.notebook.missing.startswith("calm-owl kept nothing of the notebook: nbtrack did not see its cells")
    assert "kept nothing of git" in found.git.missing
    broken = run(artifacts={"notebook/executed.ipynb": "[]"})
    assert "cannot be read" in diff(b, broken).notebook.missing
    (home.root / "blobs" / b.artifacts[0].blob[:2] / f"{b.artifacts[0].blob}.zst").unlink()
    assert "environment" in diff(b, broken).environment.missing


def test_commits_between_are_listed_where_the_repository_is(run, diff, tmp_path):
    def git(*command):
        env = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@x", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@x"}
        return subprocess.run(["git", *command], cwd=tmp_path / "repo", env=env, check=True, capture_output=True, text=True).stdout.strip()

    (tmp_path / "repo").mkdir()
    git("init", "-q")
    commits = []
    for text in ("one", "two", "three"):
        (tmp_path / "repo" / "x.py").write_text(text)
        git("add", "x.py")
        git("commit", "-qm", f"Say {text}")
        commits.append(git("rev-parse", "HEAD"))
    a, b = (
        run(artifacts={"git/state.json": {"commit": commit, "branch": "main"}, "git/diff.patch": f"+{commit[:4]}\n"}) for commit in (commits[0], commits[2])
    )
    found = diff(a, b, tmp_path / "repo").git
    assert [line[10:] for line in found.commits] == ["Say three", "Say two"] or [line.partition(" ")[2] for line in found.commits] == ["Say three", "Say two"]
    assert "x.py" in found.files[0]
    assert {line[0] for line in found.patch if line[:1] in "+-"} == {"+", "-"}
    assert diff(a, b, tmp_path).git.commits == ()
    clean = run(artifacts={"git/state.json": {"commit": commits[0], "branch": "main", "dirty": [], "untracked": 0}})
    assert diff(a, clean, tmp_path).git.facts == diff(clean, a, tmp_path).git.facts == ()
    evil = run(artifacts={"git/state.json": {"commit": f"--output={tmp_path / 'evil'}"}})
    assert diff(a, evil, tmp_path / "repo").git.commits == ()
    assert not (tmp_path / "evil").exists()


def test_stamps_differ_by_rule(run, diff):
    reasons = json.dumps([{"rule": "clock", "cells": [2], "text": "cell 2 reads the clock"}])
    a, b = run(tags={"nbtrack.stamp": "no", "nbtrack.stamp.reasons": reasons}), run(tags={"nbtrack.stamp": "yes"})
    assert diff(a, b).stamp == (Change("reproducible", "no", "yes"), Change("clock", "cell 2 reads the clock", None))


def test_cells_are_compared_by_source_and_output():
    a = cells("import x", "lr = 0.1", "fit()", "gone()", c2="loss 1\nloss 2\n")
    b = cells("import x", "new()", "lr = 0.01", "fit()", c3="loss 1\nloss 3\n").replace('"c1"', '"n"').replace('"c2"', '"c1"').replace('"c3"', '"c2"')
    found = diff_notebooks("p", a, b)
    assert found.counts == (4, 4)
    assert [(it.how, it.number_a, it.number_b) for it in found.cells] == [("added", None, 2), ("edited", 2, 3), ("output", 3, 4), ("removed", 4, None)]
    added, edited, output, removed = found.cells
    assert (added.source, edited.source, removed.source) == (("+new()",), ("-lr = 0.1", "+lr = 0.01"), ("-gone()",))
    assert output.outputs == (" loss 1", "-loss 2", "+loss 3")


def test_cells_without_ids_are_paired_by_what_they_say():
    def bare(*sources):
        made = [{"cell_type": "code", "source": source, "outputs": [], "metadata": {}, "execution_count": None} for source in sources]
        return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})

    found = diff_notebooks("p", bare("a = 1", "b = compute(a, 10)\nprint(b)", "c"), bare("a = 1", "z", "b = compute(a, 20)\nprint(b)", "c"))
    assert [(it.how, it.number_a, it.number_b) for it in found.cells] == [("added", None, 2), ("edited", 2, 3)]
    many = [bare(*(f"{name}{at}" for at in range(60))) for name in "ab"]
    assert {it.how for it in diff_notebooks("p", *many).cells} == {"edited"}


def test_of_a_cell_executed_again_the_last_execution_is_compared():
    def executed(*cells):
        made = [
            nbformat.v4.new_code_cell(source, id=id_, metadata={"nbtrack": {"number": at, "cell_id": cell_id}})
            for at, (id_, cell_id, source) in enumerate(cells)
        ]
        return nbformat.writes(nbformat.v4.new_notebook(cells=made))

    first = executed(("cell-1", "", "%load_ext nbtrack"), ("c", "c", "lr = 0.1"))
    second = executed(("cell-1", "", "%load_ext nbtrack"), ("c", "c", "lr = 0.1"), ("c-3", "c", "lr = 0.01"))
    [cell] = diff_notebooks("p", first, second).cells
    assert (cell.how, cell.cell_id, cell.source) == ("edited", "c", ("-lr = 0.1", "+lr = 0.01"))


def test_a_picture_that_changed_is_told_and_a_secret_is_not_shown():
    def book(picture, word):
        output = nbformat.v4.new_output("display_data", data={"image/png": picture, "text/plain": "<Figure>"})
        return nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f'password = "{word}"', id="c", outputs=[output])]))

    [cell] = diff_notebooks("p", book("AAAA", "hunter2"), book("BBBB", "hunter3")).cells
    assert cell.source == ('-password = "***"', '+password = "***"')
    assert [line[:12] for line in cell.outputs] == [" <Figure>", "-<image/png ", "+<image/png "]


def test_a_secret_that_a_cell_prints_is_not_shown():
    def book(said):
        output = nbformat.v4.new_output("stream", name="stdout", text=f"{said} hunter2-correct-horse")
        return nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('password = "hunter2-correct-horse"', id="c", outputs=[output])]))

    [cell] = diff_notebooks("p", book("one"), book("two")).cells
    assert cell.outputs == ("-one ***", "+two ***")


def test_every_drawing_shows_the_same_and_html_and_markdown_escape(run, diff):
    a = run({HOSTILE: HOSTILE}, {"accuracy": [0.5]}, artifacts={"notebook/executed.ipynb": cells("x", "y")})
    b = run({HOSTILE: "2"}, {"accuracy": [0.75]}, artifacts={"notebook/executed.ipynb": cells("x", "```" + HOSTILE)})
    page = DiffPage(diff(a, b))
    for text in (repr(page), page._repr_html_(), page.page(), page.markdown()):
        assert "accuracy" in text and "better" in text and "+0.25 (+50.0%)" in text and "cell 2 edited" in text
    assert "<script>" not in page.page() and page.page().startswith("<!DOCTYPE html>")
    assert "````diff" in page.markdown()
    assert "\\|" in page.markdown()
    assert "<script>" not in page.markdown().partition("````diff")[0]
    data = json.loads(json.dumps(page.data(), allow_nan=False))
    assert (data["metrics"][0]["verdict"], data["notebook"]["cells"][0]["how"]) == ("better", "edited")


def test_two_equal_runs_have_no_difference(run, diff):
    page = DiffPage(diff(run({"a": "1"}), run({"a": "1"})))
    assert "no difference" in repr(page)


def test_a_fresh_attempt_is_compared_with_the_one_before_or_the_pinned_one(run, home):
    first, second, third = run({"lr": "0.1"}, {"accuracy": [0.93]}), run({"lr": "0.2"}), run({"lr": "0.01", "password": "hunter2"}, {"accuracy": [0.95]})
    assert changed.previous(home, first) is None
    assert changed.previous(home, third).run_id == second.run_id
    RunWriter(home, first.run_id).event(Kind.TAG, name="nbtrack.baseline", value="yes")
    assert changed.previous(home, third).run_id == first.run_id
    assert changed.changed_line(home, first, third) == "lr 0.1 → 0.01; password — → ***; accuracy 0.93 → 0.95 (better)"
    assert changed.baseline(home, second).run_id == first.run_id
    RunWriter(home, first.run_id).event(Kind.TAG, name="nbtrack.baseline", value=None)
    assert changed.previous(home, third).run_id == second.run_id


def test_the_first_attempt_is_compared_with_the_experiments_baseline_and_without_one_that_is_said(run, home):
    view = run()
    with pytest.raises(UnknownRunError, match=r"nbtrack\.baseline=yes"):
        changed.baseline(home, view)
    other = replace(view.start, run_id=new_id(), cell_key="d" * 32, tags={"nbtrack.baseline": "yes"})
    RunWriter.create(home, other).close()
    assert changed.baseline(home, view).run_id == other.run_id


def test_cells_edited_since_are_counted_in_the_line(run, home):
    a, b = (run(artifacts={"notebook/executed.ipynb": cells("x", source)}) for source in ("y", "z"))
    assert changed.changed_line(home, a, b) == "1 cell edited"


def test_many_points_of_the_run_before_are_not_read_in_passing(run, home, monkeypatch):
    run({}, {"loss": [1.0]})
    b = run({}, {"loss": [2.0]})
    monkeypatch.setattr(changed, "_POINT_BYTES", 0)
    assert changed.changed_line(home, changed.previous(home, b, is_quick=True), b) == ""
    assert Path(home.root).exists()


def test_a_run_from_the_cache_is_compared_as_the_run_that_made_it(home, run):
    one, made = run(points={"loss": [0.5]}), run(points={"loss": [0.25]})
    taken = run(tags={"nbtrack.cached_from": made.run_id})
    found = diff_runs(home, one, taken, Path.cwd())
    assert found.b.run_id == made.run_id
    assert [(it.name, it.a, it.b) for it in found.metrics] == [("loss", 0.5, 0.25)]
