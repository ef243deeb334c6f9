"""What `nbtrack run NOTEBOOK` does and prints."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbtrack import settings
from nbtrack.amounts import counted
from nbtrack.entities import State
from nbtrack.errors import UsageError
from nbtrack.exits import Exit
from nbtrack.journal import Home
from nbtrack.pipelines.listener import Stop, StopReason


def given(pairs: list[str], file: Path | None) -> tuple[dict[str, Any], frozenset[str]]:
    """Params of the command line, over those of a file; and the names of those that were typed.

    Raises:
        UsageError: one has no value.
    """
    from nbtrack.pipelines.parameters import read_params

    found: dict[str, Any] = read_params(file) if file is not None else {}
    typed = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"Parameter {pair!r} has no value.", mend=f"Write -p {name or 'NAME'} VALUE, or -p {name or 'NAME'}=VALUE.")
        typed[name] = value
    return {**found, **typed}, frozenset(typed)


def help_of(path: Path, as_json: bool) -> None:
    """Print the parameters of a notebook."""
    from nbtrack.pipelines import notebook as notebooks
    from nbtrack.pipelines.parameters import UNKNOWN, declared_in

    declared = declared_in(notebooks.read(path))
    if as_json:
        rows = [
            {"name": it.name, "type": it.type, "default": None if it.default is UNKNOWN else it.default, "text": it.text, "help": it.help} for it in declared
        ]
        print(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
    elif not declared:
        print(f"{path} takes no parameters. Tag the cell that sets them with `parameters`.")
    else:
        width = max(len(str(it)) for it in declared)
        print(f"Parameters of {path}:")
        for it in declared:
            print(f"  {str(it).ljust(width)}  {it.help}".rstrip())


def run_one(
    path: Path, params: dict[str, Any], texts: frozenset[str], *, out: Path | None, kernel: str, name: str, timeout_s: float | None, as_json: bool
) -> int:
    """Run one notebook; the exit code."""
    from nbtrack.pipelines.progress import Terminal, Watch, failure_text
    from nbtrack.pipelines.single import run_notebook
    from nbtrack.reads import words

    terminal = Terminal(sys.stderr, is_live=sys.stderr.isatty())
    stop = Stop()
    watch = Watch(terminal, name or path.stem, Home(settings.home(settings.load())))

    def act() -> Any:
        return run_notebook(path, params, texts=texts, out=out, kernel=kernel, name=name, timeout_s=timeout_s, stop=stop, listener=watch)

    found = interruptible(act, stop)
    watch.done()
    if as_json:
        data = words.as_data(found.run) | {"outputs": dict(found.outputs), "files": [str(it) for it in found.files]}
        print(json.dumps(data, indent=2, ensure_ascii=False, default=str))
    else:
        print(repr(found))
        for file in found.files:
            print(f"  wrote {file}")
    if found.state is State.FINISHED:
        return Exit.OK
    print(failure_text(found.result, found.job), file=sys.stderr)
    return Exit.INTERRUPTED if found.state is State.KILLED else Exit.FAILED


def delivered(code: int) -> int:
    """Bring what this machine's journal holds to the store, and say what could not be; the exit code, which says so too where nothing else is wrong."""
    left = undelivered()
    for text in left:
        print(f"nbtrack: {text}", file=sys.stderr)
    return Exit.UNREACHABLE if left and not code else code


def undelivered() -> list[str]:
    """Deliver what waits, once, and say of each store what it did not take: the machine of a job is gone soon."""
    chosen = settings.load()
    if not chosen.delivery:
        return []
    from nbtrack.delivery.sync import sync

    found = sync(Home(settings.home(chosen)), chosen)
    return [f"{counted(len(found.waiting), 'run is', 'runs are')} not in {store}: {error}" for store, error in found.problems.items()]


def interruptible(act: Callable[[], Any], stop: Stop) -> Any:
    """Do something in a thread; Ctrl-C and SIGTERM ask it to stop, and a second one to be quick about it."""
    result: list[Any] = []
    failed: list[BaseException] = []

    def go() -> None:
        try:
            result.append(act())
        except BaseException as cause:  # noqa: BLE001 - it is raised again where it was asked for
            failed.append(cause)

    thread = threading.Thread(target=go, name="nbtrack-run", daemon=True)
    with _signals(stop):
        thread.start()
        while thread.is_alive():
            thread.join(0.1)
    if failed:
        raise failed[0]
    return result[0]


@contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    def ask(*_: Any) -> None:
        stop.ask(StopReason.INTERRUPTED, now=stop.reason is not None)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
