"""Lines of figures that are curves, whoever drew them."""

from __future__ import annotations

import pytest

pytest.importorskip("matplotlib")

import numpy as np
from matplotlib.figure import Figure

from nbtrack.capture.figure_lines import FigureLines, lines_in
from nbtrack.capture.figures import Figures

FALLING = [3.0, 2.0, 1.5, 1.25]


def axes(**labels):
    made = Figure().subplots()
    made.set(**labels)
    return made


@pytest.mark.parametrize(
    ("draw", "labels", "found"),
    [
        (lambda ax: ax.plot(FALLING, label="Training loss"), {}, [("training_loss", "")]),
        (lambda ax: ax.plot(FALLING), {"ylabel": "Cost function", "xlabel": "iteration"}, [("", "cost")]),
        (lambda ax: ax.plot(FALLING), {"title": "Training loss"}, [("", "training_loss")]),
        (lambda ax: ax.plot([1e-3, 1e-2, 0.1, 1], FALLING, label="ridge"), {"ylabel": "MSE", "xlabel": "learning rate"}, [("ridge", "mse")]),
        (lambda ax: (ax.plot(FALLING), ax.legend(["val"])), {"ylabel": "Genauigkeit"}, [("val", "genauigkeit")]),
        (lambda ax: ax.plot(FALLING[::-1], FALLING, label="error"), {}, [("error", "")]),
        (lambda ax: ax.plot([FALLING, FALLING[::-1]]), {"ylabel": "cost"}, []),
        (lambda ax: (ax.plot(FALLING), ax.plot(FALLING, label="mean")), {"ylabel": "cost"}, [("", "cost"), ("mean", "cost")]),
        (lambda ax: ax.plot(np.array([FALLING, FALLING]).T), {"ylabel": "cost"}, [("", ""), ("", "")]),
        (
            lambda ax: (ax.plot(FALLING, "r"), ax.plot(FALLING, "b"), ax.plot([], "b", label="val"), ax.plot([], "r", label="train"), ax.legend()),
            {"ylabel": "loss"},
            [("train", "loss"), ("val", "loss")],
        ),
        (lambda ax: ax.plot(FALLING, label="eps = 0.1"), {"ylabel": "% Optimal action", "xlabel": "Steps"}, [("eps_0_1", "optimal_action")]),
        # what is no curve
        (lambda ax: ax.plot(FALLING), {"title": "degree=1;error=0.03"}, []),
        (lambda ax: ax.plot(FALLING, label="women"), {"ylabel": "% of all", "xlabel": "year"}, []),
        (lambda ax: ax.plot(FALLING, label="height"), {"ylabel": "m"}, []),
        (
            lambda ax: ax.plot([0, 0.5, 1], [0, 0.9, 1], label="SVC (AUC = 0.9)"),
            {"xlabel": "False Positive Rate (Positive label: 1)", "ylabel": "True positive rate"},
            [],
        ),
        (lambda ax: ax.plot(np.linspace(0, 1), np.linspace(0, 1) ** 2), {"ylabel": "cost"}, []),
        (lambda ax: ax.plot(FALLING, "o"), {"ylabel": "cost"}, []),
        (lambda ax: ax.plot(FALLING, label="error"), {"ylabel": "standardized residuals"}, [("error", "")]),
        (lambda ax: ax.plot(FALLING, label="BMW"), {"ylabel": "returns"}, []),
        (lambda ax: ax.plot([1, 3, 2, 4], FALLING), {"ylabel": "cost"}, []),
        (lambda ax: ax.plot(np.array([5, 1, 7, 2], "u1"), FALLING), {"ylabel": "cost"}, []),
        (lambda ax: ax.plot([0, np.inf, np.inf, 4], FALLING), {"ylabel": "cost"}, []),
        (lambda ax: ax.plot(["knn", "svm", "tree"], [0.5, 0.6, 0.7]), {"ylabel": "accuracy"}, []),
        (lambda ax: ax.plot(np.array(["2020-01", "2020-02", "2020-03"], "datetime64[M]"), [0.5, 0.6, 0.7]), {"ylabel": "returns"}, []),
        (lambda ax: (ax.axhline(0.5), ax.plot([0, 1], [1, 2]), ax.plot([1, 1, 1, 1])), {"ylabel": "accuracy"}, []),
    ],
)
def test_which_lines_say_a_measure(draw, labels, found):
    ax = axes(**labels)
    draw(ax)
    assert [(it.label, it.measure) for it in lines_in(ax.figure)] == found


