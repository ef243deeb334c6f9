"""What `nbtrack ci` does: run a pipeline, hold it against the base branch, tell it where the team looks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbtrack import courier, settings
from nbtrack.capture.begin import tracking_uri
from nbtrack.ci import draw_markdown, draw_text
from nbtrack.ci.base import Base, history
from nbtrack.ci.changed import Touched, touched
from nbtrack.ci.comment import comment
from nbtrack.ci.junit import Suite, line_of, missing_suite, suite_of
from nbtrack.ci.provider import Annotation, Provider
from nbtrack.ci.providers import detect
from nbtrack.ci.report import Missing, Part, Report, part_of
from nbtrack.ci.write import see_that_it_is_ours, write
from nbtrack.cli.bases import Bases, few, told
from nbtrack.cli.run import interruptible, undelivered
from nbtrack.entities import State
from nbtrack.entities.verdict import Standing
from nbtrack.errors import UsageError
from nbtrack.exits import Exit
from nbtrack.gates.check import check, record
from nbtrack.gates.page import explained
from nbtrack.journal import Home, fold
from nbtrack.pipelines.graph import Node
from nbtrack.pipelines.listener import Stop
from nbtrack.pipelines.open import Opened, Wanted, open_pipeline
from nbtrack.pipelines.plan import select
from nbtrack.reads import words
from nbtrack.reads.cached import source_of

PROFILE = "ci"


@dataclass(frozen=True)
class Asked:
    """What a command line says."""

    pipeline: Path | None = None
    profile: str = ""
    base: str = ""
    changed_only: bool = False
    force: bool = False
    report_dir: Path = Path("nbtrack-report")
    jobs: int = 1
    run_base: bool = True


def ci(asked: Asked, env: Mapping[str, str], *, as_json: bool) -> int:
    """The exit code."""
    see_that_it_is_ours(asked.report_dir)
    provider = detect(env)
    opened, profile = _open(asked)
    loaded = opened.graph.loaded
    if asked.base:
        history(loaded.folder, asked.base)  # what a platform says may be missing in a shallow clone; what somebody wrote must be there
    ref = asked.base or provider.base()
    home = Home(settings.home(settings.load()))
    bases = Bases(home, ref, opened, profile)
    found: Touched | None = None
    if asked.changed_only:
        if not ref:
            raise UsageError("--changed-only needs a base, and none is known here.", mend="Name one: --base main.")
        found = touched(opened.graph, opened.books, ref, profile)
        opened = replace(opened, selection=select(opened.graph, list(found.nodes), downstream=True, force=asked.force)) if found.nodes else opened
    result = None if found is not None and not found.nodes else _run(opened, home, bases, asked, profile)
    report, suites = _told(opened, home, bases, result, found)
    annotations = _annotations(report, suites, loaded.folder)
    write(asked.report_dir, report, suites, home, loaded.name, annotations)
    provider.notes.extend(bases.notes)
    code = _exit(result)
    _tell(provider, loaded.name, report, annotations, asked.report_dir, code)
    provider.notes += (left := undelivered())
    if left and code is Exit.OK:
        code = Exit.UNREACHABLE  # the machine of a job is gone soon, and its runs with it
    if as_json:
        print(
            json.dumps(
                {**report.as_data(), "exit_code": int(code), "provider": provider.name, "notes": provider.notes}, indent=2, ensure_ascii=False, default=str
            )
        )
    else:
        print(draw_text.draw(report.title, report.blocks()[:1]), end="")
        print(f"\nReport: {asked.report_dir}")
    for note in provider.notes:
        print(f"nbtrack: {note}", file=sys.stderr)
    return code


def _open(asked: Asked) -> tuple[Opened, str]:
    """The pipeline, with the profile `ci` where it has one and none is named; and the profile."""
    opened = open_pipeline(Wanted(asked.pipeline, profile=asked.profile, force=asked.force))
    if not asked.profile and PROFILE in opened.graph.loaded.pipeline.profiles:
        return open_pipeline(Wanted(asked.pipeline, profile=PROFILE, force=asked.force)), PROFILE
    return opened, asked.profile


def _run(opened: Opened, home: Home, bases: Bases, asked: Asked, profile: str) -> Any:
    from nbtrack.pipelines.executor import LocalExecutor
    from nbtrack.pipelines.pipeline import PipelineRun
    from nbtrack.pipelines.progress import PipelineShows, Terminal
    from nbtrack.pipelines.runs import Where

    where = Where(home, courier.absolute_uri(tracking_uri(settings.load()), Path.cwd()), opened.state)
    shows, stop = PipelineShows(Terminal(sys.stderr, is_live=False), home), Stop()
    wanted = [it for it in opened.graph.nodes if it in opened.selection.wanted]
    bases.look(wanted)
    if asked.run_base:
        bases.make(wanted, where.uri, asked.jobs)

    def judge(node: Node, run_id: str) -> str:
        gates, view = opened.gates.get(node.stage), fold(home, run_id)
        if not gates or view is None:
            return ""
        loaded = opened.graph.loaded
        said = check(home, view, gates, loaded.folder, against=bases.of(node.id).view, uri=where.uri, file=loaded.file.name, is_alone=True)
        record(home, said)
        return "; ".join(f"{it.gate}: {it.why}" for it in said.verdicts if it.standing is Standing.FAILED)

    run = PipelineRun(
        opened.graph, opened.books, opened.decider, opened.cache, opened.selection, where, LocalExecutor(asked.jobs), shows, stop, keep_going=True, judge=judge,
        facts={"profile": profile, "stages": [], "params": {}, "typed": [], "downstream": False, "force": False, "start": ""},
    )  # fmt: skip
    return interruptible(run.run, stop)


def _told(opened: Opened, home: Home, bases: Bases, result: Any, found: Touched | None) -> tuple[Report, list[Suite]]:
    name = words.clean(opened.graph.loaded.name)
    parts, suites, compared, missing = list[Part](), list[Suite](), dict[str, Base](), list[Missing]()
    for node, phase in (result.phases if result is not None else {}).items():
        run_id = result.runs.get(node, "")
        view = fold(home, run_id) if run_id else None
        if view is None:
            missing.append(Missing(node, str(phase), words.clean(result.reasons.get(node, ""))))
            continue
        made = source_of(home, view)
        compared[node] = bases.of(node)
        part = part_of(home, made, compared[node].view, opened.graph.loaded.folder, title=node, with_pictures=True, is_cached=made is not view)
        parts.append(part)
        notebook = opened.graph.nodes[node].notebook  # a result from the cache may have been made by a file elsewhere
        suites.append(replace(suite_of(home, made, node, part.verdicts), file=str(notebook)))
    suites += [missing_suite(it.title, it.phase, it.why, str(opened.graph.nodes[it.title].notebook)) for it in missing]
    how = told(compared) if compared else ""
    if found is not None:
        reasons: dict[str, list[str]] = {}
        for node, reason in found.nodes.items():
            reasons.setdefault(reason, []).append(node)
        why = "; ".join(f"{reason} ({few(nodes)})" for reason, nodes in list(reasons.items())[:10])
        since = f"since {found.since[:8]}"
        how = (
            f"Run because of what changed {since}: {words.clean(why)}. {how}"
            if found.nodes
            else f"Nothing that a stage depends on changed {since}, so none was run."
        )
    return Report(f"{name}: what this change did", tuple(parts), how.strip(), tuple(missing)), suites


def _tell(provider: Provider, name: str, report: Report, annotations: list[Annotation], folder: Path, code: Exit) -> None:
    """Show it where the platform has places for it."""
    blocks = report.blocks()
    provider.summary(draw_markdown.draw(report.title, blocks, provider.summary_bytes))
    provider.annotate(annotations)
    runs = ",".join(it.head.run_id for it in report.parts)
    provider.outputs({"passed": "true" if code is Exit.OK else "false", "report": str(folder.absolute() / "report.html"), "runs": runs})
    thread = provider.thread()
    if thread is not None:
        done = comment(thread, name, draw_markdown.draw(report.title, blocks, thread.limit_bytes, provider.link(), lambda path: provider.file(folder / path)))
        if done.problem:
            provider.notes.append(done.problem)


def _annotations(report: Report, suites: list[Suite], project: Path) -> list[Annotation]:
    """Cells that failed and gates that said no, at their notebooks."""
    top = next((it for it in (project, *project.parents) if (it / ".git").exists()), project)
    found = []
    verdicts = {it.title: it.verdicts for it in report.parts}
    for suite in suites:
        path = os.path.relpath(suite.file, top).replace(os.sep, "/") if suite.file else ""
        file = "" if path.startswith("../") else path
        found += [
            Annotation(
                "error", file, f"{suite.name}, {it.name}", it.problem, line_of(Path(suite.file), it.cell) if it.cell else 1, "cell" if it.cell else "stage"
            )
            for it in suite.cases if it.problem and it.kind != "gate"
        ]  # fmt: skip
        for verdict in verdicts.get(suite.name, ()):
            level = {Standing.FAILED: "error", Standing.WARNED: "warning"}.get(verdict.standing)
            if level:
                found.append(Annotation(level, file, f"{suite.name}, gate {verdict.gate}", words.clean(explained(verdict)), check="gate"))
    return found


def _exit(result: Any) -> Exit:
    if result is None or result.state is State.FINISHED:
        return Exit.OK
    if result.state is State.KILLED:
        return Exit.INTERRUPTED
    return Exit.GATE if result.has_failed_gate and not any(it == "failed" for it in result.phases.values()) else Exit.FAILED
