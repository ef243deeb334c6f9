"""A filter with a name that no run has says so, with the right one, wherever runs are filtered."""

import pytest

import nbtrack
from nbtrack.journal import Home
from nbtrack.magics.compared import compared
from nbtrack.reads import all_runs
from nbtrack.reads.unmatched import unmatched


@pytest.fixture
def known(tmp_path, monkeypatch):
    monkeypatch.setenv("NBTRACK_DELIVERY", "0")
    monkeypatch.chdir(tmp_path)
    for lr in (0.1, 0.5):
        with nbtrack.track(f"fit-{lr}", params={"lr": lr}, tags={"owner": "ana"}):
            nbtrack.log(acc=lr)
    return Home(tmp_path / "home")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("acx>0.9", "No run matches acx>0.9: no run has acx. Did you mean acc?"),
        ("acx.best>0.9", "No run matches acx.best>0.9: no run has acx.best. Did you mean acc?"),
        ("stat:FINISHED", "No run matches stat:FINISHED: no run has stat. Did you mean state?"),
        ("param.lrr=1", "No run matches param.lrr=1: no run has a param lrr. Did you mean lr?"),
        ("tag:anna", "No run matches tag:anna: no run has a tag anna. Did you mean ana?"),
        ("has:acx", "No run matches has:acx: no run has acx. Did you mean acc?"),
        ("metric.zzzz>1", "No run matches metric.zzzz>1: no run has a metric zzzz. There is acc."),
        ("fit-0.2", "No run matches fit-0.2: no run has fit-0.2 in its name, experiment, params or tags. Did you mean fit-0.5?"),
        ("acc>7", "No run matches acc>7."),
        ("acc>0 or acx>1", "No run has acx. Did you mean acc?"),
        ("acc>0 not tag:done", ""),
        ("lr<0.2", ""),
        ("", ""),
    ],
)
def test_what_no_run_has_is_told_with_the_nearest_that_one_has(known, query, told):
    assert unmatched(known, query, all_runs(known, query)) == told


def test_lists_and_comparisons_say_it_alike(known):
    told = unmatched(known, "acx>1", [])
    assert "Did you mean acc?" in told
    assert repr(nbtrack.runs("acx>1")).startswith(told)
    assert told in nbtrack.runs("acx>1")._repr_html_().replace("&gt;", ">")
    for found in (nbtrack.compare("acx>1"), compared(known, "acx>1")):
        assert found.table()["says"] == found.caption() == told
    assert nbtrack.runs("acc>0 or acx>1").note.startswith("No run has acx.")
    assert nbtrack.compare("acc>0 or acx>1").caption().endswith("No run has acx. Did you mean acc?")


def test_a_filter_before_the_first_run_says_that_there_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert repr(nbtrack.runs("acc>1")).startswith("No run matches acc>1: there is no run yet.")
    assert repr(nbtrack.runs()).startswith("No runs.")
