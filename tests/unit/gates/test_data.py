"""Gate `data`: schemas by pandera, suites by Great Expectations, drift by PSI and scipy."""

import json

import numpy as np
import pandas
import pytest
from scipy import stats

from nbtrack.gates.drift import drift, psi

CANCER = {"kind": "data", "data": "cancer.csv"}
SCHEMA = """
import pandera.pandas as pa
schema = pa.DataFrameSchema({"mean_radius": pa.Column(float, pa.Check.in_range(0, 100)), "clinic": pa.Column(str, pa.Check.isin(["north", "south"]))})

class Model(pa.DataFrameModel):
    mean_radius: float = pa.Field(lt=15)
    clinic: str = pa.Field(isin=["north"])
"""


def change(project, **columns):
    table = pandas.read_csv(project / "cancer.csv").assign(**columns)
    table.to_csv(project / "now.csv", index=False)
    return table


def test_a_schema_of_pandera_holds_or_every_check_that_fails_is_told(judge, project):
    (project / "checks.py").write_text(SCHEMA)
    assert judge("better", {**CANCER, "schema": "checks.py:schema"}).passed
    found = judge("better", {**CANCER, "schema": "checks.py:Model"})
    assert not found.passed and found.measured == "2 failures"
    assert "mean_radius: less_than(15) fails for 17.99 in row 0" in found.why and "clinic: isin(['north']) fails for south" in found.why


def test_a_schema_pandera_wrote_as_yaml_is_read(judge, project):
    import pandera.pandas as pa
    from pandera.io.pandas_io import to_yaml

    (project / "schema.yaml").write_text(to_yaml(pa.DataFrameSchema({"mean_radius": pa.Column(float, pa.Check.ge(0)), "nothing": pa.Column(int)})))
    found = judge("better", {**CANCER, "schema": "schema.yaml"})
    assert not found.passed and "nothing" in found.why


def test_a_suite_of_great_expectations_holds_or_what_was_found_is_told(judge, project):
    def suite(*expectations):
        (project / "suite.json").write_text(json.dumps({"name": "cancer", "expectations": expectations}))
        return {**CANCER, "suite": "suite.json"}

    radius = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "mean_radius", "min_value": 0, "max_value": 100}}
    assert judge("better", suite(radius)).passed
    found = judge("better", suite(radius, {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "clinic", "value_set": ["north"]}}))
    assert not found.passed and found.measured == "1 failure" and "285 of 569" in found.why and "such as south" in found.why
    none = judge("better", suite())
    assert not none.passed and "no suite with expectations" in none.why


def test_the_same_data_have_not_drifted_and_shifted_data_have(judge, project):
    table = change(project)
    same = judge("better", {**CANCER, "drift": {"reference": "now.csv"}})
    assert same.passed and same.measured == 0.0
    change(project, mean_radius=table["mean_radius"] * 1.3)
    found = judge("better", {**CANCER, "data": "now.csv", "drift": {"reference": "cancer.csv"}})
    assert not found.passed and "mean_radius moved" in found.why and "n = 569 → 569" in found.why and found.measured > 0.2
    p = stats.ks_2samp(table["mean_radius"], table["mean_radius"] * 1.3).pvalue
    assert f"KS p = {p:.3g}" in dict(found.details)["drift of mean_radius"]


def test_categories_that_shift_and_a_new_one_are_drift(judge, project):
    change(project, clinic=["north"] * 500 + ["east"] * 69)
    found = judge("better", {**CANCER, "data": "now.csv", "drift": {"reference": "cancer.csv", "columns": ["clinic"]}})
    assert not found.passed and "chi-squared" in found.why


def test_missing_values_missing_columns_and_too_few_rows_do_not_pass(judge, project):
    table = pandas.read_csv(project / "cancer.csv")
    change(project, mean_radius=table["mean_radius"].where(table.index % 5 > 0))
    asked = {**CANCER, "data": "now.csv", "drift": {"reference": "cancer.csv", "columns": ["mean_radius"]}}
    assert "missing values went from 0.0% to 20.0%" in judge("better", asked).why
    table.drop(columns="mean_radius").to_csv(project / "now.csv", index=False)
    assert "mean_radius is missing from the data" in judge("better", asked).why
    table.head(20).to_csv(project / "now.csv", index=False)
    assert "20 values are too few to say" in judge("better", asked).why
    table.assign(mean_radius=np.nan).to_csv(project / "now.csv", index=False)
    assert not judge("better", asked).passed


def test_small_samples_of_the_same_population_are_no_drift_whatever_their_psi():
    rng = np.random.default_rng(0)
    found = [drift("x", pandas.Series(rng.normal(size=60)), pandas.Series(rng.normal(size=60)), 10) for _ in range(20)]
    assert sum(it.psi > 0.2 for it in found) > 5  # which is why the test decides too
    assert not any(it.psi > 0.2 and it.p < 0.01 for it in found)


def test_psi_is_zero_for_equal_shares_symmetric_and_finite_for_empty_bins():
    assert psi([10, 20, 30], [1, 2, 3]) == pytest.approx(0)
    assert psi([10, 20], [20, 10]) == pytest.approx(psi([20, 10], [10, 20]))
    assert np.isfinite(psi([10, 0], [0, 10])) and psi([10, 0], [0, 10]) > 1


@pytest.mark.parametrize(
    ("reference", "now"),
    [([1.0] * 60, [1.0] * 60), ([np.inf, -np.inf] * 30, [1.0] * 60), ([0, 1] * 30, [0, 1] * 30), ([None] * 60, ["a"] * 60), ([True, False] * 30, [True] * 60)],
)
def test_odd_columns_give_numbers(reference, now):
    found = drift("x", pandas.Series(reference), pandas.Series(now), 10)
    assert np.isfinite(found.psi) and found.psi >= 0


def test_a_dataset_of_the_run_and_a_function_are_tables_too(judge, project):
    (project / "holdout.py").write_text("import pandas as pd\ndef load():\n    return pd.read_csv('cancer.csv').head(100)\n")
    (project / "checks.py").write_text(SCHEMA)
    assert "100 rows" in judge("better", {"kind": "data", "data": "holdout.py:load", "schema": "checks.py:schema"}).why
    (project / "elsewhere").mkdir()
    assert judge("better", {"kind": "data", "data": "cancer.csv", "schema": "checks.py:schema"}).passed


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"data": "nothing.csv", "schema": "checks.py:schema"}, "no file 'nothing.csv'"),
        ({"data": "train.ipynb", "schema": "checks.py:schema"}, "no known kind of table"),
        ({"schema": "checks.py:other"}, "cannot be had: AttributeError"),
        ({"schema": "nothing.py:schema"}, "cannot be had: FileNotFoundError"),
        ({"schema": "nothing.yaml"}, "no schema of pandera's"),
        ({"suite": "nothing.json"}, "cannot be read"),
        ({"suite": "odd.json"}, "has 1 expectation, of which Great Expectations knows 0"),
    ],
)
def test_what_is_not_there_fails_and_says_so(judge, project, facts, why):
    (project / "checks.py").write_text(SCHEMA)
    (project / "odd.json").write_text(json.dumps({"expectations": [{"type": "expect_the_unexpected"}]}))
    found = judge("better", {**CANCER, **facts})
    assert not found.passed and why in found.why and found.mend
