"""What all code shares is looked at between cells: a cell is told of what it did, and of nothing that was done before it."""

import json
import time

import pytest

from nbtrack.notebooks.reasons import STAMP_TAG

_MOVED = "import json; print(json.dumps([sorted({'<environ>', '<folder>'} & it.entry.seen.moved) for it in get_ipython()._nbtrack_session.truth.history.steps[-3:]]))"
_WIDGET = """
import os, random
def opened(comm, message):
    comm.on_msg(lambda message: (os.environ.update(HELLO=message["content"]["data"]), random.random()))
get_ipython().kernel.comm_manager.register_target("a widget", opened)
"""
_HOOK = "get_ipython().events.register('pre_run_cell', lambda info: os.environ.update(HELLO=info.raw_cell))"
_THREAD = """
import threading, time
def change():
    for number in range(10_000):
        os.environ["HELLO"] = str(number)
        time.sleep(0.01)
thread = threading.Thread(target=change, daemon=True)
thread.start()
"""


@pytest.fixture
def moved(kernel):
    """Which places each of the last three cells moved."""
    return lambda: json.loads(kernel.run(_MOVED).stdout)


def tell(kernel, kind, **content):
    """What a widget's front end says."""
    message = kernel.client.session.msg(kind, {"comm_id": "1", **content})
    kernel.client.shell_channel.send(message)
    while True:
        answer = kernel.client.get_iopub_msg(timeout=120)
        if answer["parent_header"].get("msg_id") == message["header"]["msg_id"] and answer["content"].get("execution_state") == "idle":
            return


def test_a_cell_has_moved_what_it_moved_and_the_next_one_has_not(kernel, moved):
    for code in ("import os", "os.environ['HELLO'] = 'you'", "x = 1"):
        kernel.run(code)
    assert moved() == [[], ["<environ>"], []]


def test_cells_that_are_sent_at_once_are_told_apart(kernel, moved):
    for sent in [kernel.send(code) for code in ("import os", "os.environ['HELLO'] = 'you'", "x = 1", "os.environ['HELLO'] = 'all'")]:
        assert kernel.answer(sent).status == "ok"
    assert moved() == [["<environ>"], [], ["<environ>"]]


def test_what_a_widget_does_between_two_cells_is_none_of_the_next_ones_doing(kernel, moved):
    kernel.run(_WIDGET)
    kernel.run("x = 1")
    tell(kernel, "comm_open", target_name="a widget", data={})
    tell(kernel, "comm_msg", data="you")
    assert kernel.run("x = os.environ['HELLO']; x").result == "'you'"
    kernel.run("y = 1")
    assert moved() == [[], [], []]
    drew = "print([sorted(it.entry.seen.drew) for it in get_ipython()._nbtrack_session.truth.history.steps[-3:]])"
    assert kernel.run(drew).stdout.strip() == "[[], [], []]"


def test_what_another_hook_changes_before_ours_is_none_of_the_cells_doing(bare_kernel):
    for code in ("import os", _HOOK, "%load_ext nbtrack", "x = 1", "y = 2", "z = 3"):
        bare_kernel.run(code)
    assert json.loads(bare_kernel.run(_MOVED).stdout) == [[], [], []]


def test_where_a_thread_goes_on_all_is_looked_at_anew_when_a_cell_begins(kernel):
    kernel.run("import os")
    kernel.run(_THREAD)
    kernel.run("time.sleep(0.2)")
    kernel.run("x = 1")
    kernel.run(
        "import nbtrack.capture.shared as shared; shared.Rest.look, look, looks = (lambda self, *given: looks.append(1) or look(self, *given)), shared.Rest.look, []"
    )
    kernel.run("y = 1")
    assert kernel.run("print(len(looks))").stdout.strip() == "4"  # before and after each of two cells, beside what is kept for the next one


def test_what_the_kernel_replaces_for_the_time_of_a_cell_is_none_of_the_cells_doing(kernel):
    for code in ("import getpass", "x = 1", "y = 2", "input, getpass.getpass = print, print"):
        kernel.run(code)
    patched = "print([sorted(it.entry.seen.patched | it.entry.seen.patched_modules) for it in get_ipython()._nbtrack_session.truth.history.steps[-4:]])"
    assert kernel.run(patched).stdout.strip() == "[[], [], [], ['getpass']]"


_STEPS = "[it.entry.source for it in get_ipython()._nbtrack_session.truth.history.steps if 'y3' in it.sets][-1]"
_KNOWN = "truth = get_ipython()._nbtrack_session.truth; print(len(truth._waiting))"


def test_what_cells_did_is_thought_about_once_no_cell_has_begun_for_a_while_or_when_it_is_asked_for(kernel, until):
    kernel.run("x = 1")
    until(lambda: time.sleep(0.5) or kernel.run(_KNOWN).stdout.strip() == "0")
    kernel.run("x = 2")
    kernel.run("def double(v): return 2 * v")
    assert kernel.run(_KNOWN).stdout.strip() == "0", "what later cells touch depends on it"
    for number in range(5):
        kernel.run(f"y{number} = double({number})")
    kernel.run("%%track --quiet\nscore = double(y3) + 0.5")
    run = kernel.runs()[0]
    assert run.metrics["score"].last == 12.5
    assert run.tags[STAMP_TAG] == "yes"
    assert kernel.run(f"print({_STEPS})").stdout.strip() == "y3 = double(3)"
