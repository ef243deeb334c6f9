"""The rule for names MLflow refuses, held against MLflow's own checks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.store.names import LONGEST_NAME, fit_experiment, fit_name, fit_text, is_fit

names = st.text(max_size=300) | st.text("ab/._ ?é\n", max_size=12)


@given(names)
def test_every_name_becomes_one_that_mlflow_takes(name):
    from mlflow.utils.validation import _validate_metric_name, _validate_param_name, _validate_tag_name

    fit = fit_name(name)
    for check in (_validate_metric_name, _validate_param_name, _validate_tag_name):
        check(fit)
    assert 0 < len(fit) <= LONGEST_NAME
    assert is_fit(fit)


@given(names)
def test_a_name_mlflow_takes_stays_as_it_is(name):
    if is_fit(name):
        assert fit_name(name) == name


@given(names, names)
def test_a_taken_name_is_not_given_again(name, other):
    taken = {fit_name(name), fit_name(other)}
    assert fit_name(name, taken) not in taken


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        ("a?b", "a_b"),
        ("loss\n", "loss_"),
        ("a//b", "a__b"),
        ("../a", "___a"),
        ("..x", "__x"),
        ("/a", "_a"),
        ("a/", "a_"),
        ("", "_"),
        (".", "_"),
        ("..", "__"),
        ("é/x: 1", "é/x: 1"),
    ],
)
def test_the_rule_by_example(name, fit):
    assert fit_name(name) == fit


def test_a_long_name_keeps_its_beginning_and_gets_a_digest():
    fit = fit_name("x" * 300)
    assert fit.startswith("x" * 240 + "-")
    assert len(fit) == 249
    assert fit_name("x" * 301) != fit


def test_experiment_names():
    assert fit_experiment("") == "Default"
    assert fit_experiment("a/b c") == "a/b c"
    assert len(fit_experiment("x" * 900)) == 500


def test_text_no_database_stores_is_escaped():
    assert fit_text("a\0b\ud800c") == "a\\x00b\\ud800c"
    assert fit_text("abc", 2) == "ab"
