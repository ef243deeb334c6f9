"""A run followed through its journal."""

import ast
import math
import time

import pytest

from nbtrack.charts.live import LiveRun, html, text
from nbtrack.charts.progress import length_of, loops_of
from nbtrack.entities import Kind, State


def test_each_look_reads_only_what_is_new(home, made, views):
    writer = made("run", points={"loss": [3, 2]}, is_open=True)
    (view,) = views()
    run = LiveRun(home, view.start)
    run.look()
    assert (run.curves["loss"].count, run.curves["loss"].last, run.curves["loss"].best) == (2, 2, 2)
    writer.log("loss", 1)
    writer.log("acc", 0.5)
    run.look()
    run.look()
    assert (run.curves["loss"].count, run.curves["loss"].values) == (3, [3, 2, 1])
    assert run.curves["acc"].count == 1
    writer.event(Kind.END, state=State.FINISHED)
    run.look()
    assert run.state is State.FINISHED


def test_many_points_stay_few_and_keep_their_extremes(home, made, views):
    writer = made("run", is_open=True)
    values = [math.sin(step / 1000) for step in range(100_000)]
    values[50_000] = 9.0
    run = LiveRun(home, views()[0].start)
    for first in range(0, 100_000, 5_000):
        steps = list(range(first, first + 5_000))
        writer.log_many("acc", steps, [time.time_ns()] * 5_000, values[first : first + 5_000])
        run.look()
    it = run.curves["acc"]
    assert it.count == 100_000
    assert len(it.values) <= 600
    assert len([step for step in it.steps if step < 10_000]) >= 10  # what is old is drawn as finely
    assert (it.best, max(it.values), it.steps[-1]) == (9.0, 9.0, 99_999)
    assert len(html(run, time.time_ns())) < 60_000


def test_what_is_shown_is_escaped_and_holds_for_odd_values(home, made, views):
    writer = made("<script>alert(1)</script>", is_open=True)
    for name in ("<img src=x onerror=alert(1)>", "nan"):
        writer.log(name, float("nan"))
        writer.log(name, float("inf"))
    writer.log("system/process_memory_megabytes", 512)
    run = LiveRun(home, views()[0].start)
    run.look()
    page = html(run, time.time_ns())
    assert "<script" not in page and "<img" not in page
    assert "memory 512 MB" in page
    assert "nan" in text(run, time.time_ns())


def test_progress_is_told_where_the_loops_length_is_known(home, made, views):
    writer = made("run", is_open=True)
    for step in range(5):
        writer.log("loss", step, step, timestamp_ns=10**18 + step * 10**9)
    run = LiveRun(home, views()[0].start, ast.parse("for e in range(epochs):\n    loss = f()"), {"epochs": 20})
    run.look()
    assert (run.progress.done, run.progress.total, run.progress.left_s) == (5, 20, 15.0)
    assert "step 5 of 20, about 15.0 s left" in text(run, time.time_ns())


@pytest.mark.parametrize(
    ("code", "length"),
    [
        ("range(10)", 10), ("range(2, n)", 3), ("range(0, 10, 3)", 4), ("range(n * 2 + 1)", 11), ("range(f())", None), ("[1, 2]", 2), ("items", 3),
        ("enumerate(items)", 3), ("tqdm(range(n), desc='x')", 5), ("trange(7)", 7), ("zip(items, loader)", 3), ("loader", None), ("range(len(items))", 3),
        ("iter(loader)", None), ("range(0, 5, 0)", None), ("unknown", None), ("[*items]", None), ("tqdm.tqdm(items)", 3),
    ],
)  # fmt: skip
def test_the_length_of_a_loop_is_read_and_never_asked_of_the_users_objects(code, length):
    class Loader:
        def __len__(self):
            raise AssertionError("the user's code was called")

    assert length_of(ast.parse(code, mode="eval").body, {"n": 5, "items": [1, 2, 3], "loader": Loader()}) == length


def test_only_what_happens_once_a_step_counts_its_steps():
    (loop,) = loops_of(
        ast.parse(
            "for e in range(3):\n    for b in data:\n        batch_loss = 1\n    nbtrack.log(acc=1, step=e)\n    nbtrack.log({'f 1': 2})\n    loss: float = 0"
        )
    )
    assert loop.names == {"acc", "f 1", "loss"}
