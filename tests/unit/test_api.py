"""The Python API, outside notebooks."""

import asyncio
import subprocess
import sys
import threading

import pytest

import nbtrack
from nbtrack.entities import State


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(tmp_path)


def test_a_block_is_a_run():
    with nbtrack.track("block", experiment="e", params={"lr": 0.1}, tags={"a": "b"}):
        for i in range(3):
            nbtrack.log(loss=1 / (i + 1), step=i)
        nbtrack.log({"val/acc": 0.5})
        nbtrack.param(epochs=3)
        nbtrack.tag(stage="dev")
    run = nbtrack.run("block")
    assert (run.state, run.params, run.start.experiment) == (State.FINISHED, {"lr": "0.1", "epochs": "3"}, "e")
    assert (run.tags["a"], run.tags["stage"]) == ("b", "dev")
    assert (run.metrics["loss"].last_step, run.metrics["val/acc"].last) == (2, 0.5)


def test_an_error_passes_through_and_ends_the_run_as_failed():
    with pytest.raises(ValueError, match="mine"), nbtrack.track("broken"):
        raise ValueError("mine")
    run = nbtrack.run("broken")
    assert (run.state, run.reason) == (State.FAILED, "ValueError: mine")
    assert "raise ValueError" in run.traceback


def test_a_decorated_function_is_a_run_at_every_call_and_keeps_its_face():
    @nbtrack.track
    def fit(lr, *, epochs=1):
        """Fit it."""
        nbtrack.log(lr=lr)
        return lr * epochs

    assert (fit(2, epochs=3), fit(5)) == (6, 5)
    assert (fit.__name__, fit.__doc__) == ("fit", "Fit it.")
    assert [view.start.attempt for view in nbtrack.runs().views] == [2, 1]


def test_decorators_take_options_and_serve_methods_and_coroutines():
    class Model:
        @nbtrack.track("method")
        def fit(self):
            return self

    @nbtrack.track("coroutine")
    async def later():
        nbtrack.log(x=1)
        return 3

    model = Model()
    assert model.fit() is model
    assert asyncio.run(later()) == 3
    assert {view.name for view in nbtrack.runs().views} == {"method", "coroutine"}


def test_a_bare_decorator_serves_methods():
    class Model:
        @nbtrack.track
        def fit(self, x):
            return (self, x)

    model = Model()
    assert model.fit(1) == (model, 1)


def test_a_decorated_recursive_function_nests():
    @nbtrack.track
    def down(n):
        return n if n == 0 else down(n - 1)

    assert down(2) == 0
    assert len(nbtrack.runs()) == 3
    assert [view.name for view in nbtrack.runs()] == [view.name for view in nbtrack.runs().views]
    assert sum(bool(view.start.parent) for view in nbtrack.runs().views) == 2


def test_each_asyncio_task_writes_to_the_run_of_its_context():
    async def one(name):
        with nbtrack.track(name):
            for _ in range(10):
                nbtrack.log({name: 1})
                await asyncio.sleep(0)

    async def both():
        await asyncio.gather(one("a"), one("b"))

    asyncio.run(both())
    assert set(nbtrack.run("a").metrics) == {"a"}
    assert set(nbtrack.run("b").metrics) == {"b"}


def test_a_thread_writes_to_the_run_it_opened_itself_or_else_to_the_foreground():
    def own():
        with nbtrack.track("inner"):
            nbtrack.log(inner=1)

    with nbtrack.track("outer"):
        threads = [threading.Thread(target=own), threading.Thread(target=lambda: nbtrack.log(outer=1))]
        for thread in threads:
            thread.start()
            thread.join()
    assert set(nbtrack.run("inner").metrics) == {"inner"}
    assert set(nbtrack.run("outer").metrics) == {"outer"}


def test_a_long_param_and_strange_names_are_kept_whole():
    long, strange = "ä" * 1_000_000, "na\nme ☃ \ud800"
    with nbtrack.track("odd"):
        nbtrack.param({"long": long, strange: "value"})
        nbtrack.log({strange: 1.5})
    run = nbtrack.run("odd")
    assert run.params == {"long": long, "na\nme ☃ \\ud800": "value"}  # half a surrogate pair is no text that could be sent on: it stands escaped
    assert run.metrics[strange].last == 1.5


