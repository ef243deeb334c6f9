"""Silence of one thread."""

from __future__ import annotations

import contextlib
import io
import sys
import threading

from nbtrack.capture.quiet import quiet


def test_one_thread_is_silent_and_the_others_are_heard(capsys):
    before = sys.stdout, sys.stderr
    with quiet():
        print("ours")
        print("ours", file=sys.stderr)
        other = threading.Thread(target=print, args=("theirs",))
        other.start()
        other.join()
    print("after")
    assert (sys.stdout, sys.stderr) == before
    assert capsys.readouterr() == ("theirs\nafter\n", "")


def test_two_threads_put_back_the_streams_that_were_there():
    before, inside, leave = (sys.stdout, sys.stderr), threading.Event(), threading.Event()

    def other():
        with quiet():
            inside.set()
            leave.wait(20)

    thread = threading.Thread(target=other)
    with quiet():
        thread.start()
        assert inside.wait(20)
    leave.set()
    thread.join()
    assert (sys.stdout, sys.stderr) == before


def test_a_redirection_that_ends_later_leaves_a_stream_that_is_heard(capsys):
    before, theirs = sys.stdout, io.StringIO()
    with contextlib.ExitStack() as users:
        with quiet():
            users.enter_context(contextlib.redirect_stdout(theirs))
        print("theirs")
    print("heard")
    with quiet(), quiet():
        print("ours")
    assert sys.stdout is before
    assert (theirs.getvalue(), capsys.readouterr().out) == ("theirs\n", "heard\n")
