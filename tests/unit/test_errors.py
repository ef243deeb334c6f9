"""Errors name their mend and cross processes whole."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrack import errors
from nbtrack.errors import MissingPackageError, NbtrackError, QueryError, SettingError, SpecError, UnknownRunError

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, NbtrackError)]


def make(kind: type[NbtrackError]) -> NbtrackError:
    if kind is SettingError:
        return SettingError("idle_s", -1, "the call", wanted="a number of at least 0")
    if kind is UnknownRunError:
        return UnknownRunError("bold", "Two runs are called 'bold'.", mend="Give more of the id.")
    if kind is QueryError:
        return QueryError("lr <", 4, "a value is missing.", mend="Write lr < 0.1.")
    if kind is SpecError:
        return SpecError(Path("nbtrack.yaml"), [(3, "gates.acc", "'kind' is missing")])
    if kind is MissingPackageError:
        return MissingPackageError("fairlearn", "A fairness gate", extra="gates")
    return kind("It happened.", mend="Do this.")


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_ends_with_its_mend(kind):
    error = make(kind)
    assert error.mend and str(error).endswith(error.mend) and str(error).startswith(error.message)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mend_is_required(kind):
    with pytest.raises(TypeError):
        kind("It happened.")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("kind", KINDS)
def test_an_error_crosses_processes_whole(kind, protocol):
    error = make(kind)
    error.add_note("seen in stage 'train'")
    for back in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error)):
        assert type(back) is kind
        assert (str(back), back.args, vars(back)) == (str(error), error.args, vars(error))


def test_an_error_raised_in_a_worker_arrives():
    script = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from nbtrack.errors import SettingError, UnknownRunError

if __name__ == "__main__":
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        from nbtrack.settings import load
        try:
            pool.submit(load, {"idle_s": "soon"}).result()
        except SettingError as error:
            print(error.setting, error.value, error.mend)
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.strip() == "idle_s soon Correct 'idle_s' in the call."


def test_an_unknown_setting_is_told_with_the_nearest_one():
    error = SettingError.unknown("idel_s", 3, "the call", ["idle_s", "home"])
    assert str(error) == "There is no setting 'idel_s' (from the call, with the value 3); there are home, idle_s. Did you mean 'idle_s'?"
    assert error.args == (error.message,)
    assert SettingError.unknown("xyz", 3, "x.toml", ["home"]).mend == "Take 'xyz' out of x.toml."
