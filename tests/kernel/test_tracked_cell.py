"""A tracked cell is a normal cell, and a run."""

import time

import pytest

from nbtrack.entities import State


def test_the_last_expression_is_displayed_and_kept_in_out(kernel):
    reply = kernel.run("%%track first\nx = 41\nx + 1")
    assert reply.result == "42"
    assert kernel.run(f"Out[{reply.count}], _").result == "(42, 42)"


def test_in_holds_the_cell_without_the_track_line(kernel):
    reply = kernel.run("%%track first\nx = 41\nx + 1")
    assert kernel.run(f"In[{reply.count}].strip()").result == repr("x = 41\nx + 1")


def test_top_level_await_works(kernel):
    reply = kernel.run("%%track\nimport asyncio\nawait asyncio.sleep(0.01)\n'awaited'")
    assert reply.result == "'awaited'"
    assert kernel.runs()[0].state is State.FINISHED


def test_a_traceback_shows_the_users_line_numbers_and_no_frame_of_ours(kernel):
    plain = kernel.run("a = 1\nb = 2\n1/0")
    tracked = kernel.run("%%track broken\nb = 2\n1/0")
    assert tracked.ename == plain.ename == "ZeroDivisionError"
    assert "line 3" in tracked.traceback
    assert "line 3" in plain.traceback
    assert "nbtrack" not in tracked.traceback
    run = kernel.runs()[0]
    assert run.state is State.FAILED
    assert run.reason == "ZeroDivisionError: division by zero"
    assert "1/0" in run.traceback
    assert "IPython" not in run.traceback


def test_an_interrupt_stops_the_cell_and_ends_the_run_as_killed(kernel):
    msg = kernel.send("%%track long\nimport time, nbtrack\nfor i in range(10_000):\n    nbtrack.log(loss=i)\n    time.sleep(0.01)")
    deadline = time.monotonic() + 60
    while not kernel.runs() or not kernel.runs()[0].metrics:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kernel.manager.interrupt_kernel()
    assert kernel.answer(msg).ename == "KeyboardInterrupt"
    run = kernel.runs()[0]
    assert run.state is State.KILLED
    assert run.reason == "interrupted"
    assert run.metrics["loss"].count > 0


def test_track_works_above_another_cell_magic(kernel):
    reply = kernel.run("%%track timed\n%%time\nlr = 0.5")
    assert "Wall time" in reply.stdout
    assert kernel.runs()[0].params == {"lr": "0.5"}


def test_track_below_another_cell_magic_is_refused_with_the_next_step(kernel):
    reply = kernel.run("%%time\n%%track\nran = True")
    assert "first line" in reply.stderr
    assert kernel.run("'ran' in globals()").result == "False"


def test_a_line_that_cannot_be_read_stops_the_cell_and_names_the_nearest_option(kernel):
    reply = kernel.run("%%track --experimen mnist\nran = True")
    assert "Did you mean --experiment?" in reply.stderr
    assert kernel.run("'ran' in globals()").result == "False"
    assert kernel.runs() == []


def test_an_unknown_parent_stops_the_cell(kernel):
    reply = kernel.run("%%track --parent nobody\nran = True")
    assert "nobody" in reply.stderr
    assert kernel.run("'ran' in globals()").result == "False"


def test_params_come_from_literals_and_options_and_metrics_from_options(kernel):
    kernel.run("width = 7")
    kernel.run(
        '%%track full -e mnist -p width -p note="two words" -m acc -m losses -t team=vision --goal max:acc\nlr = 0.1\nacc = 0.9 * 1\nlosses = [3.0, 2.0]'
    )
    run = kernel.runs()[0]
    assert run.params == {"lr": "0.1", "width": "7", "note": "two words"}
    assert run.start.experiment == "mnist"
    assert run.tags["team"] == "vision"
    assert run.metrics["acc"].last == 0.9
    losses = run.metrics["losses"]
    assert (losses.count, losses.last, losses.lowest, losses.highest) == (2, 2.0, 2.0, 3.0)


