"""All gates of a file: severity, waivers, what is recorded, how it is drawn, and mistakes in the file."""

import json
from datetime import date

import pytest
from markdown_it import MarkdownIt

import nbtrack
from nbtrack import specs
from nbtrack.entities.verdict import Standing
from nbtrack.errors import SpecError, UsageError
from nbtrack.gates import BUILT_INS, Gate
from nbtrack.gates.check import check
from nbtrack.gates.page import GatesPage
from nbtrack.gates.spec import json_schema, read_gates
from nbtrack.journal import Home, blobs
from nbtrack.reads import find

GATES = """
gates:
  good enough: {kind: metric, metric: acc, threshold: 0.8}
  very good:
    kind: metric
    metric: acc
    threshold: 0.99
    severity: warning
  perfect:
    kind: metric
    metric: acc
    threshold: 1
    waiver: {who: Ann, why: the holdout is small, until: 2026-12-31}
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nbtrack.yaml").write_text(GATES)
    with nbtrack.track("fit"):
        nbtrack.log(acc=0.9)
    return Home(tmp_path / "home")


def verdicts(home, tmp_path, today=date(2026, 12, 31)):
    gates = read_gates(specs.read(tmp_path / "nbtrack.yaml"))
    return check(home, find(home, "fit"), gates, tmp_path, today=today)


def test_warnings_and_waivers_in_force_do_not_count_and_are_told(home, tmp_path):
    found = verdicts(home, tmp_path)
    assert [it.standing for it in found.verdicts] == [Standing.PASSED, Standing.WARNED, Standing.WAIVED]
    assert found.passed and found.exit_code == 0
    text = repr(GatesPage(found))
    assert "1 of 3 gates passed, 1 warned, 1 waived" in text and "waived by Ann, until 2026-12-31: the holdout is small" in text


def test_a_gate_that_cannot_tell_says_so_with_what_it_wanted_where_it_knows(home, tmp_path):
    gates = {"missing": {"kind": "metric", "metric": "f1", "threshold": 0.8}, "stamp": {"kind": "reproducible"}}
    (tmp_path / "nbtrack.yaml").write_text(json.dumps({"gates": gates}))
    page = GatesPage(verdicts(home, tmp_path))
    assert "✗ missing  cannot tell: fit has no metric 'f1'." in repr(page) and "✗ stamp    cannot tell (wanted stamp yes): The run has no stamp." in repr(page)
    assert "| missing | cannot tell |  |" in page.markdown() and "nothing" not in repr(page) + page.markdown()


def test_a_waiver_ends_after_its_last_day(home, tmp_path):
    found = verdicts(home, tmp_path, date(2027, 1, 1))
    assert (found.passed, found.exit_code, found.verdicts[2].standing) == (False, 2, Standing.FAILED)
    assert "the waiver of Ann ended on 2026-12-31" in found.verdicts[2].why


def test_verdicts_are_kept_on_the_run_by_tags_and_whole(home, tmp_path, monkeypatch):
    page = nbtrack.gate("fit")
    view = nbtrack.run("fit")
    assert view.tags["nbtrack.gates"] == ("passed" if page.passed else "failed")
    assert json.loads(view.tags["nbtrack.gates.verdicts"])["very good"] == "warned"
    kept = json.loads(blobs.get_bytes(home, next(it.blob for it in view.artifacts if it.path == "gates/verdicts.json")))
    assert kept["verdicts"][2]["waiver"]["who"] == "Ann" and kept["verdicts"][0]["measured"] == 0.9
    (tmp_path / "nbtrack.yaml").write_text("gates:\n  a: {kind: metric, metric: acc, threshold: 2}\n")
    assert not nbtrack.gate("fit").passed
    tags = nbtrack.run("fit").tags
    assert tags["nbtrack.gates"] == "failed" and "nbtrack.gates.waived" not in tags


def test_hostile_names_mean_themselves_in_every_drawing(home, tmp_path):
    name = "<script>|`@everyone #1 [x](http://x.y)\n# head"
    with nbtrack.track("<b>fit</b>"):
        nbtrack.log({name: 0.5})
    (tmp_path / "nbtrack.yaml").write_text(json.dumps({"gates": {name: {"kind": "metric", "metric": name, "threshold": 1}}}))
    page = nbtrack.gate("<b>fit</b>")
    assert "<script>" not in page._repr_html_() and "<b>fit" not in page._repr_html_()
    tokens = MarkdownIt("commonmark").enable("table").parse(page.markdown())
    kinds = {it.type for token in tokens for it in (token, *(token.children or ()))}
    assert not kinds & {"html_inline", "html_block", "link_open", "code_inline", "em_open"}
    assert sum(it.type == "heading_open" for it in tokens) == 1 and sum(it.type == "tr_open" for it in tokens) == 2
    assert "@everyone" not in page.markdown()


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("stages: {}\n", 1, "there is no section 'gates'. Write one, such as `gates: {"),
        ("gates:\n", 1, "there is no section 'gates'"),
        ("gates: []\n", 1, "should hold gates by their names"),
        ("gates:\n  a:\n    kind: metrik\n", 2, "there is no kind 'metrik'; did you mean 'metric'?"),
        ("gates:\n  a:\n    metric: acc\n", 2, "'kind' is missing"),
        ("gates:\n  a:\n    kind: metric\n    metric: acc\n    treshold: 0.8\n    threshold: 1\n", 5, "did you mean 'threshold'?"),
        ("gates:\n  a:\n    kind: metric\n    metric: acc\n    threshold: high\n", 5, "should be a valid number"),
        ("gates:\n  a:\n    kind: size\n    max_mb: -1\n", 4, "greater than 0"),
        ("gates:\n  a:\n    kind: data\n    data: x.csv\n", 2, "needs a schema, a suite or drift"),
        ("gates:\n  a:\n    kind: latency\n", 2, "needs p95_ms or memory_mb"),
        ("gates:\n  a: {kind: secrets, waiver: {who: Ann, until: 2026-12-31}}\n", 2, "'why' is missing"),
        ("gates:\n  a:\n    kind: secrets\n    waiver:\n      who: Ann\n      why: so\n      until: someday\n", 7, "valid date"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(home, tmp_path, text, line, why):
    (tmp_path / "nbtrack.yaml").write_text(text)
    with pytest.raises(SpecError) as caught:
        nbtrack.gate("fit")
    assert caught.value.line == line and f"nbtrack.yaml:{line}: " in str(caught.value) and why in str(caught.value)


def test_the_run_of_a_stage_is_held_against_the_gates_of_its_stage(home, tmp_path):
    good = "{kind: metric, metric: acc, threshold: 0.5}"
    stages = f"stages:\n  train:\n    gates:\n      own: {good}\n  named:\n    gates: [common]\n  bare: {{}}\n"
    for stage in ("train", "named", "bare"):
        with nbtrack.track(stage, tags={"nbtrack.stage": stage}):
            nbtrack.log(acc=0.9)

    def asked(run):
        return [it.gate for it in nbtrack.gate(run).verdicts.verdicts]

    (tmp_path / "nbtrack.yaml").write_text(stages)
    assert asked("train") == ["own"]
    with nbtrack.track("taken", tags={"nbtrack.stage": "train", "nbtrack.cached_from": nbtrack.run("train").run_id}):
        pass
    assert nbtrack.gate("taken").passed
    with pytest.raises(SpecError, match=r"no section 'gates' for this run; gates stand in the stages train, named\. Name a run of one"):
        nbtrack.gate("bare")
    (tmp_path / "nbtrack.yaml").write_text(f"gates:\n  common: {good}\n  other: {good}\n{stages}")
    assert (asked("train"), asked("named"), asked("bare")) == (["own"], ["common"], ["other"])
    (tmp_path / "nbtrack.yaml").write_text(f"gates:\n  common: {good}\n{stages}")
    with pytest.raises(SpecError, match=r"the stage has no gates for this run; gates stand in the stages train, named\. Name a run of one"):
        nbtrack.gate("bare")
    (tmp_path / "nbtrack.yaml").write_text(f"gates:\n  other: {good}\n{stages}")
    with pytest.raises(SpecError, match="there is no gate 'common'"):
        nbtrack.gate("named")


def test_no_file_and_a_run_that_goes_on_are_told(home, tmp_path, monkeypatch):
    with nbtrack.track("open"), pytest.raises(UsageError, match="still goes on"):
        nbtrack.gate("open")
    (tmp_path / "nbtrack.yaml").unlink()
    with pytest.raises(UsageError, match=r"no nbtrack\.yaml"):
        nbtrack.gate("fit")
    with pytest.raises(SpecError, match="no such file"):
        nbtrack.gate("fit", gates="gone.yaml")


def test_every_kind_is_a_gate_with_a_schema_that_tells_each_field():
    schema = json_schema()
    for name, kind in BUILT_INS.items():
        assert kind.model_fields["kind"].annotation.__args__ == (name,)
        assert callable(kind.check) and kind.__doc__
        facts = schema["$defs"][kind.__name__]["properties"]
        assert [field for field, it in facts.items() if field != "kind" and not it.get("description")] == []
    assert isinstance(read_gates_of('{"kind": "metric", "metric": "a", "threshold": 1}'), Gate)


def read_gates_of(text):
    from pydantic import TypeAdapter

    from nbtrack.gates.spec import AnyGate

    return TypeAdapter(AnyGate).validate_json(text)
