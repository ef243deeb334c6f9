"""What is captured is what the user wants: preview, exclusion, kinds, scratch."""

from tests.kernel.conftest import Kernel

CELL = "lr = 0.1\nmomentum = 0.9\nloss = sum([lr, momentum]) / 7\naccuracy = loss / 3\nprint('accuracy:', accuracy)"


def test_a_cell_says_before_it_is_tracked_what_would_be_recorded(kernel):
    kernel.run(CELL, "a-cell")
    kernel.run("%track")
    for line in ("%track preview", "%track preview 2", "%track preview a-cell"):
        text = kernel.run(line).result
        assert "param lr = 0.1  (bound to a literal in the cell)" in text
        assert "metric accuracy = " in text
    assert kernel.runs() == []
    reply = kernel.run("%track preview 99")
    assert "No cell called '99' was executed" in reply.stderr
    assert "Run it first" in reply.stderr


def test_a_cell_is_previewed_by_the_name_of_its_run(kernel):
    kernel.run(f"%%track forest\n{CELL}")
    kernel.run("shade = 0.5\nprint(shade)")
    run_id = kernel.runs()[0].run_id
    for word in ("forest", "forest#1", run_id[:8], "last"):
        assert "metric accuracy = " in kernel.run(f"%track preview {word}").result
    assert "No cell called 'forest#2' was executed here, and no run of this name" in kernel.run("%track preview forest#2").stderr


def test_every_command_tells_what_it_takes(kernel):
    assert kernel.run("%track preview --help").stdout.startswith("%track preview [N|CELL|RUN]: what would be recorded")
    assert kernel.run("%track exclude --help").stdout.startswith("%track exclude [NAME]...: ")
    assert kernel.run("%track on --help").stdout.startswith("%track on [NAME]")
    assert kernel.run("%track --help").stdout.count("\n%track ") > 25
    assert "has no command 'previw'" in kernel.run("%track previw --help").stderr
    assert kernel.runs() == [] and "left out in this notebook: nothing" in kernel.run("%track exclude").stdout


def test_a_name_excluded_once_is_left_out_for_good(kernel):
    assert "left out in this notebook: mom*, accuracy" in kernel.run("%track exclude mom* accuracy").stdout
    shown = kernel.run(f"%%track\n{CELL}").shown[0]
    assert "left out: momentum, accuracy" in shown
    [run] = kernel.runs()
    assert set(run.params) == {"lr"}
    assert "accuracy" not in run.metrics and "loss" in run.metrics
    assert "'acc' is not left out here" in kernel.run("%track include acc").stderr
    assert "left out in this notebook: mom*" in kernel.run("%track include accuracy").stdout
    kernel.run(f"%%track\n{CELL}")
    assert "accuracy" in kernel.runs()[0].metrics


def test_a_line_that_leaves_out_names_says_how_it_is_done_for_good(kernel):
    shown = kernel.run(f"%%track --no mom* --no other\n{CELL}").shown[0]
    assert "left out: momentum (for good in this notebook: %track exclude mom*)" in shown
    kernel.run("%track exclude mom*")
    assert "left out: momentum\n" in kernel.run(f"%%track\n{CELL}").shown[0] + "\n"


def test_settings_force_exclude_and_choose_as_the_line_does(kernel):
    kernel.run(CELL)
    (kernel.folder / "nbtrack.toml").write_text('params = ["steps", "lr"]\nmetrics = ["total"]\nexclude = ["acc*"]\ncapture = ["params", "metrics"]\n')
    kernel.run("%%track\nsteps = len('ab')\ntotal = steps * 2\naccuracy = sum([0.5, 0.25])\nlosses = [accuracy / (i + 1) for i in range(3)]")
    kernel.run("%%track --capture -params -m other\nother = 3")
    other, first = kernel.runs()
    assert (first.params, {name: it.last for name, it in first.metrics.items()}, first.artifacts) == ({"steps": "2"}, {"total": 4.0}, ())
    assert (other.params, set(other.metrics)) == ({}, {"other"})


def test_a_line_chooses_names_and_kinds(kernel):
    kernel.run(f"%%track --no lr --no acc*\n{CELL}")
    kernel.run(f"%%track --capture params\n{CELL}")
    kernel.run(f"%%track --capture -params\n{CELL}")
    scratch = kernel.run(f"%%track --scratch\n{CELL}")
    without, only, others = reversed(kernel.runs())
    assert (set(without.params), "accuracy" in without.metrics) == ({"momentum"}, False)
    assert (set(only.params), dict(only.metrics)) == ({"lr", "momentum"}, {})
    assert (others.params, "accuracy" in others.metrics) == ({}, True)
    assert scratch.shown == []


def test_a_printed_number_is_recorded_as_it_was_computed_and_the_cell_is_as_before(kernel):
    code = "def f(x):\n    return x / 3\nprint(f'error: {f(1):.2f} and {f(2)!r:>5}')\nf(2) > 1 or print('Test accuracy: %.1f%%' % (100 * f(1)))"
    plain = kernel.run(code)
    tracked = kernel.run(f"%%track\n{code}")
    assert (tracked.stdout, tracked.result) == (plain.stdout, plain.result)
    [run] = kernel.runs()
    assert run.metrics["error"].last == 1 / 3
    failing = "x = 1\nprint('loss:', 1 / 0)"
    plain, tracked = kernel.run(failing), kernel.run(f"%%track\n{failing}")
    assert (tracked.ename, tracked.traceback.count("Traceback")) == (plain.ename, plain.traceback.count("Traceback"))
    assert "_nbtrack" not in tracked.traceback


def test_a_cell_that_the_notebook_tags_as_parameters_tells_the_params_of_later_cells(kernel):
    import nbformat

    cells = ["depth = 4", "%%track\nscore = sum([0.5, 0.25])"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(notebook, kernel.folder / "tagged.ipynb")
    kernel.run("import os; os.environ['NBTRACK_NOTEBOOK'] = 'tagged.ipynb'")
    for source in cells:
        kernel.run(source)
    assert kernel.runs()[0].params == {"depth": "4"}


def test_each_cell_says_that_it_is_not_tracked_where_the_journal_cannot_be_written(tmp_path, kernel_env):
    (tmp_path / "file").touch()
    kernel = Kernel(tmp_path, {**kernel_env, "NBTRACK_HOME": str(tmp_path / "file" / "home")})
    try:
        kernel.run("%load_ext nbtrack")
        first, second, third = kernel.run("%%track\n1 + 1"), kernel.run("%%track\n1 + 2"), kernel.run("%track on")
        assert (first.result, second.result) == ("2", "3")
        assert "file/home cannot be written: Not a directory. Make it writable, or point NBTRACK_HOME" in first.stderr
        assert second.stderr == third.stderr == "nbtrack: not tracked: the journal's folder cannot be written, see above\n"
        assert kernel.run("1 + 3").stderr == ""
        assert "cells are not tracked: The journal's folder" in kernel.run("%track").result
        assert "cannot be written: Not a directory." in kernel.run("%track runs").result
        (tmp_path / "file").unlink()
        assert kernel.run("%%track\n1 + 4").stderr == ""
        assert "not tracked" not in kernel.run("%track").result
    finally:
        kernel.stop()