def test_the_goals_name_is_a_metric_also_where_it_is_bound_to_a_literal_and_its_lack_is_told(kernel):
    reply = kernel.run("%%track one --goal max:acc\nlr = 0.1\nacc = 0.9")
    assert "note" not in reply.shown[0]
    kernel.run("import nbtrack")
    kernel.run("%%track two --goal min:loss\nfor loss in (0.5, 0.2): nbtrack.log(loss=loss)")
    reply = kernel.run("%%track three --goal max:acc\nac = 0.9")
    assert "--goal names 'acc', which is no metric of this run; %track log acc=VALUE adds it" in reply.shown[0]
    three, two, one = kernel.runs()
    assert (one.params, one.metrics["acc"].last) == ({"lr": "0.1"}, 0.9)
    assert (two.metrics["loss"].count, two.metrics["loss"].direction) == (2, "min")
    assert three.metrics == {}


def test_variables_and_expressions_expand_in_the_line(kernel):
    kernel.run("who, n = 'ada', 3")
    kernel.run("%%track $who -p n2={n * 2} -p sum={1 + 1}\npass")
    assert kernel.runs()[0].name == "ada"
    assert kernel.runs()[0].params == {"n2": "6", "sum": "2"}


def test_a_papermill_parameters_cell_gives_params_to_later_runs(kernel):
    kernel.run("# Parameters\nalpha = 0.3\nepochs = 4\n")
    kernel.run("%%track fit\nscore = alpha * epochs")
    assert kernel.runs()[0].params == {"alpha": "0.3", "epochs": "4"}


def test_running_a_cell_again_is_attempt_two_with_its_own_params(kernel):
    for lr in ("0.1", "0.2"):
        assert kernel.run(f"%%track fit\nlr = {lr}", "cell-a").status == "ok"
    second, first = kernel.runs()
    assert (first.start.attempt, second.start.attempt) == (1, 2)
    assert (first.params["lr"], second.params["lr"]) == ("0.1", "0.2")


def test_update_continues_the_last_attempt_and_keeps_the_first_param(kernel):
    kernel.run("%%track fit\nlr = 0.1", "cell-a")
    kernel.run("%%track fit --update\nlr = 0.2", "cell-a")
    (run,) = kernel.runs()
    assert run.params == {"lr": "0.1"}
    assert run.later_params == {"lr": ("0.2",)}
    assert run.state is State.FINISHED


def test_track_on_spans_cells_and_a_tracked_cell_inside_is_its_child(kernel):
    kernel.run("%track on whole")
    kernel.run("import nbtrack; nbtrack.log(a=1)")
    kernel.run("%%track part\nnbtrack.log(b=2)")
    kernel.run("nbtrack.log(a=2)")
    reply = kernel.run("%track off")
    assert "whole" in reply.result
    part, whole = kernel.runs()
    assert part.start.parent == whole.run_id
    assert whole.metrics["a"].count == 2
    assert set(part.metrics) == {"b"}
    assert whole.state is State.FINISHED


def test_the_line_after_the_cell_tells_name_state_params_and_metrics(kernel):
    reply = kernel.run("%%track show-me\nimport nbtrack\nlr = 0.1\nfor loss in (0.5, 0.2, 0.3):\n    nbtrack.log(loss=loss)")
    assert "show-me" in reply.shown[0]
    assert "lr=0.1" in reply.shown[0]
    assert "loss 0.3 (best 0.2 at step 1)" in reply.shown[0]
    assert "<b>show-me</b>" in reply.html[0]


def test_hostile_names_are_escaped_in_the_line(kernel):
    reply = kernel.run('%%track "<script>alert(1)</script>" -p "<img src=x>=<b>"\npass')
    assert "<script" not in reply.html[0]
    assert "<img" not in reply.html[0]


def test_quiet_shows_no_line(kernel):
    assert kernel.run("%%track --quiet\npass").shown == []


def test_dry_keeps_nothing_and_says_what_it_would(kernel):
    reply = kernel.run("%%track --dry\nlr = 0.1\nlr")
    assert reply.result == "0.1"
    assert "param lr = 0.1" in reply.shown[0]
    assert kernel.runs() == []


def test_unload_leaves_no_hook_behind(bare_kernel):
    count = "ip = get_ipython(); [len(ip.events.callbacks[n]) for n in sorted(ip.events.callbacks)], len(ip.input_transformer_manager.cleanup_transforms), len(ip.ast_transformers), len(ip.Completer.custom_matchers), [n for n in vars(ip) if 'nbtrack' in n], 'track' in ip.magics_manager.magics['cell'], 'track' in ip.magics_manager.magics['line']"
    before = bare_kernel.run(count).result
    bare_kernel.run("%load_ext nbtrack")
    assert bare_kernel.run(count).result != before
    bare_kernel.run("%unload_ext nbtrack")
    assert bare_kernel.run(count).result == before
    assert bare_kernel.run("%reload_ext nbtrack").status == "ok"
    bare_kernel.run("%%track again\npass")
    assert [run.name for run in bare_kernel.runs()] == ["again"]


