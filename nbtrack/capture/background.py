"""What a cell leaves to be done, in threads that stay: starting one for each cell would cost the cell a wait for the new thread."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from nbtrack.system import after_fork_in_child

if TYPE_CHECKING:  # a kernel does not have it loaded
    from concurrent.futures import Future, ThreadPoolExecutor

_threads: dict[str, ThreadPoolExecutor] = {}
_waited_for: set[object] = set()
"""One for each thing that is not done yet."""
after_fork_in_child(_threads.clear)  # they are the parent's
after_fork_in_child(_waited_for.clear)


def soon(thread: str, act: Callable[[], None]) -> Future[None]:
    """Do this in the thread of that name, after all it was given before; what it raises is in the future. A process ends once all is done."""
    from concurrent.futures import Future

    token = object()

    def once() -> None:
        try:
            act()
        finally:
            _waited_for.discard(token)

    _waited_for.add(token)
    try:
        if thread not in _threads:
            from concurrent.futures import ThreadPoolExecutor

            _threads[thread] = ThreadPoolExecutor(1, thread_name_prefix=f"nbtrack-{thread}")
        return _threads[thread].submit(once)
    except RuntimeError:  # the interpreter shuts down and starts no thread
        once()
    done: Future[None] = Future()
    done.set_result(None)
    return done


def is_idle() -> bool:
    """Whether all is done."""
    return not _waited_for


def wait(thread: str, wait_s: float) -> None:
    """Wait until all is done that the thread of that name was given, but no longer."""
    if thread in _threads:
        with contextlib.suppress(RuntimeError, TimeoutError):
            _threads[thread].submit(lambda: None).result(wait_s)
