"""What would run, and why."""

from __future__ import annotations

import json
import os
import time

import pytest

from nbtrack.errors import CacheError, UsageError
from nbtrack.pipelines.cache import Cache, Entry, Kept
from nbtrack.pipelines.decide import changes
from nbtrack.pipelines.draw import mermaid, svg
from nbtrack.pipelines.plan import Action, plan, select
from nbtrack.pipelines.references import holds, references_in, resolve
from nbtrack.pipelines.remote import remote_of

TEXT = """
    params: {rate: 0.5}
    stages:
      prepare: {notebook: prepare.ipynb, inputs: [raw.csv], outputs: {clean: clean.csv, count: {value: int}}}
      train: {notebook: train.ipynb, params: {lr: "${params.rate}", data: "${prepare.outputs.clean}"}, inputs: {data: "${prepare.outputs.clean}"}}
      other: {notebook: prepare.ipynb, cache: false}
      last: {notebook: prepare.ipynb, needs: [train], when: "${prepare.outputs.count} > 5"}
"""
BOOKS = {"prepare": "", "train": "lr = 0.1  # rate\ndata = ''"}


def keep(graph, decider, cache, made=None):
    """Every node as if it had run: what it made is kept."""
    made = dict(made or {})
    folder = graph.loaded.folder
    for node in graph.nodes.values():
        decision = decider.decide(node, made)
        for path in node.files.values():
            (folder / path).write_text(f"made by {node.id}")
        outputs = {name: Kept(path, decider.digests.of(folder / path)) for name, path in node.files.items()} | {name: Kept(value=9) for name in node.values}
        entry = Entry(decision.key, node.id, "0" * 32, f"{node.id}#1", outputs, decision.facts, time.time_ns(), 1.0)
        if node.spec.cache:
            assert cache.put(entry, folder)
        cache.note_last(f"{graph.loaded.name}/{node.id}", entry)
        made[node.id] = outputs


def actions(found, **chosen):
    graph, decider, cache = found
    return {it.node.id: (it.action, it.reasons[0]) for it in plan(graph, decider, cache, select(graph, chosen.pop("stages", []), **chosen))}


@pytest.fixture
def found(opened, tmp_path):
    (tmp_path / "raw.csv").write_text("1,2")
    found = opened(TEXT, **BOOKS)
    keep(*found)
    return found


def test_what_is_kept_is_used_also_where_its_files_are_gone(found, tmp_path):
    (tmp_path / "clean.csv").unlink()
    assert {it: action for it, (action, _) in actions(found).items()} == {
        "prepare": Action.CACHED, "train": Action.CACHED, "other": Action.RUN, "last": Action.CACHED,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "node", "reason"),
    [
        ("param", "train", "param lr 0.5 -> 0.7"),
        ("input", "prepare", "input raw.csv changed"),
        ("code", "train", "code of code cell 1 changed"),
        ("environment", "prepare", "lock file uv.lock changed"),
        ("module", "train", "module helper.py is new"),
        ("output", "prepare", "output more is new"),
    ],
)
def test_a_miss_is_explained_by_what_changed(opened, found, tmp_path, change, node, reason):
    text, books = TEXT, dict(BOOKS)
    if change == "param":
        text = text.replace("0.5", "0.7")
    elif change == "input":
        (tmp_path / "raw.csv").write_text("1,3")
        os.utime(tmp_path / "raw.csv", (1, 1))
    elif change == "code":
        books["train"] = books["train"].replace("0.1", "0.2")
    elif change == "environment":
        (tmp_path / "uv.lock").write_text("x")
    elif change == "module":
        books["train"] += "\nimport helper"
        (tmp_path / "helper.py").write_text("import deeper")
        (tmp_path / "deeper.py").write_text("a = 1")
    elif change == "output":
        text = text.replace("{clean: clean.csv", "{more: more.csv, clean: clean.csv")
    again = opened(text, **books)
    step = next(it for it in plan(*again, select(again[0], [])) if it.node.id == node)
    assert (step.action, any(it.startswith(reason) for it in step.reasons)) == (Action.RUN, True), step.reasons