def test_unload_with_an_open_run_ends_it_and_waits_for_no_import(kernel):
    traces = "import sys, os; [it for it in sys.meta_path if type(it).__module__.startswith('nbtrack')], os.environ.get('MLFLOW_TRACKING_URI')"
    kernel.run("%track on q")
    kernel.run("x = 1")
    assert kernel.run("%unload_ext nbtrack").status == "ok"
    assert kernel.run(traces).result == "([], None)"
    assert kernel.run("%load_ext nbtrack").status == "ok"
    assert kernel.run("%%track cell\ny = 2\n%unload_ext nbtrack").stderr == ""
    assert kernel.run(traces).result == "([], None)"
    assert [(run.name, run.state, run.params) for run in kernel.runs()] == [("cell", State.FINISHED, {"y": "2"}), ("q", State.FINISHED, {})]


def test_a_run_of_several_cells_has_its_line_whatever_ends_it_and_tells_of_a_cell_that_failed(kernel):
    kernel.run("%track on a")
    assert [kernel.run("1 / 0").count, kernel.run("1 / 0").count] == [3, 4]
    assert "has no option" in kernel.run("%track on --nonsense").stderr
    assert kernel.run("%track").result.startswith("tracking now: a")
    again = kernel.run("%track on b")
    assert "✓ a  finished" in again.shown[0] and "tracking as b" in again.stdout
    assert "note: cell [3] failed (ZeroDivisionError)" in again.shown[0] and "note: cell [4] failed" in again.shown[0]
    kernel.run("%%track own\n1 / 0")
    off = kernel.run("%track off")
    assert "✓ b  finished" in off.result and "failed" not in off.result
    kernel.run("%track on c")
    assert "✓ c  finished" in kernel.run("%unload_ext nbtrack").shown[0]


def test_loading_imports_no_heavy_library(bare_kernel):
    bare_kernel.run("%load_ext nbtrack")
    assert bare_kernel.run("import sys; [m for m in ('mlflow', 'pandas', 'matplotlib', 'numpy', 'sqlalchemy') if m in sys.modules]").result == "[]"
    bare_kernel.run("%%track\npass")
    assert bare_kernel.run("[m for m in ('mlflow', 'pandas', 'matplotlib', 'numpy', 'sqlalchemy') if m in sys.modules]").result == "[]"


@pytest.mark.parametrize("word", ["enable", "disable"])
def test_loading_leaves_the_garbage_collector_as_it_was(bare_kernel, word):
    bare_kernel.run(f"import gc; gc.{word}()")
    bare_kernel.run("%load_ext nbtrack")
    assert bare_kernel.run("gc.isenabled()").result == str(word == "enable")


def test_an_unwritable_journal_costs_a_cell_one_notice_and_the_cell_finishes(bare_kernel):
    bare_kernel.run("import os; os.environ['NBTRACK_HOME'] = '/proc/nowhere'")
    bare_kernel.run("%load_ext nbtrack")
    reply = bare_kernel.run("%%track\n1 + 1")
    assert reply.result == "2"
    assert "NBTRACK_HOME" in reply.stderr
    assert bare_kernel.run("%%track\n1 + 1").stderr == "nbtrack: not tracked: the journal's folder cannot be written, see above\n"


def test_a_metric_that_is_no_number_is_refused_with_a_notice(kernel):
    reply = kernel.run("%%track\nimport nbtrack\nnbtrack.log(loss='low')\n'done'")
    assert reply.result == "'done'"
    assert "not a number" in reply.shown[0]


def test_a_name_that_raises_on_repr_does_not_break_the_cell(kernel):
    reply = kernel.run(
        "%%track -p bad -m bad\nclass Bad:\n    def __repr__(self): raise RuntimeError('no')\n    __float__ = __str__ = __len__ = __repr__\nbad = Bad()\n'done'"
    )
    assert reply.result == "'done'"
    assert kernel.runs()[0].state is State.FINISHED


