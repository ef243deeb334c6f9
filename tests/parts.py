"""`make test`: the parts of the suite. Those that need a process of their own run beside the plain one, as each of them leaves a core idle."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Part:
    """A command, and what it is called where it fails."""

    name: str
    command: tuple[str, ...]


def main(at_once: str, again: str) -> int:
    """Run all; `at_once` are pytest's words for the plain part alone, `again` those for each."""
    pytest = (sys.executable, "-m", "pytest", *shlex.split(again))
    plain = Part("plain", (*pytest, *shlex.split(at_once)))
    failed = run(plain, [Part(name, (*pytest, name)) for name in ("tests/server", "tests/browser")], sys.stdout.buffer)
    if failed:
        print(f"Tests failed in: {' '.join(f'[{it}]' for it in failed)}. The names stand in the summary of each part above.", file=sys.stderr)
    return int(bool(failed))


def run(front: Part, beside: Sequence[Part], out: BinaryIO) -> list[str]:
    """Run one part and the others, one after another, beside it; gives the names of those that did not pass.

    The first writes as it goes; what the others write follows when it is over, and from then on as they go. To be called in the main thread.
    """
    passed = set()
    is_interrupted = threading.Event()

    def execute(part: Part, to: BinaryIO) -> None:
        if is_interrupted.is_set():
            return
        to.write(f"\n== {part.name}\n".encode())
        to.flush()
        if subprocess.Popen(part.command, stdout=to, stderr=subprocess.STDOUT).wait() == 0:
            passed.add(part)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # a terminal tells all of them, and each ends what it started
        signal.signal(signal.SIGINT, lambda *_: is_interrupted.set())
    try:
        with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log, (Path(folder) / "log").open("rb") as written:
            others = threading.Thread(target=lambda: [execute(part, log) for part in beside])
            others.start()
            execute(front, out)
            is_last = False
            while not is_last:
                others.join(0.5)
                is_last = not others.is_alive()
                out.write(written.read())
                out.flush()
    finally:
        signal.signal(signal.SIGINT, before)
    return [it.name for it in (front, *beside) if it not in passed]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