def test_comments_layout_and_outputs_of_a_notebook_change_nothing(opened, found, tmp_path):
    books = dict(BOOKS, train="# another comment\nlr = 0.1\n\n\ndata   =  ''")
    assert actions(opened(TEXT, **books))["train"][0] is Action.CACHED
    path = tmp_path / "train.ipynb"
    content = json.loads(path.read_text())
    content["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    content["cells"].insert(0, {"cell_type": "markdown", "source": "# Title", "metadata": {}})
    path.write_text(json.dumps(content))
    graph, _, _ = found
    from nbtrack.pipelines.check import Books
    from nbtrack.pipelines.decide import Decider

    assert actions((graph, Decider(graph, Books(), found[1].digests), found[2]))["train"][0] is Action.CACHED


def test_a_file_that_is_handed_on_as_a_param_alone_counts_as_an_input(opened, found, tmp_path):
    graph, decider, cache = opened(TEXT.replace(', inputs: {data: "${prepare.outputs.clean}"}', ""), **BOOKS)
    keep(graph, decider, cache)
    assert actions((graph, decider, cache))["train"][0] is Action.CACHED
    made = {"prepare": {**next(it for it in cache.entries() if it.node == "prepare").outputs}}
    (tmp_path / "clean.csv").write_text("made otherwise")
    made["prepare"]["clean"] = Kept("clean.csv", decider.digests.of(tmp_path / "clean.csv"))
    again = decider.decide(graph.nodes["train"], made)
    assert cache.get(again.key) is None
    assert changes(cache.last(f"{graph.loaded.name}/train"), again.facts) == ["input clean.csv changed"]
    (tmp_path / "clean.csv").write_text("something else wrote it")
    assert decider.changed_input(again.facts) == "clean.csv"


def test_a_stage_chooses_what_it_needs_and_force_and_from_what_is_anew(found):
    assert set(actions(found, stages=["train"])) == {"prepare", "train"}
    assert set(actions(found, stages=["train"], downstream=True)) == {"prepare", "train", "last"}
    assert [it for it, (action, _) in actions(found, stages=["train"], force=True).items() if action is Action.RUN] == ["train"]
    begun = actions(found, start="train")
    assert (begun["prepare"][0], begun["train"][0], begun["last"][0]) == (Action.CACHED, Action.RUN, Action.RUN)
    with pytest.raises(UsageError, match=r"no stage 'trian'. Did you mean 'train'"):
        select(found[0], ["trian"])


def test_what_comes_after_a_stage_that_runs_perhaps_runs(opened, found, tmp_path):
    (tmp_path / "raw.csv").write_text("1,3,5")
    steps = actions(opened(TEXT, **BOOKS))
    assert steps["train"] == (Action.PERHAPS, "prepare runs first")


def test_a_thousand_stages_are_planned(opened):
    stages = "\n".join(f"      s{at}: {{notebook: prepare.ipynb, outputs: [o{at}.txt]{f', inputs: [o{at - 1}.txt]' if at % 10 else ''}}}" for at in range(1000))
    began = time.perf_counter()
    found = opened("    stages:\n" + stages, prepare="")
    steps = plan(*found, select(found[0], []))
    print(f"1,000 stages read, checked and planned in {time.perf_counter() - began:.2f} s")
    assert [sum(it.action is action for it in steps) for action in (Action.RUN, Action.PERHAPS)] == [100, 900]


def test_outputs_are_restored_whole_and_a_file_of_the_users_is_moved_aside(found, tmp_path):
    _, decider, cache = found
    entry = next(it for it in cache.entries() if it.node == "prepare")
    target = tmp_path / "clean.csv"
    assert cache.restore(entry, tmp_path, {"clean": decider.digests.of(target)}) == []
    target.write_text("the user's own")
    aside = cache.restore(entry, tmp_path, {"clean": decider.digests.of(target)})
    assert [it.read_text() for it in aside] == ["the user's own"]
    assert target.read_text() == "made by prepare"


def test_damaged_bytes_are_found_and_taken_away(found, tmp_path):
    cache = found[2]
    entry = next(it for it in cache.entries() if it.node == "prepare")
    victim = cache.root / "objects" / entry.outputs["clean"].fact.files[0].digest[:2] / entry.outputs["clean"].fact.files[0].digest
    victim.write_text("made by nobody!")
    with pytest.raises(CacheError, match="damaged"):
        cache.restore(entry, tmp_path, {"clean": None})
    victim.write_text("made by nobody!")
    checked = cache.verify()
    assert len(checked.damaged) == 2
    assert cache.get(entry.key) is None
    assert cache.verify().damaged == ()


def test_what_nobody_uses_is_taken_away_after_a_while(found):
    _, _, cache = found
    assert cache.gc(30, time.time()) == (0, 0)
    gone, freed = cache.gc(30, time.time() + 40 * 86400)
    assert (gone > 0, freed > 0, list(cache.entries())) == (True, True, [])


@pytest.mark.parametrize("address", ["shared", "memory://shared-cache-of-a-test"])
def test_a_remote_cache_serves_another_machine(found, tmp_path, address):
    graph, decider, _ = found
    here = Cache(tmp_path / "here", remote_of(address, tmp_path))
    keep(graph, decider, here)
    assert here.problems == []
    there = Cache(tmp_path / "there", remote_of(address, tmp_path))
    entry = there.get(next(it for it in here.entries() if it.node == "prepare").key)
    there.restore(entry, tmp_path / "else", {"clean": None})
    assert (tmp_path / "else" / "clean.csv").read_text() == "made by prepare"
    assert there.get("0" * 64) is None


def test_a_cache_that_cannot_be_written_is_told_and_does_without(found, tmp_path):
    graph, decider, _ = found
    (tmp_path / "file").write_text("no folder")
    cache = Cache(tmp_path / "file")
    node = graph.nodes["prepare"]
    decision = decider.decide(node, {})
    outputs = {"clean": Kept("clean.csv", decider.digests.of(tmp_path / "clean.csv")), "count": Kept(value=9)}
    assert not cache.put(Entry(decision.key, node.id, "0" * 32, "x", outputs, decision.facts, 1, 1.0), tmp_path)
    assert "prepare is not kept" in cache.problems[0]


def test_the_graph_is_drawn_as_text_and_as_picture(found):
    text, picture = mermaid(found[0], {"train": "run"}), svg(found[0], {"train": "run"})
    assert 'n1["train"]' in text and "n0 --> n1" in text
    assert picture.count("<rect") == 4 and 'aria-label="prepare first' in picture
    from xml.etree import ElementTree

    ElementTree.fromstring(picture)


def test_references_are_replaced_by_values_and_within_text_by_text():
    look = {"params.a": 3, "params.b": True, "s.outputs.x": [1, 2]}
    value = resolve({"whole": "${params.a}", "part": "n-${params.a}-${ params.b }", "list": ["${s.outputs.x}"], "plain": 1}, lambda it: look[str(it)[2:-1]])
    assert value == {"whole": 3, "part": "n-3-true", "list": [[1, 2]], "plain": 1}
    assert [str(it) for it in references_in({"a": ["${params.a} ${s.outputs.x}"]})] == ["${params.a}", "${s.outputs.x}"]


@pytest.mark.parametrize(
    ("condition", "value"),
    [(True, True), ("${params.n} > 2 and not ${params.off}", True), ("'${params.word}' == 'yes'", True), ("${params.word} in ['no', 'never']", False),
     ("1 < ${params.n} < 3", False), ("min([${params.n}, 10]) == 3", True), ("${params.n} * 2 == 6 or false", True)],
)  # fmt: skip
def test_conditions_compare_and_compute(condition, value):
    values = {"n": 3, "off": False, "word": "yes"}
    assert holds(condition, lambda it: values[it.name]) is value


@pytest.mark.parametrize("condition", ["__import__('os')", "${params.n}.real", "[x for x in (1,)]", "open('x')", "lambda: 1", "n > 1", "${params.n} > 'a'"])
def test_conditions_do_nothing_else(condition):
    with pytest.raises(UsageError, match="cannot be read"):
        holds(condition, lambda it: 3)
