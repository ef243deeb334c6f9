"""`make bench`: measures nbtrack beside its peers, prints the table, keeps the last one in `docs/benchmarks.md`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from environments import NBTRACK, PEERS, ROOT, CannotRunError, Peer, prepare, use_this_interpreter
from measures import MEASURES
from plan import Plan
from report import Row, facts_of_machine, load, show, write
from rounds import say


def main() -> int:
    wanted = _arguments()
    rows: list[Row] = []
    facts = facts_of_machine()
    load_before = load()
    versions = {"nbtrack": use_this_interpreter() if wanted.here else prepare(NBTRACK, fresh=True)}
    refused: dict[str, str] = {}
    peers: list[Peer] = []
    for peer in () if wanted.no_peers else PEERS:
        say(f"environment of {peer.title}")
        try:
            versions[peer.venv] = prepare(peer)
            peers.append(peer)
        except CannotRunError as reason:
            refused[peer.title] = str(reason)
    plan = Plan(tuple(peers), rounds=wanted.rounds, scale=wanted.scale, kills=wanted.kills, cells=wanted.cells, has_peers=not wanted.no_peers, refused=refused)
    for name in wanted.only or MEASURES:
        say(f"measuring {name}")
        try:
            rows += [replace(row, part=name) for row in MEASURES[name](plan)]
        except Exception as cause:  # noqa: BLE001  the other measurements are still worth having
            rows.append(Row(f"{name}: could not be measured", type(cause).__name__, is_met=False, part=name))
            plan.refused[name] = " ".join(str(cause).split())[-200:]
    rows += [Row(f"{title}: does not run here", "none") for title in plan.refused if any(title == peer.title for peer in PEERS)]
    facts["load"] = f"{load_before} waiting or running when begun, {load()} at the end; above the number of cores, walls are too long and vary"
    facts["versions"] = ", ".join(f"{name} {version}" for name, version in versions.items())
    facts["command"] = " ".join(["python", "tests/benchmarks/run.py", *sys.argv[1:]])
    facts |= {f"not measured, {title}": reason for title, reason in plan.refused.items()}
    show(rows, facts)
    if wanted.write:
        write(ROOT / "docs" / "benchmarks.md", rows, facts, is_whole=not wanted.only)
    return int(wanted.strict and any(row.is_met is False for row in rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=list(MEASURES), help="one measurement; may be given several times")
    parser.add_argument("--rounds", type=int, default=5, help="medians are over this many rounds (5)")
    parser.add_argument("--kills", type=int, default=30, help="kernels to kill (30)")
    parser.add_argument("--cells", type=int, default=25, help="tracked cells in one kernel (25)")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the numbers of points; below 1 only for trying out")
    parser.add_argument("--no-peers", action="store_true", help="nbtrack alone")
    parser.add_argument("--here", action="store_true", help="measure the nbtrack of this interpreter instead of one freshly installed")
    parser.add_argument("--write", action="store_true", help="keep the table in docs/benchmarks.md; with --only, its rows among the others' of before")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if an aim is missed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
