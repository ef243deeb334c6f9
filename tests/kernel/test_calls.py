"""Every call of a decorated function is a run, with its arguments as params and the curves of its loops."""

from __future__ import annotations

TRAIN = """import nbtrack
@nbtrack.track
def train(lr=0.1, n=3, *, name="sgd", data=object(), **rest):
    for epoch in range(n):
        loss = lr / (epoch + 1)
    return loss"""


def points(kernel, view, name):
    from nbtrack.journal.fold import points_of

    return [value for key, _, _, value in points_of(kernel.home, view.run_id) if key == name]


def test_a_call_in_a_cell_has_its_arguments_and_its_curve(kernel):
    kernel.run(TRAIN)
    for code in ("train(lr=3)", "train(1, n=4, momentum=.9)"):
        assert not kernel.run(code).ename
    second, first = kernel.runs()
    assert first.params == {"lr": "3", "n": "3", "name": "sgd"}
    assert second.params == {"lr": "1", "n": "4", "name": "sgd", "momentum": "0.9"}
    assert points(kernel, first, "loss") == [3, 1.5, 1] and points(kernel, second, "loss") == [1, 1 / 2, 1 / 3, 1 / 4]


def test_calls_within_a_tracked_cell_have_their_curves_and_the_cell_has_its_own(kernel):
    kernel.run(TRAIN)
    kernel.run(
        "def study(rates):\n    for rate in rates:\n        error = train(rate) ** 2\n    return error\ndef own(n):\n    for i in range(n):\n        cost = 1 / (i + 2)"
    )
    kernel.run("%%track around\nown(3)\nstudy([1, 4, 6])\nown(4)")
    runs = kernel.runs()
    [around] = [it for it in runs if it.name == "around"]
    calls = [it for it in reversed(runs) if it.name == "train"]
    assert [points(kernel, it, "loss") for it in calls] == [[1, 0.5, 1 / 3], [4, 2, 4 / 3], [6, 3, 2]]
    assert points(kernel, around, "error") == [1 / 9, (4 / 3) ** 2, 4]
    assert points(kernel, around, "cost") == [1 / 2, 1 / 3, 1 / 4]
    assert {it.start.parent for it in calls} == {around.run_id} and "loss" not in around.metrics


def test_a_call_that_logs_by_itself_or_raises_has_what_it_had(kernel):
    kernel.run("import nbtrack\n@nbtrack.track\ndef fit(n):\n    for i in range(n):\n        loss = 1 / (i + 1)\n        nbtrack.log(loss=loss)\n    inner(2)")
    kernel.run("@nbtrack.track('inner', params={'n': 7})\ndef inner(n):\n    for i in range(5):\n        cost = 1 / (i + 1)\n    raise ValueError(n)")
    assert kernel.run("fit(3)").ename == "ValueError"
    runs = {it.name: it for it in kernel.runs()}
    assert {name: it.params for name, it in runs.items()} == {"fit": {"n": "3"}, "inner": {"n": "7"}}
    assert set(runs["fit"].metrics) == {"loss"} and points(kernel, runs["fit"], "loss") == [1, 1 / 2, 1 / 3]
    assert points(kernel, runs["inner"], "cost") == [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]
    assert not kernel.run("%%track later\nfor i in range(3):\n    gain = 1 / (i + 1)").ename
    [later] = [it for it in kernel.runs() if it.name == "later"]
    assert set(later.metrics) == {"gain"}
