"""States, and which direction of a metric is better."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.entities import State, best_of, direction_of


@pytest.mark.parametrize(
    "metric",
    [
        "loss", "val_loss", "validation/loss", "train loss", "Loss", "valLoss", "TrainLoss", "loss_epoch", "eval-loss", "loss2", "MAE_train", "mse",
        "train.RMSE", "ValRMSE", "accuracy_error", "error", "max_error", "mean_squared_error", "word_error_rate", "logloss", "validation_0-logloss",
        "validation_0-mlogloss", "valid_0's l2", "binary_logloss", "log_loss", "cross_entropy", "perplexity", "nll", "neg_log_likelihood",
        "negative_log_likelihood", "latency_ms", "hamming_loss", "brier_score_loss", "aic", "kl_divergence",
    ],
)  # fmt: skip
def test_lower_is_better(metric):
    assert direction_of(metric) == "min"


@pytest.mark.parametrize(
    "metric",
    [
        "accuracy", "acc", "val_accuracy", "r2", "R2_score", "auc", "roc_auc", "f1", "f1_score", "precision", "recall", "map50", "lossless",
        "glossary", "flosser", "bleu", "rouge_l", "iou", "reward", "score", "terror", "mirror", "explained_variance", "log_likelihood",
        "neg_mean_squared_error", "neg_log_loss", "test_neg_root_mean_squared_error", "costume", "gapless", "silhouette", "", "\n", "ž", "spearman",
        "ndcg@10",
    ],
)  # fmt: skip
def test_higher_is_better(metric):
    assert direction_of(metric) == "max"


@pytest.mark.parametrize(
    ("goal", "metric", "way"),
    [
        ("max:loss", "loss", "max"), ("min:auc", "auc", "min"), ("min:auc", "roc_auc", "max"), ("max:a:b loss", "a:b loss", "max"), ("", "", "max"),
        ("up:loss", "loss", "min"), ("loss", "loss", "min"),
    ],
)  # fmt: skip
def test_a_goal_decides_for_its_own_metric_alone(goal, metric, way):
    assert direction_of(metric, goal) == way


@given(st.text(st.characters(exclude_categories=())), st.text())
def test_every_name_has_a_direction(metric, goal):
    assert direction_of(metric, goal) in ("min", "max")


def test_the_better_of_two_is_named():
    assert best_of("loss", 1.0, 2.0) == 1.0
    assert best_of("auc", 1.0, 2.0) == 2.0
    assert best_of("auc", 1.0, 2.0, "min:auc") == 1.0


def test_only_running_is_no_end():
    assert [state for state in State if not state.is_end] == [State.RUNNING]