def test_files_folders_and_figures_become_artifacts(tmp_path):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("a")
    with nbtrack.track("files"):
        nbtrack.artifact(tmp_path / "data")
        nbtrack.artifact(tmp_path / "data" / "a.txt", "copies")
        nbtrack.figure(Figure())
        nbtrack.figure(Figure(), "named")
        nbtrack.artifact(tmp_path / "missing")
        nbtrack.figure("no figure")
    run = nbtrack.run("files")
    assert {it.path for it in run.artifacts} == {"data/a.txt", "copies/a.txt", "figures/figure-1.png", "figures/named.png"}
    assert len(run.notices) == 2


def test_update_continues_the_last_attempt():
    for value in (1, 2):
        with nbtrack.track("again", update=True, params={"x": value}):
            nbtrack.log(y=value)
    (run,) = nbtrack.runs().views
    assert (run.params, run.later_params, run.metrics["y"].count) == ({"x": "1"}, {"x": ("2",)}, 2)


def test_logging_outside_a_run_costs_one_notice_and_no_error(capsys):
    for _ in range(2):
        nbtrack.log(never=1)
    assert capsys.readouterr().err.count("outside a run") <= 1


def test_a_journal_that_cannot_be_written_costs_a_notice_and_the_block_runs(monkeypatch, capsys):
    monkeypatch.setenv("NBTRACK_HOME", "/proc/nowhere")
    with nbtrack.track("lost"):
        nbtrack.log(x=1)
        done = True
    assert done
    told = capsys.readouterr().err
    assert "NBTRACK_HOME" in told and "outside a run" not in told


def test_a_run_that_ends_while_the_interpreter_shuts_down_ends_quietly():
    code = "import atexit, nbtrack; run = nbtrack.track('late'); run.__enter__(); atexit.register(run.__exit__, None, None, None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert nbtrack.run("late").state is State.FINISHED


def test_it_imports_where_there_is_no_ipython():
    code = "import sys\nsys.modules['IPython'] = sys.modules['ipykernel'] = None\nimport nbtrack\nwith nbtrack.track('plain'):\n    nbtrack.log(a=1)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    assert nbtrack.run("plain").metrics["a"].last == 1


def test_what_looks_like_a_secret_may_be_let_pass_for_one_run_and_only_its_digest_is_kept():
    from nbtrack.secrets.policy import policy_of

    value = "AKIA" + "ABCDEFGHIJKLMNOP"
    with nbtrack.track("open", allow_secret=[value]) as run:
        pass
    tags = run.start.tags
    assert value not in str(tags)
    allowed = policy_of(tags).allowed
    assert ("any kind", value) in allowed
    assert ("any kind", value[::-1]) not in allowed


def test_a_call_has_its_arguments_as_params():
    class Thing:
        def __repr__(self):
            raise RuntimeError("looked at")

    @nbtrack.track("call", params={"seed": 1})
    def fit(lr, /, layers=(64, 32), *more, seed=0, name=None, config=None, **rest):
        return lr

    fit(0.1, [1, 2.5], seed=5, config={"a": float("nan"), "net": {"depth": 3}}, thing=Thing(), things=[Thing()], flag=True)
    assert nbtrack.run("call").params == {
        "lr": "0.1", "layers": "[1, 2.5]", "seed": "1", "name": "None", "config.a": "nan", "config.net.depth": "3", "flag": "True",
    }  # fmt: skip
    with pytest.raises(TypeError, match="lr"):
        fit()
    assert nbtrack.run("call").params == {"seed": "1"}


def test_a_name_that_is_left_out_is_no_param_of_a_call(monkeypatch):
    monkeypatch.setenv("NBTRACK_EXCLUDE", "user*")

    @nbtrack.track
    def fit(lr, user_id=7):
        return lr

    fit(1)
    assert nbtrack.run("fit").params == {"lr": "1"}


def test_what_has_no_names_is_a_note_and_no_error():
    with nbtrack.track("noted"):
        nbtrack.log([0.5])
        nbtrack.param(3)
        nbtrack.log({"acc": 0.5})
    found = nbtrack.run("noted")
    assert found.state is State.FINISHED and list(found.metrics) == ["acc"]
    assert any("nbtrack.log(name=value)" in it for it in found.notices) and any("nbtrack.param(name=value)" in it for it in found.notices)
