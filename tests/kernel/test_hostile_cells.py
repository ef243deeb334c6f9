"""Cells that break what lies around them still end their runs, and behave as they would untracked."""

from nbtrack.entities import State


def test_an_exception_without_text_fails_its_run_and_the_next_cell_is_tracked(kernel):
    kernel.run("%%track silent\nclass Silent(Exception):\n    def __str__(self):\n        raise RuntimeError('no text')\nraise Silent()")
    kernel.run("%%track after\nx = 1")
    after, silent = kernel.runs()
    assert (silent.name, silent.state) == ("silent", State.FAILED)
    assert (after.name, after.state) == ("after", State.FINISHED)


def test_cells_are_tracked_though_the_working_directory_was_deleted(kernel, tmp_path):
    (tmp_path / "gone").mkdir()
    first = kernel.run(f"%%track leaves\nimport os\nos.chdir({str(tmp_path / 'gone')!r})\nos.rmdir(os.getcwd())")
    second = kernel.run("%%track stays\nlr = 0.1\nfor i in range(3):\n    loss = lr / (i + 1)\n    print('loss', loss)\nloss")
    assert (first.stderr, second.stderr) == ("", "")
    assert second.result == "0.03333333333333333"
    stays, leaves = kernel.runs()
    assert [leaves.state, stays.state] == [State.FINISHED, State.FINISHED]
    assert stays.metrics["loss"].count == 3


def test_half_a_surrogate_pair_is_shown_escaped(kernel):
    reply = kernel.run("%%track half\nlr = '\\ud83d'\nlen(lr)")
    assert reply.stderr == ""
    assert "lr=\\ud83d" in reply.shown[0]
    assert kernel.runs()[0].params == {"lr": "\\ud83d"}
    assert kernel.run("%track runs").status == "ok"


def test_what_a_source_lets_through_does_not_keep_a_run_open(kernel):
    kernel.run("def stop(cell):\n    raise KeyboardInterrupt\nsource = get_ipython()._nbtrack_session.collector.sources[0]\nsource.after = stop")
    reply = kernel.run("%%track stopped\nx = 1\nx")
    assert reply.result == "1"
    assert reply.traceback == ""
    assert kernel.runs()[0].state is State.FINISHED


def test_an_interrupt_before_the_code_runs_reaches_the_code(kernel):
    kernel.run(
        "def stop(entry):\n    source.__dict__.pop('enter')\n    raise KeyboardInterrupt\n"
        "source = get_ipython()._nbtrack_session.collector.sources[0]\nimport time"
    )
    kernel.run("source.enter = stop")
    reply = kernel.run("%%track stopped\ntime.sleep(20)")
    assert reply.ename == "KeyboardInterrupt"
    assert "nbtrack" not in reply.traceback
    assert kernel.runs()[0].state is State.KILLED
