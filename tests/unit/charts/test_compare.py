"""Runs compared: the object, its stills, its answers, and what bad input makes of them."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from nbtrack.charts.compare import FIGURES, compare
from nbtrack.entities import Kind
from nbtrack.errors import QueryError, UnknownRunError, UsageError

HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "'-alert(1)-'", "javascript:alert(1)", "[a](javascript:alert(1))",
    "![x](http://evil.example/x.png)", "</td></table><iframe src=//evil.example>", "|x|y|", "`code`", "$$\\alpha$$", "=HYPERLINK(\"http://evil.example\")",
    "\x00\x1b[31m\u202e", "&lt;b&gt;", "[bold]rich[/bold]", "@everyone", "<!--", "]]>", "a\nb", "\udcff",
]  # fmt: skip


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = set(), {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.setdefault(name, []).append(value)

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture
def runs(made):
    for lr in ("0.1", "0.01"):
        for seed in range(3):
            made(f"fit-{lr}", {"lr": lr, "seed": str(seed), "opt": "adam"}, {"loss": [2, 1, float(lr) + seed / 100], "acc": [0.9 + seed / 100]})


def test_a_filter_words_and_objects_choose_runs(home, runs, made, views):
    other = made("other", {"lr": "9"}, {"acc": [0.1]})
    assert len(compare(home)) == 7
    assert len(compare(home, "lr<0.05")) == 3
    assert len(compare(home, "fit-0.1")) == 3
    assert [view.name for view in compare(home, ["other", "fit-0.1"]).views] == ["other", "fit-0.1"]
    assert [view.name for view in compare(home, "last").views] == ["other"]
    assert [view.run_id for view in compare(home, views()[:2]).views] == [view.run_id for view in views()[:2]]
    assert compare(home, other.run_id[:8]).views[0].name == "other"
    with pytest.raises(UnknownRunError):
        compare(home, ["other", "nothing"])
    with pytest.raises(QueryError):
        compare(home, "lr<")


def test_a_metric_or_param_that_no_run_has_names_the_nearest(home, runs):
    with pytest.raises(UsageError, match="Did you mean 'loss'"):
        compare(home, metric="los")
    with pytest.raises(UsageError, match=r"param 'optt'.*Did you mean 'opt'"):
        compare(home, group="optt")


def test_the_still_is_a_table_that_says_what_it_shows(home, runs):
    page = Tags(compare(home, metric="loss", baseline="fit-0.01").still()["text/html"])
    assert {"table", "caption", "thead", "tbody", "th", "td", "img"} <= page.tags
    assert page.tags & {"script", "style", "iframe", "svg", "link"} == set()
    assert set(page.attributes) <= {"scope", "align", "src", "width", "alt", "title"}
    assert {"col", "row"} == set(page.attributes["scope"])
    assert all(src.startswith("data:image/png;base64,") for src in page.attributes["src"])
    assert all(page.attributes["alt"])
    assert any("has the lowest loss" in text for text in page.text)
    assert any(re.search(r"\[[+-][\d.]+, (better|worse)\]", text) for text in page.text)


def test_pictures_are_outputs_of_their_own_for_github(home, runs):
    (table, _), *pictures = compare(home).stills()
    assert "img" not in Tags(table["text/html"]).tags
    assert all(data["image/png"] and metadata["image/png"]["alt"] == data["text/plain"] for data, metadata in pictures)
    assert len(compare(home, group="lr").stills()) == 3


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_is_svg_and_png_and_says_what_it_shows(home, runs, name):
    picture = compare(home, metric="loss").figure(name)
    assert picture.png.startswith(b"\x89PNG")
    assert len(picture.png) < 200_000
    root = ElementTree.fromstring(picture.svg)
    assert root.get("aria-label") == picture.says != ""
    with pytest.raises(UsageError, match="curves, bands"):
        compare(home).figure("cuvres")


def test_csv_and_pandas_hold_every_run_and_column(home, runs):
    found = compare(home)
    table = list(csv.DictReader(io.StringIO(found.csv())))
    assert (len(table), table[0]["param.lr"], float(table[0]["metric.acc"])) == (6, "0.01", 0.92)
    data = found.to_pandas()
    assert data["params.lr"].tolist() == [0.01] * 3 + [0.1] * 3
    assert data["metrics.loss"].dtype == float
    assert data.index[0] == found.views[0].run_id


def test_hostile_names_and_values_stay_text_everywhere(home, made):
    for number, text in enumerate(HOSTILE):
        made(text.encode("utf-8", "backslashreplace").decode(), {text: text, "lr": str(number)}, {f"{text}": [0.1, number], "acc": [number]}, tags={text: text})
    found = compare(home, group="lr")
    for data in (found.still(), *(data for data, _ in found.stills())):
        if "text/html" in data:
            page = Tags(data["text/html"])
            assert page.tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "p", "img", "strong"}
            assert set(page.attributes) <= {"scope", "align", "src", "width", "alt", "title"}
            data["text/html"].encode()
    for name in FIGURES:
        picture = compare(home).figure(name)
        ElementTree.fromstring(picture.svg)
        assert "<script" not in picture.svg
        assert picture.png
    text = found.markdown()
    assert not re.search(r"(?<!\\)[<`]|(?<!\\)\]\(|://", text)
    assert all(not cell.startswith(("=", "@", "+")) for row in csv.reader(io.StringIO(found.csv())) for cell in row)
    json.dumps(found.table(), allow_nan=False, ensure_ascii=False).encode()
    repr(found).encode()


def test_no_runs_and_one_run_are_shown_too(home, made):
    empty = compare(home)
    assert empty.still()["text/plain"] == "No runs."
    assert [empty.figure(name).says for name in ("curves", "parallel")]
    for name in ("scatter", "importance", "statistics"):
        with pytest.raises(UsageError):
            empty.figure(name)
    assert empty.to_pandas().empty
    made("only", {"lr": "1"}, {"acc": [0.5]})
    assert "only has the highest acc, 0.5" in compare(home).still()["text/plain"]
    assert "lr" in compare(home).still()["text/plain"]


def test_values_that_are_no_numbers_and_single_points_are_drawn(home, made):
    made("ill", {"lr": "nan"}, {"a": [float("nan"), 1, float("inf"), -1], "b": [float("inf")], "c": [1e308, -1e308], "d": [float("nan")] * 3})
    made("well", {"lr": "inf"}, {"a": [1], "b": [2], "c": [0], "d": [1]})
    found = compare(home)
    for name in FIGURES:
        assert found.figure(name).png
    assert found.still()["text/html"]
    answer = found.answer({"ask": "curves", "id": 3, "metrics": ["a"], "runs": None})
    assert answer["id"] == 3
    assert [len(it["x"]) for it in answer["series"]] == [1, 4]


def test_many_params_and_long_values_stay_readable(home, made):
    for number in range(3):
        made(f"r{number}", {f"p{at}": str(at * number) for at in range(500)} | {"long": "x" * 1_000_000}, {"acc": [number]})
    found = compare(home)
    html = found.still()["text/html"]
    assert len(html) < 200_000
    assert "more params that differ" in html
    assert len(json.dumps(found.table())) < 200_000, "a front end gets no megabytes either"


def test_a_run_that_is_gone_meanwhile_is_told(home, runs, views):
    chosen = compare(home, views()[:3])
    victim = chosen.views[0]
    from nbtrack.capture.current import attach

    attach(home, victim.run_id, victim.start).trash(True)
    assert len(chosen) == 2
    assert "1 of the runs are gone or in the trash" in chosen.table()["says"]


def test_what_is_asked_of_a_run_that_was_removed_meanwhile_is_answered(home, runs, views):
    import shutil

    found = compare(home, metric="loss")
    ids = [view.run_id for view in found.views]
    shutil.rmtree(home.run(ids[0]))
    assert {it["run"] for it in found.answer({"ask": "curves", "id": 1, "metrics": ["loss"], "runs": ids})["series"]} == set(ids[1:])
    for ask in ({"ask": "details", "run": ids[0]}, {"ask": "difference", "a": ids[0], "b": ids[1]}):
        error = found.answer({**ask, "id": 2})["error"]
        assert error["text"] and error["mend"]
    assert found.answer({"ask": "statistics", "id": 3, "metric": "loss", "runs": ids})["groups"]
    assert found.answer({"ask": "figures", "id": 4, "runs": ids})["figures"] == []
    assert found.answer({"ask": "act", "id": 5, "do": "tag", "tag": "a", "value": "b", "runs": ids[:1]})["error"]["text"]
    assert len(found.table()["columns"][0]["values"]) == 5
    assert found.still()["text/html"]


def test_runs_of_two_stores_stand_side_by_side(home, made):
    made("here", {"lr": "1"}, {"acc": [1]}, store="sqlite:///here.db")
    made("there", {"lr": "2"}, {"acc": [2]}, store="https://there.example")
    assert len(compare(home).rows().rows) == 2


def test_secrets_leave_in_no_form(home, made):
    secret = "hunter2hunter2X9"
    for number in range(2):
        made(f"r{number}", {"db_password": secret + str(number), "lr": str(number)}, {"acc": [number]}, tags={"api_token": f"ghp_{'a1B2' * 9}"})
    found = compare(home)
    everything = json.dumps([found.still(), found.table(), found.answer({"ask": "statistics", "id": 1, "group": ["db_password"]})])
    everything += found.markdown() + found.csv() + repr(found) + found.to_pandas().to_string() + found.figure("parallel").svg
    assert secret not in everything
    assert "a1B2a1B2" not in everything


def test_questions_are_answered_and_wrong_ones_are_errors(home, runs, views):
    found = compare(home, metric="loss")
    a, b = views()[0].run_id, views()[-1].run_id
    difference = found.answer({"ask": "difference", "id": 1, "a": a, "b": b})
    assert {"name": "lr", "before": "0.01", "after": "0.1", "kind": "changed"} in next(it for it in difference["sections"] if it["title"] == "params")["rows"]
    assert found.answer({"ask": "importance", "id": 2, "metric": "loss"})["says"]
    assert found.answer({"ask": "statistics", "id": 3, "metric": "acc"})["groups"]
    assert found.answer({"ask": "figures", "id": 4})["figures"] == []
    for wrong in (
        {"ask": "nothing"},
        {},
        {"ask": "difference", "a": "x"},
        {"ask": "curves", "x": "moon"},
        {"ask": "curves", "range": "no", "metrics": ["loss"]},
    ):
        error = found.answer(wrong | {"id": 9})
        assert error["id"] == 9
        assert error["error"]["text"] and error["error"]["mend"]


def test_figures_of_runs_are_sent_but_never_html(home, made):
    from nbtrack.journal import blobs

    writer = made("drawn")
    for path, data in (("figures/a.png", b"\x89PNG"), ("figures/b.svg", b"<svg/>"), ("figures/c.html", b"<script>1</script>")):
        writer.event(Kind.ARTIFACT, path=path, blob=blobs.put_bytes(home, data), size_bytes=len(data))
    found = compare(home).answer({"ask": "figures", "id": 1})["figures"]
    assert [(it["mime"], bool(it["data"])) for it in found] == [("image/png", True), ("image/svg+xml", True), ("text/html", False)]


def test_a_name_with_two_meanings_is_told(home, made):
    made("both", {"acc": "1"}, {"acc": [0.5]})
    assert "metric.acc and param.acc say which" in compare(home, "acc>0").table()["says"]


def test_a_front_end_changes_runs(home, runs, views):
    found = compare(home)
    ids = [view.run_id for view in views()[:2]]

    def do(act, **more):
        return found.answer({"ask": "act", "id": 5, "do": act, "runs": ids, **more})

    assert do("rename", name="better")["says"] == "2 runs: renamed."
    assert do("tag", tag="owner", value="ana")["says"] == "2 runs: tagged."
    assert do("note", note="kept")["id"] == 5
    first = next(view for view in found.views if view.run_id == ids[0])
    assert (first.name, first.tags["owner"], first.notes) == ("better", "ana", ("kept",))
    do("untag", tag="owner")
    assert "owner" not in found.views[0].tags
    assert do("trash")["says"] == "2 runs: in the trash."
    assert len(found) == 4
    do("restore")
    assert len(found) == 6
    assert "rename, tag" in do("nothing")["error"]["mend"]
    assert do("tag")["error"]["text"] == "A tag was expected."
