"""Finding runs in the journal."""

import pytest

from nbtrack.entities import Kind, RunStart, State
from nbtrack.errors import UnknownRunError, UsageError
from nbtrack.journal import Home, RunWriter
from nbtrack.reads import all_runs, find


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    for number, (name, lr, acc) in enumerate([("bold-owl", "0.1", 0.5), ("calm-owl", "0.2", 0.8), ("calm-owl", "adam", float("nan"))]):
        start = RunStart(f"{number}{'a' * 31}", name, "mnist", "sqlite:////x.db", "nobody", 10**18 + number, attempt=number or 1, tags={"team": "vision"})
        writer = RunWriter.create(home, start)
        writer.event(Kind.PARAM, name="lr", value=lr)
        writer.log("acc", acc)
        writer.event(Kind.END, state=State.FAILED if number == 2 else State.FINISHED)
        writer.close()
    return home


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "210"), ("lr<0.2", "0"), ("lr<=0.2 acc>=.8", "1"), ("lr<=0.2 and acc>.5", "1"), ("state:failed", "2"), ("state:FINISHED", "10"),
        ("team:vision calm", "21"), ("lr=adam", "2"), ("lr=0.10", "0"), ("lr!=adam", "10"), ("nothing>1", ""), ("nothing!=1", "210"), ("acc>0", "10"), ("0aaa", "0"),
    ],
)  # fmt: skip
def test_a_query_keeps_the_runs_for_which_all_its_terms_hold(home, query, found):
    assert "".join(view.run_id[0] for view in all_runs(home, query)) == found


def test_comparing_with_a_text_names_the_mend(home):
    with pytest.raises(UsageError, match=r"lr<0\.1"):
        all_runs(home, "lr<small")


def test_a_word_finds_its_run(home):
    assert find(home).run_id[0] == "2"
    assert find(home, "calm-owl").run_id[0] == "2"
    assert find(home, "calm-owl#1").run_id[0] == "1"
    assert find(home, "0aaaa").name == "bold-owl"
    assert find(home, "bold-owl").metrics["acc"].last == 0.5


def test_a_name_that_two_stores_have_means_the_run_of_the_store_in_force(home):
    start = RunStart("9" * 32, "bold-owl", "mnist", "sqlite:////y.db", "nobody", 2 * 10**18, attempt=1)
    RunWriter.create(home, start).close()
    assert find(home, "bold-owl", store="sqlite:////x.db").run_id[0] == find(home, "bold-owl#1", store="sqlite:////x.db").run_id[0] == "0"
    assert find(home, "bold-owl", store="sqlite:////y.db").run_id[0] == find(home, "bold-owl").run_id[0] == "9"
    assert find(home, "9999", store="sqlite:////x.db").name == "bold-owl"


def test_an_unknown_word_names_the_nearest_run(home):
    with pytest.raises(UnknownRunError, match="Did you mean 'bold-owl'"):
        find(home, "bold-oul")
    with pytest.raises(UnknownRunError, match="no run yet"):
        find(Home(home.root / "empty"))


def test_letters_that_several_ids_share_are_refused(home):
    start = RunStart("0" + "a" * 30 + "b", "other", "mnist", "s", "nobody", 1)
    RunWriter.create(home, start).close()
    with pytest.raises(UnknownRunError, match="2 runs begin with"):
        find(home, "0aaaa")
