"""The table of runs: which columns it has, and which of them fit."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from nbtrack.entities import Kind
from nbtrack.errors import UsageError
from nbtrack.journal import fold
from nbtrack.magics.table import RunTable, names_in, terminal_width

ALWAYS = ["run", "state", "started", "duration", "id"]


@pytest.fixture
def views(begin, finish, home):
    """Three runs of thirteen params, three of which differ, and nine metrics, one of them the machine's."""
    found = []
    for number in range(3):
        run = begin(name=f"bold-otter-{number}", goal="max:val_accuracy", started_ns=1_790_000_000_000_000_000 + number)
        for name, value in (("seed", 7), ("lr", 0.1 / (number + 1)), ("optimizer", "adamw" * (number + 1)), ("batch_size", 32 << number)):
            run.event(Kind.PARAM, name=name, value=str(value))
        for at in range(9):
            run.event(Kind.PARAM, name=f"same_{at}", value="1")
        for step in range(5):
            run.log("loss", 1 / (step + 1), step=step)
            run.log("val_accuracy", 0.9 - abs(step - 2) / 10, step=step)
            run.log("system/cpu", 0.5, step=step)
        for at in range(6):
            run.log(f"extra_{at}", number + at / 8)
        finish(run)
        found.append(fold(home, run.run_id))
    return found[::-1]


def header(text):
    return text.splitlines()[0].split()


@pytest.mark.parametrize(("width", "shown"), [(80, ["val_accuracy"]), (120, ["val_accuracy", "lr", "optimizer", "batch_size"])])
def test_a_line_holds_what_tells_most_and_the_table_says_how_many_columns_are_left_out(views, width, shown):
    lines = RunTable(views).text(width).splitlines()
    assert [name for name in header(lines[0]) if name not in ALWAYS][: len(shown)] == shown
    assert header(lines[0])[:4] + header(lines[0])[-1:] == ALWAYS
    assert max(map(cell_len, lines[:4])) <= width
    left_out = 8 + 13 - (len(header(lines[0])) - len(ALWAYS))
    told = [int(word) for word in lines[4].split() if word.isdecimal()]
    assert sum(told) == left_out
    assert "--all-columns shows them, --columns NAME,NAME what you name." in lines[4]


def test_where_there_is_room_a_curve_tells_its_best_value_and_a_text_stands_in_full(views):
    wide = RunTable(views).text(400)
    assert "0.7 (best 0.9 at step 2)" in wide
    assert "2026-09-21" in wide
    narrow = RunTable(views).text(80)
    assert "best" not in narrow
    assert "0.7" in narrow


def test_where_there_is_little_room_names_keep_their_attempt_numbers_four_digits_and_the_metric_that_decides_its_column(begin, finish, home):
    found = []
    for attempt in (1, 2):
        run = begin(name="a-name-as-long-as-nobody-would-type-it", attempt=attempt, goal="max:accuracy_of_all_classes")
        run.event(Kind.PARAM, name="lr", value=str(0.1 / 3 / attempt))
        run.log("accuracy_of_all_classes", 0.5)
        run.log("x", 1.0)
        finish(run)
        found.append(fold(home, run.run_id))
    lines = RunTable(found).text(80).splitlines()
    assert "… #2  FINISHED" in lines[2]
    assert "accuracy_of_all_c…" in lines[0]
    assert "duration" not in lines[0]
    assert max(map(cell_len, lines[:3])) <= 80
    assert "0.03333  " in RunTable(found).text(100) + "  "


def test_columns_that_are_asked_for_stand_there_and_no_others(views):
    table = RunTable(views, asked=names_in("same_3, loss,"))
    assert table.header == ["run", "state", "started", "duration", "same_3", "loss", "id"]
    assert "left out" not in table.text(20)
    with pytest.raises(UsageError, match=r"'los'.*Did you mean loss\?"):
        RunTable(views, asked=["los"])


def test_all_columns_are_all(views):
    table = RunTable(views, is_all=True)
    assert len(table.header) == len(ALWAYS) + 9 + 13
    assert "system/cpu" in table.header
    assert "left out" not in table.text(20) + table._repr_html_()
    assert "system/cpu" not in RunTable(views).header
    assert "5 params are left out" in RunTable(views)._repr_html_() + repr(RunTable(views))


def test_one_run_has_all_its_params_for_differing_ones_and_no_runs_make_no_table(views):
    assert RunTable(views[:1]).header[4:9] == ["val_accuracy", "seed", "lr", "optimizer", "batch_size"]
    assert RunTable([]).text(80) == "No runs."


def test_hostile_names_stay_on_their_line_and_wide_letters_are_counted_as_wide(begin, finish, home):
    run = begin(name="two\nlines 東京東京東京東京東京東京東京東京東京")
    run.event(Kind.PARAM, name="a\nb", value="x\ny")
    finish(run)
    lines = RunTable([fold(home, run.run_id)]).text(90).splitlines()
    assert len(lines) == 2
    assert max(map(cell_len, lines)) <= 90


def test_the_width_is_that_of_the_terminal_or_the_one_that_is_told(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    assert terminal_width() is None
    monkeypatch.setenv("COLUMNS", "77")
    assert terminal_width() == 77
