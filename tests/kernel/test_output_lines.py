"""What code prints that no cell defines, such as a module beside the notebook, becomes metrics and curves, and never a second time."""

from __future__ import annotations

import pytest

HELPER = """
import random


class Report:
    def __str__(self):
        return "Test accuracy: 0.875\\nF1 = 0.75"


def predict(hits, size):
    print("Accuracy: " + str(hits / size))


def bandit(name, reward):
    print(f"{name} - Mean Reward per Time Step = {reward:0.3f}")


def train(epochs, start=1.0):
    for epoch in range(epochs):
        print(f"Epoch {epoch + 1}/{epochs} - 0.{epoch}s - loss: {start / (epoch + 1):.4f} - val_acc: {epoch / epochs:.2%}")


def fit(epochs):
    losses = []
    for epoch in range(epochs):
        losses.append(1 / (epoch + 3))
        print("epoch", epoch, "loss", round(losses[-1], 4))
    return losses


def measure():
    rmse = 0.123456789
    print(f"RMSE is {rmse:.3f}")
    return rmse


def say(text):
    print(text)
"""


@pytest.fixture
def notebook(kernel):
    """A kernel with a module beside the notebook."""
    (kernel.folder / "helper.py").write_text(HELPER)
    assert kernel.run("import helper").status == "ok"
    return kernel


def found(kernel, code, line="%%track"):
    """Metrics of a tracked cell: the last value, or how many points a curve has and which is the last."""
    reply = kernel.run(f"{line} --quiet\n{code}")
    assert reply.status == "ok", reply.traceback
    run = max(kernel.runs(), key=lambda it: it.start.started_ns)
    assert run.notices == ()
    return {name: (it.count, it.last) if it.count > 1 else it.last for name, it in run.metrics.items() if not name.startswith("system/")}


def test_what_a_module_prints_is_a_metric_of_its_label(notebook):
    assert found(notebook, "helper.predict(41, 60)") == {"accuracy": 41 / 60}
    assert found(notebook, "print(helper.Report())") == {"test_accuracy": 0.875, "f1": 0.75}
    assert found(notebook, "helper.say('Avg loss: 0.0234, Accuracy: 9812/10000 (98%)')") == {"avg_loss": 0.0234, "accuracy": 98}
    assert found(notebook, "helper.say('top-5 accuracy: 93.5 %\\nFinal loss is nan')")["top_5_accuracy"] == 93.5
    assert found(notebook, "helper.say('EvalMetrics(accuracy=0.9125, f1=0.5)')") == {"accuracy": 0.9125, "f1": 0.5}
    assert found(notebook, "!echo test error: 0.125") == {"test_error": 0.125}


def test_a_cell_that_ran_untracked_is_previewed_by_its_lines(notebook):
    notebook.run("helper.predict(41, 60)\nhelper.train(3)")
    text = notebook.run("%track preview").result
    assert "metric accuracy = " in text and "(in a line of the output)" in text
    assert "curve loss = 3 points, last 0.3333  (in lines of the output)" in text


def test_a_second_line_of_a_label_is_another_result(notebook):
    assert found(notebook, "helper.predict(41, 60)\nhelper.predict(9, 60)") == {"accuracy": 41 / 60, "accuracy_2": 9 / 60}
    code = "helper.bandit('Greedy', 6.806)\nhelper.bandit('UCB', 11.956)"
    assert found(notebook, code) == {"mean_reward_per_time_step": 6.806, "ucb.mean_reward_per_time_step": 11.956}


def test_lines_of_one_shape_are_curves(notebook):
    assert found(notebook, "helper.train(4)") == {"loss": (4, 0.25), "val_acc": (4, 75.0)}
    assert found(notebook, "helper.train(4)\nhelper.train(3, 5.0)") == {"loss": (4, 0.25), "val_acc": (4, 75.0), "loss_2": (3, 1.6667), "val_acc_2": (3, 66.67)}
    assert set(found(notebook, "for fold in range(7): helper.train(4, fold + 2)")) == {"loss", "val_acc"}


def test_what_another_source_has_is_not_told_again(notebook):
    assert found(notebook, "losses = helper.fit(6)\nprint('losses', losses)") in ({"losses": (6, 1 / 8)}, {"loss": (6, 0.125)})
    assert found(notebook, "rmse = helper.measure()") == {"rmse": 0.123456789}
    assert found(notebook, "found = helper.measure()\nfound") == {"found": 0.123456789}
    assert found(notebook, "import nbtrack\nnbtrack.log(accuracy=0.7)\nhelper.predict(41, 60)") == {"accuracy": 0.7}


def test_what_the_notebook_prints_itself_is_judged_by_its_code_alone(notebook):
    code = "error_rate = 0.25\nprint('error rate:', error_rate)\ndef tell(a, b): print(f'{a} error = {b}')\ntell('one', 0.5)\n"
    notebook.run(code)
    assert "error_rate" not in found(notebook, code)
    assert set(found(notebook, "for epoch in range(5):\n    loss = 1 / (epoch + 1)\n    print(f'Epoch {epoch}: the loss = {loss:.2f}', end='; ')")) == {"loss"}


TABLE = """                            OLS Regression Results
==============================================================================
Dep. Variable:                 TOTEMP   R-squared:                       0.995
Model:                            OLS   Adj. R-squared:                  0.992
No. Observations:                  16   AIC:                             233.2
==============================================================================
                 coef    std err          t      P>|t|      [0.025      0.975]
error          0.0151      0.085      0.177      0.863      -0.177       0.207"""


NOISE = [
    TABLE, "loss: 0.3s", "error time: 12 ms", "X score shape: (150, 4)", "score  0.9  0.8", "loss: [0.1 0.2 0.3]", "accuracy    0.9    150", "mean   0.5\nstd    0.25",
    "Ridge(alpha=0.5, base_score=0.25)", "learning_rate: 0.5", "loss weight = 0.25", "score threshold: 0.5", "errors on 3 samples", "accuracy: 12 of 150 rows",
    "The error of 5.3 percent in the survey was larger than anybody who had read the letters from the coast had ever thought it would be in that year",
    "[CV 1/2] END .................C=1;, score=0.967 total time=   0.0s\n[CV 2/2] END .................C=1;, score=0.933 total time=   0.0s",
    "memory usage: 1.2 KB", "0:\tlearn: 0.69\ttest: 0.7\tbest: 0.7 (0)", "loss 2024-01-05", "version of loss 1.2.3",
    "\n".join(f"score of item{chr(97 + at)}: 0.{at + 10}" for at in range(25)),
]  # fmt: skip


def test_what_is_no_result_is_left_alone(notebook):
    for text in NOISE:
        assert found(notebook, f"helper.say({text!r})") == {}, text
