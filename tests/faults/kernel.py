"""A kernel for the tests: begins a run, announces it and logs until told to stop, telling on stdout what it has logged.

    python kernel.py STORE COUNT [--sleep S] [--metric NAME] [--no-end] [--fork] [--spawn]

It prints `run ID`, then `logged N` after returned calls, and ends the run FINISHED.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from pathlib import Path

from nbtrack import courier
from nbtrack.entities import Kind, RunStart, State
from nbtrack.journal import Home, RunWriter, new_id
from nbtrack.journal.owner import Owner
from nbtrack.settings import load

HOME = Home(Path(os.environ["NBTRACK_HOME"]))


def work(run_id, metric, count):
    """What a worker process logs, with a writer of its own."""
    writer = RunWriter(HOME, run_id)
    for step in range(count):
        writer.log(metric, float(step), step=step)
    writer.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("store")
    parser.add_argument("count", type=int)
    parser.add_argument("--sleep", type=float, default=0.0)
    parser.add_argument("--metric", default="loss")
    parser.add_argument("--no-end", action="store_true")
    parser.add_argument("--fork", action="store_true")
    parser.add_argument("--spawn", action="store_true")
    args = parser.parse_args()
    store = courier.mask_uri(args.store)
    owner = Owner(HOME)
    writer = RunWriter.create(HOME, RunStart(new_id(), "busy-test", "Faults", store, owner.name, time.time_ns()))
    print("run", writer.run_id, flush=True)
    courier.announce_soon(HOME, args.store, load())
    writer.event(Kind.PARAM, name="lr", value="0.1")
    workers = []
    if args.fork:
        for at in range(2):
            pid = os.fork()
            if pid == 0:
                for step in range(args.count):
                    writer.log(f"fork-{at}", float(step), step=step)
                os._exit(0)
            workers.append(pid)
    if args.spawn:
        context = multiprocessing.get_context("spawn")
        spawned = [context.Process(target=work, args=(writer.run_id, f"spawn-{at}", args.count)) for at in range(2)]
        for process in spawned:
            process.start()
    for step in range(args.count):
        writer.log(args.metric, step * 0.5, step=step)
        if args.sleep or step % 100 == 99:
            os.write(1, b"logged %d\n" % (step + 1))
        if args.sleep:
            time.sleep(args.sleep)
    for pid in workers:
        os.waitpid(pid, 0)
    if args.spawn:
        for process in spawned:
            process.join()
    if args.no_end:
        print("waiting", flush=True)
        time.sleep(600)
    writer.event(Kind.END, state=State.FINISHED)
    print("ended", flush=True)


if __name__ == "__main__":
    main()