@pytest.mark.parametrize("projection", ["3d", "polar"])
def test_lines_in_space_and_around_a_circle_show_no_steps(projection):
    ax = Figure().add_subplot(projection=projection)
    ax.plot(*[range(4)] * (2 if projection == "3d" else 1), FALLING, label="loss")
    ax.figure.draw_without_rendering()
    assert lines_in(ax.figure) == []


def test_masked_points_are_no_values():
    ax = axes()
    ax.plot([1, 2, 3, 4], np.ma.masked_array([0.9, 999.0, 0.5, 0.4], [0, 1, 0, 0]), label="loss")
    (line,) = lines_in(ax.figure)
    assert [str(it) for it in line.values] == ["0.9", "nan", "0.5", "0.4"]


@pytest.mark.parametrize(("panels", "lines"), [(2, 2), (3, 0)])
def test_what_many_panels_of_a_figure_call_the_same_stays_in_the_picture(panels, lines):
    figure = Figure()
    for at, panel in enumerate(figure.subplots(1, panels)):
        panel.plot([value + at for value in FALLING], label="Training score")
    figure.axes[0].plot(FALLING, label="Loss")
    assert [it.label for it in lines_in(figure)].count("training_score") == lines
    assert "loss" in [it.label for it in lines_in(figure)]


DRAWS = """
def draw(values, **says):
    fig = Figure()
    ax = fig.subplots()
    ax.set_ylabel(says.pop('ylabel', 'm'))
    for value in values:
        ax.plot(value, **says)
    fig.savefig('f.png')
"""


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("draw([[3.0, 2.0, 1.5]], label='loss')", {"loss": 3}),
        ("draw([[3.0, 2.0, 1.5], [4.0, 3.0, 2.5]], ylabel='loss', label='train')", {"train_loss": 3, "train_loss_2": 3}),
        ("draw([[3.0, 2.0, 1.5]], ylabel='mean reward', label='Greedy')", {"greedy.mean_reward": 3}),
        (
            "class T:\n    pass\nt = T()\nt.J = [3.0, 2.0, 1.5]\nfig = Figure()\nax = fig.subplots()\nax.plot(t.J)\nax.set_ylabel('cost')\nfig.savefig('f.png')",
            {"J": 3},
        ),
        ("draw([[3.0, 2.0, 1.5]], label='loss')\ndraw([[300.0, 200.0, 150.0]], label='loss in percent')", {"loss": 3}),
        ("v = [9.0, 8.0, 5.0, 3.0, 2.5, 2.0]\ndraw([v], label='loss')\ndraw([[min(it, 6.0) for it in v]], label='validation loss')", {"loss": 6}),
        ("v = [9.0, 8.0, 5.0, 3.0]\ndraw([v], label='loss')\ndraw([[min(it, 4.0) for it in v]], label='val loss')", {"loss": 4, "val_loss": 4}),
        ("values = [5.0 / n for n in range(1, 61)]\nfor n in range(3, 61):\n    draw([values[:n]], label='loss')", {"loss": 60}),
        ("values = [5.0 / n for n in range(1, 61)]\nfor n in range(20):\n    draw([values[n:n + 40]], label='loss')", {"loss": 40}),
        ("for n in range(5):\n    draw([[3.0, 2.0 - n, 1.5]], label='loss')", {f"loss{it}": 3 for it in ("", "_2", "_3", "_4", "_5")}),
        (
            "import pandas as pd\nt = pd.DataFrame({'k': pd.array([None, 2, 3], dtype='Int64')})\ndraw([[3.0, 2.0, 1.5]], label='loss')",
            {"loss": 3},
        ),
        ("import pandas as pd\ndf = pd.DataFrame({'returns': [3.0, 2.0, 1.5]})\ndraw([df['returns']], ylabel='returns')", {}),
    ],
)
def test_what_a_figure_shows_and_nothing_else_tells_of(notebook, tmp_path, monkeypatch, code, found):
    monkeypatch.chdir(tmp_path)
    book = notebook(Figures(), FigureLines())
    book.sources[0].start(None)
    try:
        book.run("from matplotlib.figure import Figure\n" + DRAWS, is_tracked=False)
        told = book.run(code)
        book.run("x = 1")
    finally:
        book.sources[0].stop()
    assert {name: int(str(it.value).split()[0]) for (kind, name), it in told.items() if kind == "curve"} == found
    assert not any("lines of figures" in entry.facts for entry in book.ledger.entries)  # a kernel lives long
