"""Gate `fairness`: the model that a tracked cell kept, by groups, measured by fairlearn."""

import pandas
import pytest
from fairlearn.metrics import demographic_parity_difference

from nbtrack.gates.gate import Subject
from nbtrack.journal import Home
from nbtrack.reads import find
from nbtrack.store.models import load

FAIR = {"kind": "fairness", "data": "cancer.csv", "target": "benign", "sensitive": ["clinic"], "threshold": 0.1}


def test_the_kept_model_is_asked_and_fairlearn_measures(judge, project):
    found = judge("better", FAIR)
    table = pandas.read_csv(project / "cancer.csv")
    home = Home(project / "home")
    with Subject(home, find(home, "better"), project).model() as folder:
        predicted = load(folder).predict(table.drop(columns=["benign", "clinic"]))
    assert found.measured == pytest.approx(demographic_parity_difference(table["benign"], predicted, sensitive_features=table["clinic"]))
    assert found.passed and "north (n = 284)" in found.why


def test_a_group_that_is_treated_otherwise_fails_with_its_numbers(judge, project):
    table = pandas.read_csv(project / "cancer.csv")
    table.assign(clinic=table["benign"].map({0: "east", 1: "west"})).to_csv(project / "now.csv", index=False)
    found = judge("better", {**FAIR, "data": "now.csv"})
    assert not found.passed and found.measured > 0.9 and "west" in found.why and found.mend


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({"metric": "equal_opportunity_ratio", "threshold": 0.5}, "equal_opportunity_ratio ≥ 0.5"),
        ({"metric": "accuracy_score", "compare": "difference", "threshold": 0.1}, "difference of accuracy_score ≤ 0.1"),
        ({"metric": "accuracy_score", "compare": "group_min", "threshold": 0.9}, "lowest accuracy_score ≥ 0.9"),
        ({"metric": "selection_rate", "compare": "ratio", "threshold": 0.8}, "ratio of selection_rate ≥ 0.8"),
    ],
)
def test_metrics_of_fairlearn_and_of_scikit_learn(judge, facts, wanted):
    found = judge("better", {**FAIR, **facts})
    assert (found.passed, found.wanted) == (True, wanted)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"target": "malign"}, "no column malign"),
        ({"metric": "goodness"}, "no metric 'goodness'"),
        ({"min_group": 300}, "too small to say: "),
        ({"positive": 7}, "never is 7"),
        ({"features": ["mean_radius"]}, "does not predict"),
        ({"features": ["radius"]}, "lacks what the model takes: radius"),
        ({"model": "forest"}, "none called 'forest'"),
    ],
)
def test_what_cannot_be_measured_does_not_pass(judge, facts, why):
    found = judge("better", {**FAIR, **facts})
    assert not found.passed and found.measured is None and why in found.why and found.mend


def test_predictions_that_are_there_already_need_no_model(judge, project):
    table = pandas.read_csv(project / "cancer.csv")
    table.assign(said=table["benign"].map({0: "bad", 1: "good"}), true=table["benign"].map({0: "bad", 1: "good"})).to_csv(project / "now.csv", index=False)
    found = judge("base", {**FAIR, "data": "now.csv", "target": "true", "predictions": "said", "positive": "good", "metric": "equalized_odds_difference"})
    assert found.passed and found.measured == 0.0
