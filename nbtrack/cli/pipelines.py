"""What the commands about pipelines do and print."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack import courier, settings
from nbtrack.amounts import counted
from nbtrack.capture.begin import tracking_uri
from nbtrack.cli.run import interruptible
from nbtrack.entities import State
from nbtrack.errors import UsageError
from nbtrack.exits import Exit
from nbtrack.journal import Home
from nbtrack.pipelines.cache import Cache
from nbtrack.pipelines.check import check_kernels
from nbtrack.pipelines.decide import folder_of_state
from nbtrack.pipelines.gating import judge
from nbtrack.pipelines.listener import Stop
from nbtrack.pipelines.load import find_file
from nbtrack.pipelines.open import Wanted, open_pipeline
from nbtrack.pipelines.past import STOPPED, let_go_of_the_dead, state_of, text_of
from nbtrack.pipelines.plan import Action

if TYPE_CHECKING:
    from nbtrack.pipelines.history import RunHistory
    from nbtrack.pipelines.warm.early import Begun

__all__ = ["Wanted", "cache", "check", "graph", "logs", "run", "show_plan", "status"]
_MARKS = {"run": "▶", "cached": "✓", "perhaps": "?", "skip": "-"}


def run(wanted: Wanted, *, jobs: int, keep_going: bool, resume: str, executor: str, as_json: bool, schedule: str = "", begun: Begun | None = None) -> int:
    """Run a pipeline; the exit code.

    Args:
        begun: a template that is on its way; whoever began it ends it.
    """
    from nbtrack.pipelines.executor import executor_of
    from nbtrack.pipelines.history import find
    from nbtrack.pipelines.pipeline import PipelineRun
    from nbtrack.pipelines.progress import PipelineShows, Terminal
    from nbtrack.pipelines.runs import Where

    before = find(folder_of_state(find_file(wanted.file, Path.cwd())), resume) if resume else None
    if before is not None:
        wanted = _as_before(wanted, before)
    opened = open_pipeline(wanted)
    if executor == "local":
        check_kernels(opened.graph, opened.books, opened.selection.wanted)
    chosen = settings.load()
    home = Home(settings.home(chosen))
    where = Where(home, courier.absolute_uri(tracking_uri(chosen), Path.cwd()), opened.state)
    shows = PipelineShows(Terminal(sys.stderr, is_live=sys.stderr.isatty()), home)
    stop = Stop()
    facts: dict[str, Any] = {"profile": wanted.profile, "stages": list(wanted.stages), "params": dict(wanted.params or {}), "typed": sorted(wanted.typed)}
    facts |= {"downstream": wanted.downstream, "force": wanted.force, "start": wanted.start} | ({"schedule": schedule} if schedule else {})

    where_to = executor_of(executor, jobs, begun)

    def act() -> Any:
        return PipelineRun(
            opened.graph, opened.books, opened.decider, opened.cache, opened.selection, where, where_to, shows, stop, keep_going=keep_going,
            facts=facts, resumed=before, judge=lambda node, run_id: judge(home, where.uri, opened.graph.loaded, opened.gates, node, run_id),
        ).run()  # fmt: skip

    result = interruptible(act, stop)
    counts = {phase: list(result.phases.values()).count(phase) for phase in dict.fromkeys(result.phases.values())}
    if as_json:
        rows = {it: {"phase": phase, "reason": result.reasons.get(it, ""), "run_id": result.runs.get(it, "")} for it, phase in result.phases.items()}
        print(json.dumps({"run_id": result.run_id, "state": result.state, "seconds": result.seconds, "stages": rows}, indent=2, ensure_ascii=False))
    else:
        told = ", ".join(f"{count} {phase}" for phase, count in counts.items())
        still = "nothing changed, " if result.state is State.FINISHED and set(counts) == {"cached"} else ""
        print(f"{opened.graph.loaded.name} {result.state.value.lower()} in {result.seconds:.1f} s: {still}{told}; run {result.run_id[:8]}")
    if result.state is State.KILLED:
        print(f"Go on with it: nbtrack run --resume {result.run_id[:8]}", file=sys.stderr)
        return Exit.INTERRUPTED
    if result.state is State.FINISHED:
        return Exit.OK
    return Exit.GATE if result.has_failed_gate and not any(it == "failed" for it in result.phases.values()) else Exit.FAILED


def _as_before(wanted: Wanted, before: RunHistory) -> Wanted:
    """The run that is resumed, as it was asked for; what is said now goes before."""
    facts = before.facts
    return Wanted(
        Path(before.file), tuple(wanted.stages or facts.get("stages", ())), {**facts.get("params", {}), **(wanted.params or {})},
        frozenset(facts.get("typed", ())) | wanted.typed, wanted.profile or facts.get("profile", ""), wanted.downstream or facts.get("downstream", False),
        wanted.force or facts.get("force", False), wanted.start or facts.get("start", ""),
    )  # fmt: skip


def show_plan(wanted: Wanted, as_json: bool) -> None:
    opened = open_pipeline(wanted)
    steps = opened.plan()
    if as_json:
        print(json.dumps([it.as_data() for it in steps], indent=2, ensure_ascii=False))
        return
    width = min(48, max((len(it.node.id) for it in steps), default=0))
    for it in steps:
        print(f"{_MARKS[it.action]} {it.node.id.ljust(width)}  {it.action.ljust(7)}  {'; '.join(it.reasons)}")
    counts = {action: sum(it.action is action for it in steps) for action in Action}
    print(", ".join(f"{count} {action}" for action, count in counts.items() if count) or "nothing to run")


def check(wanted: Wanted, as_schema: bool, as_json: bool) -> None:
    if as_schema:
        from nbtrack.pipelines.schema import schema

        print(json.dumps(schema(), indent=2, ensure_ascii=False))
        return
    opened = open_pipeline(wanted, with_kernels=True)
    loaded = opened.graph.loaded
    if as_json:
        nodes = {it.id: {"notebook": str(it.notebook), "needs": list(it.needs)} for it in opened.graph.nodes.values()}
        print(json.dumps({"name": loaded.name, "file": str(loaded.file), "stages": nodes}, indent=2, ensure_ascii=False))
    else:
        count = len(opened.graph.nodes)
        print(
            f"{loaded.file.name}: {loaded.name} is fine: {counted(len(loaded.pipeline.stages), 'stage')}"
            + (f", {count} with their matrices" if count > len(loaded.pipeline.stages) else "")
        )


def graph(wanted: Wanted, as_svg: bool, as_json: bool) -> None:
    from nbtrack.pipelines.draw import mermaid, svg

    opened = open_pipeline(wanted)
    actions = {it.node.id: str(it.action) for it in opened.plan()}
    if as_json:
        print(json.dumps({it.id: list(it.needs) for it in opened.graph.nodes.values()}, indent=2, ensure_ascii=False))
    else:
        print((svg if as_svg else mermaid)(opened.graph, actions), end="")


def status(file: Path | None, run_word: str, as_json: bool) -> None:
    from nbtrack.pipelines.history import find

    found = find(folder_of_state(find_file(file, Path.cwd())), run_word)
    if as_json:
        rows = {it: {name: value for name, value in node.__dict__.items() if name not in ("entry", "token", "pid")} for it, node in found.nodes.items()}
        print(json.dumps({"run_id": found.run_id, "name": found.name, "state": _told_state(found), "stages": rows}, indent=2, ensure_ascii=False))
        return
    print(f"{found.name}  {_told_state(found)}  run {found.run_id[:8]}  begun {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(found.began_ns / 1e9))}")
    width = min(48, max((len(it) for it in found.nodes), default=0))
    for it, node in found.nodes.items():
        took = f"{node.seconds:.1f} s" if node.seconds else ""
        told = "  ".join(part for part in (f"run {node.run_id[:8]}" if node.run_id else "", took, node.reason) if part)
        print(f"{it.ljust(width)}  {node.phase.ljust(11)}  {told}".rstrip())


def _told_state(found: RunHistory) -> str:
    state = state_of(_home(), found)
    return f"was stopped; go on with nbtrack run --resume {found.run_id[:8]}" if state == STOPPED else state


def _home() -> Home:
    return Home(settings.home(settings.load()))


def logs(file: Path | None, stage: str, run_word: str, as_json: bool) -> None:
    from nbtrack.pipelines.history import find
    from nbtrack.pipelines.load import nearest
    from nbtrack.reads import words

    state = folder_of_state(find_file(file, Path.cwd()))
    found = find(state, run_word)
    chosen = [it for it in found.nodes if stage in (it, it.partition("[")[0])]
    if not chosen:
        raise UsageError(f"Run {found.run_id[:8]} has no stage {stage!r}.", mend=nearest(stage, found.nodes, "stages"))
    texts = {}
    for it in chosen:
        texts[it] = text_of(_home(), state, found, it)
    if as_json:
        print(json.dumps(texts, indent=2, ensure_ascii=False))
        return
    for it, text in texts.items():
        node = found.nodes[it]
        head = f"=== {it}: {node.phase}{f', {node.reason}' if node.reason else ''} ===\n" if len(texts) > 1 or not text else ""
        print(f"{head}{words.clean(text)}", end="" if text.endswith("\n") else "\n")


def cache(file: Path | None, action: str, days: float, as_json: bool) -> int:
    """The exit code."""
    path = find_file(file, Path.cwd())
    kept = Cache(folder_of_state(path) / "cache")
    if action == "ls":
        entries = sorted(kept.entries(), key=lambda it: it.made_ns, reverse=True)
        rows = [
            {"key": it.key, "stage": it.node, "run_id": it.run_id, "run": it.run_name, "made_ns": it.made_ns, "size_bytes": it.size_bytes} for it in entries
        ]
        if as_json:
            print(json.dumps(rows, indent=2, ensure_ascii=False))
        for it in [] if as_json else entries:
            made = time.strftime("%Y-%m-%d %H:%M", time.localtime(it.made_ns / 1e9))
            print(f"{it.key[:12]}  {made}  {it.size_bytes / 1e6:10.3f} MB  {it.node}  (run {it.run_name}, {it.run_id[:8]})")
        if not entries and not as_json:
            print("The cache is empty.")
    elif action == "gc":
        gone, freed = kept.gc(days, time.time())
        let_go_of_the_dead(_home(), folder_of_state(path))
        print(json.dumps({"results": gone, "freed_bytes": freed}) if as_json else f"{counted(gone, 'result')} taken away, {freed / 1e6:.3f} MB freed")
    elif action == "verify":
        found = kept.verify()
        if as_json:
            print(json.dumps({"results": found.entries, "objects": found.objects, "damaged": list(found.damaged)}))
        else:
            print(f"{counted(found.entries, 'result')} and {counted(found.objects, 'file')} looked at, {len(found.damaged)} damaged and taken away")
            for name in found.damaged:
                print(f"  {name}")
        return Exit.FAILED if found.damaged else Exit.OK
    else:
        raise UsageError(f"nbtrack cache has no {action!r}.", mend="Write nbtrack cache ls, gc or verify.")
    return Exit.OK
