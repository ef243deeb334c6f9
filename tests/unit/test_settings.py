"""Settings: where they come from, and what is said of bad ones."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbtrack.errors import SettingError
from nbtrack.settings import Settings, home, load, unknown_variables

NAMES = [field.name for field in fields(Settings)]


def value_of(name: str) -> object:
    """A value of the setting's own kind that is not its default."""
    default = getattr(Settings(), name)
    choices = next(field for field in fields(Settings) if field.name == name).metadata.get("choices")
    if choices:
        return next(word for word in choices if word != default)
    return not default if isinstance(default, bool) else "other" if isinstance(default, str) else type(default)(12)


def toml_of(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_can_come_from_the_call_the_environment_and_a_file(name, tmp_path):
    value = value_of(name)
    assert value != getattr(Settings(), name)
    assert getattr(load({name: value}, env={}, folder=tmp_path), name) == value
    assert getattr(load(env={f"NBTRACK_{name.upper()}": str(value)}, folder=tmp_path), name) == value
    (tmp_path / "nbtrack.toml").write_text(f"{name} = {toml_of(value)}")
    found = getattr(load(env={}, folder=tmp_path), name)
    assert found == value and type(found) is type(getattr(Settings(), name))


def test_a_list_of_texts_in_a_file_is_one_text(tmp_path):
    (tmp_path / "nbtrack.toml").write_text("exclude = ['seed', 'tmp_*']")
    assert load(env={}, folder=tmp_path).exclude == "seed,tmp_*"


def test_the_call_goes_before_the_environment_before_the_file_before_the_default(tmp_path):
    assert load(env={}, folder=tmp_path).poll_s == 0.5
    (tmp_path / "nbtrack.toml").write_text("poll_s = 1")
    assert load(env={}, folder=tmp_path).poll_s == 1.0
    env = {"NBTRACK_POLL_S": "2"}
    assert load(env=env, folder=tmp_path).poll_s == 2.0
    assert load({"poll_s": 3}, env=env, folder=tmp_path).poll_s == 3.0
    assert load({"poll_s": None}, env=env, folder=tmp_path).poll_s == 2.0
    assert load({"poll_s": 0}, env=env, folder=tmp_path).poll_s == 0.0


def test_a_variable_that_is_no_setting_is_told_with_the_nearest_that_is_one():
    (told,) = unknown_variables({"NBTRACK_QUIT": "1", "NBTRACK_QUIET": "1", "QUIT": "1"})
    assert told == "the environment has NBTRACK_QUIT, which is no setting and does nothing. Did you mean NBTRACK_QUIET?"
    assert "docs/settings.md lists" in unknown_variables({"NBTRACK_ZZZZZZ": ""})[0]


def test_nothing_is_said_of_what_our_own_code_reads():
    root = Path(__file__).parents[2]
    files = [root / "Makefile", *(path for folder in ("nbtrack", "examples", "tests") for path in (root / folder).rglob("*.py") if path != Path(__file__))]
    read = {name for path in files for name in re.findall(r"\bNBTRACK_[A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))}
    assert {"NBTRACK_NOTEBOOK", "NBTRACK_CHROMIUM", "NBTRACK_OWNER"} <= read
    assert unknown_variables(dict.fromkeys(read - {"NBTRACK_QUIT"}, "1")) == []  # which other tests mistype


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_variable_is_none(name, tmp_path):
    assert load(env={f"NBTRACK_{name.upper()}": ""}, folder=tmp_path) == Settings()


def test_the_nearest_file_counts(tmp_path, monkeypatch):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.nbtrack]\nexperiment = 'outer'")
    assert load(env={}, folder=inner).experiment == "outer"
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'x'")  # does not speak of us
    assert load(env={}, folder=inner).experiment == "outer"
    (inner / "pyproject.toml").write_text("[tool.nbtrack]\nexperiment = 'inner'")
    assert load(env={}, folder=inner).experiment == "inner"
    (inner / "nbtrack.toml").write_text("experiment = 'own'")
    assert load(env={}, folder=inner).experiment == "own"
    monkeypatch.chdir(inner.parent)
    assert load(env={}, folder=Path("b")).experiment == "own"
    monkeypatch.chdir(inner)
    (inner / "nbtrack.toml").unlink()
    (inner / "pyproject.toml").unlink()
    assert load(env={}).experiment == "outer"


NUMBERS = ["soon", "-1", "nan", "1,5", "0x10"]
BAD = [
    *((name, value) for name in ("idle_s", "poll_s", "flush_wait_s", "keep_days", "keep_mb", "long_param") for value in NUMBERS),
    ("long_param", "1.5"), ("long_param", "inf"), ("quiet", "maybe"), ("delivery", "2"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_names_setting_value_and_origin(name, value, tmp_path):
    file = tmp_path / "nbtrack.toml"
    variable = f"NBTRACK_{name.upper()}"
    wanted = "true or false" if name in ("quiet", "delivery") else "number of at least 0"
    file.write_text(f"{name} = {value!r}")
    for call, env, origin in (({name: value}, {}, "the call"), (None, {variable: value}, f"the environment ({variable})"), (None, {}, str(file))):
        with pytest.raises(SettingError) as caught:
            load(call, env=env, folder=tmp_path)
        error = caught.value
        assert (error.setting, error.value, error.origin) == (name, value, origin)
        assert f"{name!r} is {value!r} (from {origin})" in str(error) and wanted in str(error)
        assert error.mend == f"Correct {name!r} in {origin}."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("idle_s", True), ("idle_s", [1]), ("idle_s", float("nan")), ("idle_s", 10**400), ("long_param", 1.5), ("long_param", float("inf")),
        ("long_param", False), ("home", 3), ("home", Path("x")), ("experiment", True), ("quiet", 2), ("quiet", []),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_of_another_type_is_refused(name, value, tmp_path):
    with pytest.raises(SettingError, match=f"Setting '{name}' is"):
        load({name: value}, env={}, folder=tmp_path)


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize("words", [("0", "1"), ("False", "TRUE"), ("no", "Yes"), ("OFF", "on")])
def test_words_for_yes_and_no(words, value, tmp_path):
    assert load(env={"NBTRACK_QUIET": words[value]}, folder=tmp_path).quiet is value


def test_an_endless_time_is_a_time(tmp_path):
    assert load({"keep_days": float("inf"), "long_param": 12.0}, env={}, folder=tmp_path).keep_days == float("inf")


def test_an_unknown_name_is_refused_with_the_nearest_one(tmp_path):
    with pytest.raises(SettingError, match=r"no setting 'quite' \(from the call.*Did you mean 'quiet'\?"):
        load({"quite": True}, env={}, folder=tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.nbtrack]\nkeep_day = 3")
    with pytest.raises(SettingError, match=r"no setting 'keep_day' \(from .*pyproject\.toml.*Did you mean 'keep_days'\?"):
        load(env={}, folder=tmp_path)
    with pytest.raises(SettingError, match="pyproject"):
        load({"idle_s": 1}, env={}, folder=tmp_path)


def test_variables_of_others_are_left_alone(tmp_path):
    assert load(env={"NBTRACK_OWNER": "1-x", "QUIET": "maybe"}, folder=tmp_path) == Settings()


@pytest.mark.parametrize("content", [b"idle_s = ", b"\xff", b"[tool.nbtrack"])
@pytest.mark.parametrize("name", ["nbtrack.toml", "pyproject.toml"])
def test_a_file_that_is_no_toml_is_named(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingError, match="it must be a TOML file") as caught:
        load(env={}, folder=tmp_path)
    assert caught.value.origin == str(tmp_path / name)


@pytest.mark.parametrize("content", ["[tool]\nnbtrack = 3", "[[tool.nbtrack]]\nidle_s = 3"])
def test_a_table_that_is_none_is_refused(content, tmp_path):
    (tmp_path / "pyproject.toml").write_text(content)
    with pytest.raises(SettingError, match="it must be a table"):
        load(env={}, folder=tmp_path)


def test_a_folder_in_place_of_the_file_and_a_strange_tool_are_passed_over(tmp_path):
    (tmp_path / "nbtrack.toml").mkdir()
    (tmp_path / "pyproject.toml").write_text("tool = 3")
    assert load(env={}, folder=tmp_path) == Settings()


@given(st.dictionaries(st.sampled_from(NAMES), st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()), max_size=3))
def test_any_call_gives_settings_or_a_setting_error(call):
    try:
        found = load(call, env={}, folder=Path("/"))
    except SettingError as error:
        assert error.setting in call
    else:
        assert all(type(getattr(found, field.name)) is type(field.default) for field in fields(Settings))


def test_settings_do_not_change():
    with pytest.raises(FrozenInstanceError):
        Settings().quiet = True


def test_the_state_directory_is_the_platforms_unless_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert home(Settings(home="here")) == tmp_path / "here"
    assert home(Settings(home="~/x")) == Path.home() / "x"
    assert home(Settings()).is_absolute() and "nbtrack" in str(home(Settings()))


def test_the_home_of_nobody_is_refused():
    with pytest.raises(SettingError, match=r"'~nobody-of-that-name/x'.*there is no such user.*Correct 'home'"):
        home(Settings(home="~nobody-of-that-name/x"))


def test_a_setting_of_few_words_names_them(tmp_path):
    with pytest.raises(SettingError, match="one of mask, strict, off"):
        load({"secrets": "maybe"}, env={}, folder=tmp_path)
