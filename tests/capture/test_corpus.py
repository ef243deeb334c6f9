"""The corpus is sound: its notebooks are valid, their labels well-formed, and the matching says what its rules say."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import label
import nbformat
import pytest
from execute import Execution
from found import Data, Found, Model, Series
from labels import CORPUS, KINDS, Curve, Labels, load_all
from match import score

CORPUS_LABELS = load_all()
each_notebook = pytest.mark.parametrize("labels", CORPUS_LABELS, ids=lambda labels: labels.name)


def test_every_folder_holds_a_notebook_and_its_labels():
    assert {path.name for path in CORPUS.iterdir()} == {labels.name for labels in CORPUS_LABELS}
    assert all(labels.notebook.is_file() for labels in CORPUS_LABELS)


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["--chek"], 2), (["--corpus"], 2)])
def test_labels_are_filled_in_only_where_the_line_is_understood(words, code, monkeypatch, capsys):
    monkeypatch.setattr(label, "execute", None)  # would fail
    with pytest.raises(SystemExit) as ended:
        label.main(words)
    assert ended.value.code == code
    assert "usage: " in "".join(capsys.readouterr())


def test_a_notebook_that_is_not_there_is_told(capsys):
    assert label.main(["no such notebook"]) == 2
    assert "is called no such notebook" in capsys.readouterr().err


def test_the_corpus_has_old_formats_and_several_languages():
    formats = {tuple(json.loads(labels.notebook.read_text("utf-8"))[key] for key in ("nbformat", "nbformat_minor")) for labels in CORPUS_LABELS}
    assert {(3, 0), (4, 0), (4, 5)} <= formats
    assert any(not name.isascii() for labels in CORPUS_LABELS for name in (*labels.params, *labels.metrics))


@each_notebook
def test_a_notebook_is_valid_and_kept_without_outputs(labels):
    notebook = nbformat.read(labels.notebook, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    cells = notebook.cells if "cells" in notebook else notebook.worksheets[0].cells
    assert not any(cell.get("outputs") for cell in cells)


@each_notebook
def test_labels_are_well_formed(labels):
    data = json.loads((labels.notebook.parent / "expected.json").read_text("utf-8"))
    assert data["license"] == "BSD-3-Clause" and data["description"]
    demanded = {kind: set(data[kind]) for kind in ("params", "metrics", "curves")}
    for kind, sources in labels.sources.items():
        assert set(sources) <= set(data[kind])
    assert set(labels.printed) <= demanded["metrics"]
    assert all(isinstance(value, (int, float)) and math.isfinite(value) for value in labels.metrics.values())
    assert set(labels.metrics) == set(labels.sources.get("metrics", ())), "a metric's value is computed, never typed"
    assert all(curve.points and min(curve.points) > 1 for curve in labels.curves.values())
    assert all(model["class"] and model["flavor"] for model in labels.models)
    assert all(("name" in it or "call" in it) and it["rows"] > 0 for it in labels.datasets)
    assert sum(map(len, demanded.values())) + labels.figures > 0
    known = set().union(*demanded.values(), *labels.optional.values())
    assert set(labels.aliases) <= known, "an alias of nothing"


LABELS = Labels(
    "made up",
    Path("made_up.ipynb"),
    params={"lr": 0.1, "kernel": "rbf"},
    metrics={"accuracy": 0.9512, "loss": 0.25},
    printed={"accuracy": "0.95"},
    curves={"loss": Curve((100, 10), 0.25)},
    models=[{"class": ["GridSearchCV", "SVC"], "flavor": "sklearn"}],
    figures=2,
    datasets=[{"call": "load_iris", "rows": 150, "columns": [4, 5]}],
    optional={"params": ["seed"], "metrics": ["n_iter"], "curves": ["norm"], "models": []},
    aliases={"accuracy": ["test acc"]},
)


def judged(kind, detail=(), **found):
    return score(Execution(LABELS, Found(**found), frozenset(detail), 0.0, ""))[kind]


@pytest.mark.parametrize("name", ["lr", "LR", "l_r", "config.lr", "Trainer/config.lr", "clf__lr"])
def test_a_name_is_known_without_case_separators_and_containers(name):
    assert judged("params", params=[(name, "0.1")]).got == 1


@pytest.mark.parametrize(("text", "is_right"), [("0.1", True), ("1e-1", True), ("0.1000000001", True), ("0.2", False), ("'0.1'", False), ("lr", False)])
def test_a_param_must_have_its_value(text, is_right):
    tally = judged("params", params=[("lr", text)])
    assert (tally.got, tally.bad) == (is_right, not is_right)


def test_details_of_library_objects_and_optional_names_are_no_noise():
    tally = judged("params", detail=["max_iter"], params=[("max_iter", "9"), ("SVC.max_iter", "9"), ("seed", "4"), ("shape", "7")])
    assert (tally.good, tally.bad, tally.noise) == (1, 1, ["shape=7"])


@pytest.mark.parametrize(
    ("name", "value", "is_right"),
    [
        ("accuracy", 0.9512, True),
        ("accuracy", 0.95, True),
        ("accuracy", 0.953, True),
        ("accuracy", 0.94, False),
        ("acc_test", 0.9512, True),
        ("f1", 0.9512, False),
    ],
)
def test_a_metric_has_the_full_value_or_one_that_rounds_to_what_is_printed(name, value, is_right):
    assert judged("metrics", series=[Series(name, 1, value)]).got == is_right


@pytest.mark.parametrize(("count", "last", "is_right"), [(100, 0.25, True), (10, 0.25, True), (99, 0.25, False), (100, 0.3, False)])
def test_a_curve_has_its_points_and_its_end(count, last, is_right):
    assert judged("curves", series=[Series("train/loss", count, last)]).got == is_right


def test_the_end_of_a_curve_is_the_metric_of_its_name():
    tally = judged("metrics", series=[Series("loss", 100, 0.25)])
    assert (tally.got, tally.bad) == (1, 0)


def test_what_nobody_labelled_is_noise():
    series = [Series("len", 1, 3.0), Series("i", 50, 49.0), Series("system/cpu", 9, 1.0), Series("n_iter", 1, 4.0)]
    assert judged("metrics", series=series).noise == ["len=3"]
    assert judged("curves", series=series).noise == ["i x50"]


def test_what_is_said_twice_under_two_names_is_noise():
    assert judged("metrics", series=[Series("accuracy", 1, 0.9512), Series("test_acc", 1, 0.9512)]).noise == ["test_acc=0.9512"]
    assert judged("curves", series=[Series("loss", 100, 0.25), Series("train.loss", 100, 0.25)]).noise == ["train.loss x100"]


def test_what_only_a_child_run_has_is_no_noise():
    series = [Series("mean_test_score", 1, 0.7, is_of_child=True), Series("test_acc", 1, 0.9512, is_of_child=True), Series("accuracy", 1, 0.9512)]
    tally = judged("metrics", series=series)
    assert (tally.got, tally.good, tally.noise) == (1, 1, [])
    assert judged("metrics", series=[Series("accuracy", 1, 0.9512, is_of_child=True)]).got == 1
    params = judged("params", params=[("lr", "0.1")], child_params=[("lr", "0.3"), ("kernel", "rbf")])
    assert (params.got, params.good, params.noise) == (2, 1, [])


def test_a_number_behind_a_name_tells_one_of_several_apart():
    assert judged("metrics", series=[Series("accuracy", 1, 0.5), Series("svc.accuracy_2", 1, 0.9512)]).got == 1
    assert judged("metrics", series=[Series("accuracy_2", 1, 0.5)]).got == 0
    for name in ("loss_2", "loss-2"):
        again = judged("curves", series=[Series(name, 100, 0.25), Series("loss", 100, 0.5)])
        assert (again.got, again.noise) == (1, [])
    assert judged("curves", series=[Series("loss_2", 100, 0.5), Series("norm_2", 7, 0.5)]).noise == ["loss_2 x100"]


def test_two_labels_of_one_value_are_met_by_two_findings_and_a_repeat_that_is_optional_is_right():
    labels = replace(LABELS, metrics={"a.score": 0.5, "b.score": 0.5}, printed={}, aliases={}, optional={**LABELS.optional, "metrics": ["again"]})
    found = [Series("a.score", 1, 0.5), Series("b.score", 1, 0.5), Series("again.score", 1, 0.5), Series("again", 1, 0.5)]
    tally = score(Execution(labels, Found(series=found), frozenset(), 0.0, ""))["metrics"]
    assert (tally.got, tally.good, tally.noise) == (2, 3, ["again.score=0.5"])


def test_models_are_matched_one_to_one_and_by_flavor_where_the_class_is_not_told():
    assert judged("models", models=[Model("SVC", "sklearn")]).got == 1
    assert judged("models", models=[Model("", "sklearn"), Model("", "pytorch")]).noise == ["pytorch"]


def test_figures_and_datasets_are_counted_both_ways():
    assert (judged("figures", figures=["a"]).recall, judged("figures", figures=["a", "b", "c"]).bad) == (0.5, 1)
    right, wrong = Data("load_iris", "", 150, 5), Data("load_iris", "", 120, 4)
    tally = judged("datasets", datasets=[right, wrong])
    assert (tally.recall, tally.precision) == (1.0, 0.5)


def test_a_kind_of_which_nothing_was_found_has_no_precision():
    assert {kind: judged(kind).precision for kind in KINDS} == dict.fromkeys(KINDS)
