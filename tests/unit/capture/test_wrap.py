"""Wrappers that nobody notices and that go away."""

import subprocess
import sys
import traceback

import pytest

from nbtrack.capture.wrap import observed, wrap


class Thing:
    def act(self, number):
        return 1 / number


def test_what_is_wrapped_sees_results_and_arguments_and_can_be_undone():
    seen = []
    before = Thing.act
    undo = wrap(Thing, "act", lambda call: observed(call, lambda result, thing, number: seen.append((result, number))))
    assert Thing().act(2) == 0.5
    undo()
    assert seen == [(0.5, 2)]
    assert Thing.act is before


def test_an_instance_gets_its_class_method_back():
    thing = Thing()
    wrap(thing, "act", lambda call: observed(call, lambda *_: None))()
    assert vars(thing) == {}


def test_an_error_passes_without_a_frame_of_ours():
    undo = wrap(Thing, "act", lambda call: observed(call, lambda *_: None))
    with pytest.raises(ZeroDivisionError) as caught:
        Thing().act(0)
    undo()
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names == ["test_an_error_passes_without_a_frame_of_ours", "act"]


def test_what_the_observer_raises_is_dropped():
    def see(*_):
        raise ValueError("ours")

    assert observed(lambda: 3, see)() == 3


def test_where_somebody_wrapped_it_again_undoing_leaves_theirs():
    thing = Thing()
    undo = wrap(thing, "act", lambda call: observed(call, lambda *_: None))
    theirs = thing.act = lambda number: number
    undo()
    assert thing.act is theirs


SCRIPT = """
import inspect, sys, traceback
from nbtrack.capture.imports import when_imported
finders = list(sys.meta_path)
seen = []
when_imported("json", seen.append)          # there already
when_imported("this_is_new", seen.append)
when_imported("this_is_broken", seen.append)
forget = when_imported("never", seen.append)
import this_is_new
assert [module.__name__ for module in seen] == ["json", "this_is_new"], seen
assert type(this_is_new.__spec__.loader).__name__ == "SourceFileLoader"
assert "x = 1" in inspect.getsource(this_is_new)
try:
    import this_is_broken
except ZeroDivisionError:
    assert "nbtrack" not in traceback.format_exc(), traceback.format_exc()
try:
    import never
except ModuleNotFoundError:
    pass
forget()
assert len(sys.meta_path) == len(finders) + 1, "this_is_broken may still be imported"
"""


def test_an_import_is_told_and_is_what_it_was(tmp_path):
    (tmp_path / "this_is_new.py").write_text("x = 1\n")
    (tmp_path / "this_is_broken.py").write_text("1/0\n")
    done = subprocess.run([sys.executable, "-c", "import json\n" + SCRIPT], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