def test_a_result_that_cannot_be_shown_ends_the_run_as_the_kernel_answers(kernel):
    reply = kernel.run("%%track\nclass Bad:\n    def __repr__(self): raise RuntimeError('no picture')\nx = 1\nBad()")
    run = kernel.runs()[0]
    if reply.status == "error":
        assert (run.state, run.reason) == (State.FAILED, "RuntimeError: no picture")
    else:  # by older releases of ipykernel
        assert run.state is State.FINISHED
    assert kernel.run("%%track\ny = 2").status == "ok"
    assert kernel.runs()[0].state is State.FINISHED


def test_threads_and_tasks_of_a_cell_write_to_its_run(kernel):
    kernel.run(
        "%%track both\nimport asyncio, threading, nbtrack\n"
        "threads = [threading.Thread(target=lambda: [nbtrack.log(a=i) for i in range(100)]) for _ in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "async def later():\n    nbtrack.log(b=1)\nawait asyncio.gather(later(), later())"
    )
    run = kernel.runs()[0]
    assert (run.metrics["a"].count, run.metrics["b"].count) == (400, 2)


def test_a_task_that_outlives_its_cell_never_writes_to_the_next_run(kernel):
    kernel.run(
        "%%track one\nimport asyncio, nbtrack\nasync def late():\n    await asyncio.sleep(0.5)\n    nbtrack.log(late=1)\ntask = asyncio.create_task(late())"
    )
    kernel.run("%%track two\nawait task")
    two, one = kernel.runs()
    assert "late" not in two.metrics
    assert one.metrics["late"].count == 1


def test_a_cell_that_begins_with_an_empty_line_is_tracked(kernel):
    assert kernel.run("\n\n%%track below\nlr = 0.1\nlr").result == "0.1"
    assert [(run.name, run.params) for run in kernel.runs()] == [("below", {"lr": "0.1"})]


def test_track_on_takes_options_variables_and_expressions_and_is_what_log_means_after_off(kernel):
    kernel.run("who, n = 'ada', 3")
    kernel.run("%track on whole-$who -e trials -t team={who} -p n")
    status = kernel.run("%track").result
    assert "tracking now: whole-ada" in status
    assert "nbtrack+" not in status
    kernel.run("%%track part\npass")
    kernel.run("%track off")
    assert "whole-ada" in kernel.run("%track log acc={n / 4}").stdout
    part, whole = kernel.runs()
    assert (whole.start.experiment, part.start.experiment, whole.tags["team"], whole.params) == ("trials", "trials", "ada", {"n": "3"})
    assert (whole.metrics["acc"].last, part.start.parent) == (0.75, whole.run_id)


def test_sys_exit_zero_is_a_finished_run(kernel):
    kernel.run("%%track leaves\nimport sys\nsys.exit(0)")
    assert kernel.runs()[0].state is State.FINISHED


def test_a_syntax_error_is_shown_as_usual_and_the_run_failed(kernel):
    reply = kernel.run("%%track wrong\nx = = 1")
    assert reply.ename == "SyntaxError"
    assert kernel.runs()[0].state is State.FAILED


def test_a_block_in_a_notebook_belongs_to_the_notebooks_experiment(kernel):
    kernel.run("import os; os.environ['NBTRACK_NOTEBOOK'] = '/notes/digits.ipynb'")
    kernel.run("import nbtrack\nwith nbtrack.track('alone'):\n    pass")
    kernel.run("%%track cell -e chosen\nwith nbtrack.track('inside'):\n    pass")
    views = {view.name: view for view in kernel.runs()}
    assert {name: view.start.experiment for name, view in views.items()} == {"alone": "digits", "cell": "chosen", "inside": "chosen"}
    assert views["inside"].start.parent == views["cell"].run_id
    assert views["alone"].tags["mlflow.source.type"] == "NOTEBOOK"


def test_a_run_that_diverged_shows_nan(kernel):
    kernel.run("import numpy as np\nx = np.array([1., -1., 2.])\nnp.seterr(all='ignore')\nev = lambda a: float(np.log(a).mean())")
    reply = kernel.run("%%track diverged\nval_loss = np.sqrt(x).mean()\nprint('val_loss', val_loss)\nerror = ev(x * 0)")
    [run] = kernel.runs()
    assert {name: str(it.last) for name, it in run.metrics.items()} == {"val_loss": "nan", "error": "-inf"}
    assert "nan" in reply.shown[0]
