"""Cells that break what lies around them still end their runs, and behave as they would untracked."""

import os

import pytest

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


def test_names_that_are_half_a_surrogate_pair_are_shown_escaped(kernel):
    kernel.run("import nbtrack")
    reply = kernel.run("%%track half\nnbtrack.param({'p\\ud83d': 1})\nnbtrack.log({'m\\ud83d': 0.5})")
    assert reply.stderr == ""
    assert "p\\ud83d=1" in reply.shown[0] and "m\\ud83d 0.5" in reply.shown[0]
    assert kernel.runs()[0].params == {"p\\ud83d": "1"}
    for line in ("%track runs", "%track show last"):
        told = kernel.run(line)
        text = told.result or told.shown[0]
        assert "p\\ud83d" in text and "m\\ud83d" in text, line


def test_what_a_source_lets_through_does_not_keep_a_run_open(kernel):
    kernel.run("def stop(cell):\n    raise KeyboardInterrupt\nsource = get_ipython()._nbtrack_session.collector.sources[0]\nsource.after = stop")
    reply = kernel.run("%%track stopped\nx = 1\nx")
    assert reply.result == "1"
    assert reply.traceback == ""
    assert kernel.runs()[0].state is State.FINISHED


def test_an_interrupt_before_the_code_runs_reaches_the_code(kernel):
    kernel.run(
        "def stop(entry):\n    source.__dict__.pop('enter')\n    collector._acts.clear()\n    raise KeyboardInterrupt\n"
        "collector = get_ipython()._nbtrack_session.collector\n"
        "source = next(it for it in collector.sources if 'enter' in vars(type(it)))\nimport time"
    )
    kernel.run("source.enter = stop\ncollector._acts.clear()")
    reply = kernel.run("%%track stopped\ntime.sleep(20)")
    assert reply.ename == "KeyboardInterrupt"
    assert "nbtrack" not in reply.traceback
    assert kernel.runs()[0].state is State.KILLED


@pytest.mark.skipif(os.name == "nt", reason="no resource limits here")
def test_a_full_disk_is_told_once_and_the_line_says_how_the_run_ended(kernel):
    kernel.run("import resource")
    full = kernel.run("%%track full\nresource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))\nx = 1\nx")
    assert full.result == "1"
    assert full.shown[0].startswith("✓ full  finished")
    assert "recording stopped, the cell went on" in full.shown[0]
    again = [kernel.run("%%track full\nx") for _ in range(3)]
    kernel.run("resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))")
    assert [reply.result for reply in again] == ["1"] * 3
    told = [line for reply in (full, *again) for line in reply.stderr.splitlines() if not line.endswith("see above")]  # what each cell says
    assert len(told) == len(set(told))
    assert all("not tracked: " in reply.stderr for reply in again)
    ended = kernel.runs()[-1]  # when the cell that made room was over
    assert (ended.start.name, ended.state) == ("full", State.FINISHED)


@pytest.mark.skipif(os.name == "nt", reason="no resource limits here")
def test_a_run_that_finds_no_file_descriptor_ends_and_says_what_to_do(kernel):
    kernel.run("import nbtrack, resource\nnbtrack.param\nlimits = resource.getrlimit(resource.RLIMIT_NOFILE)")
    reply = kernel.run(
        "%%track none\nresource.setrlimit(resource.RLIMIT_NOFILE, (1, limits[1]))\nnbtrack.param(long='x' * 30_000)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, limits)\nx = 1\nx"
    )
    assert reply.result == "1"
    assert kernel.runs()[0].state is State.FINISHED
    assert "Too many open files" in reply.shown[0] and "close files that the notebook holds open" in reply.shown[0]
    assert "free space" not in reply.shown[0]


def test_the_line_of_a_failed_run_holds_no_password_of_an_address(kernel):
    reply = kernel.run("%%track\nraise ValueError('no answer from postgresql://me:s3cr3tpw@db.example.org/runs')")
    assert "postgresql://me:***@db.example.org" in reply.shown[0]
    assert "s3cr3tpw" not in reply.shown[0] + reply.html[0]


def test_child_processes_hear_of_a_run_no_more_after_unload(kernel):
    kernel.run("%%track\npass")
    owner = "import os; os.environ.get('NBTRACK_OWNER', '')"
    assert kernel.run(owner).result != "''"
    kernel.run("%unload_ext nbtrack")
    assert kernel.run(owner).result == "''"
    kernel.run("%load_ext nbtrack\n")
    kernel.run("%%track\npass")
    assert kernel.run(owner).result != "''"


def test_a_console_takes_more_lines_until_an_empty_one_as_after_any_cell_magic(kernel):
    def is_complete(code):
        return kernel.run(f"get_ipython().input_transformer_manager.check_complete({code!r})[0]").result

    assert is_complete("%%track one") == is_complete("%%time") == "'incomplete'"
    assert is_complete("%%track one\nx = 1") == "'incomplete'"
    assert is_complete("%%track one\nx = 1\n\n") == "'complete'"
