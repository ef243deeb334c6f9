"""Runs one peer in its own environment and prints one line of JSON: `python drive.py PEER TASK FOLDER POINTS`.

A peer is a module of this folder with five functions that keep to the peer's public, documented use:
`start(folder)` begins a run; `log(value)` hands over one point of the metric `loss`; `finish()` ends the run and waits until
everything is stored; `survivors(folder)` lists the values that can be read back after the process was killed; `version()`.
A peer whose call takes many points at once has `log_many(values)` and its `CHUNK` instead of `log`; one whose calls return before
others can read has `wait_visible(folder, count)`.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path


def loop(peer, folder: Path, count: int) -> dict:
    """Microseconds a point in the user's loop, by the wall and by the processor (all threads), and with the wait for the end."""
    peer.start(folder)
    log = _logger(peer)
    log(0.5)  # the first call opens files and starts threads; training pays it once
    wall, cpu = time.perf_counter(), time.process_time()
    for i in range(count):
        log(i * 0.5)
    _flush(peer)
    loop_wall, loop_cpu = time.perf_counter() - wall, time.process_time() - cpu
    peer.finish()
    return {"wall_us": loop_wall / count * 1e6, "cpu_us": loop_cpu / count * 1e6, "total_us": (time.perf_counter() - wall) / count * 1e6}


def _log_and_note(peer, folder: Path, count: int) -> None:
    """Log, and note beside the run how many calls have returned."""
    peer.start(folder)
    log = _logger(peer)
    for i in range(count):
        log(i + 0.5)
    _flush(peer)
    (folder / "returned").write_text(str(count))


def crash(peer, folder: Path, count: int) -> dict:
    """Log, note beside the run which calls have returned, and die at once."""
    _log_and_note(peer, folder, count)
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def orderly(peer, folder: Path, count: int) -> dict:
    """The control of `crash`: the same points, but the run ends as it should."""
    _log_and_note(peer, folder, count)
    peer.finish()
    return {}


def survivors(peer, folder: Path, count: int) -> dict:
    """How many of the values of returned calls are there, and how many are there twice."""
    found = peer.survivors(folder)
    whole = {i + 0.5 for i in range(count)}
    return {"returned": int((folder / "returned").read_text()), "kept": len(whole & set(found)), "twice": len(found) - len(set(found))}


def visible(peer, folder: Path, count: int) -> dict:
    """Seconds from the first of `count` points until all can be read by others; everything is warm, a run was stored before."""
    warm_up = min(1000, count)
    _fill(peer, folder, warm_up)
    peer.finish()
    peer.start(folder)
    start = time.perf_counter()
    _fill_started(peer, folder, count, already=warm_up)
    done_s = time.perf_counter() - start
    peer.finish()
    return {"visible_s": done_s}


def visible_cold(peer, folder: Path, count: int) -> dict:
    """The same from the moment the peer is imported, with nothing running beside."""
    _fill(peer, folder, count)
    done_s = time.perf_counter() - _began
    peer.finish()
    return {"visible_s": done_s}


def _fill(peer, folder: Path, count: int) -> None:
    peer.start(folder)
    _fill_started(peer, folder, count)


def _fill_started(peer, folder: Path, count: int, already: int = 0) -> None:
    log = _logger(peer)
    for i in range(count):
        log(i + 0.5)
    _flush(peer)
    if hasattr(peer, "wait_visible"):
        peer.wait_visible(folder, already + count)


def version(peer, folder: Path, count: int) -> dict:
    """Whether the peer can be imported, and which it is."""
    return {"version": peer.version()}


_gathered: list[float] = []
_began = 0.0


def _logger(peer):
    if hasattr(peer, "log"):
        return peer.log

    def gather(value: float) -> None:
        _gathered.append(value)
        if len(_gathered) == peer.CHUNK:
            _flush(peer)

    return gather


def _flush(peer) -> None:
    if _gathered:
        peer.log_many(_gathered)
        _gathered.clear()


if __name__ == "__main__":
    name, task, place, points = sys.argv[1:]
    os.chdir(place)
    _began = time.perf_counter()
    tasks = {act.__name__: act for act in (loop, crash, orderly, survivors, visible, visible_cold, version)}
    answer = tasks[task](importlib.import_module(name), Path(place), int(points))
    print("\n" + json.dumps(answer), flush=True)
