"""The data of two runs compared, what DVC knows, and schemas of a stage's inputs and outputs."""

from __future__ import annotations

import json
import subprocess

import pytest

from nbtrack.capture.digests import of_file
from nbtrack.entities import Kind
from nbtrack.errors import SpecError, StageError
from nbtrack.journal import fold
from nbtrack.pipelines.data import dvc
from nbtrack.pipelines.data.difference import difference
from nbtrack.pipelines.data.page import DataPage
from nbtrack.pipelines.validating import hold_inputs, hold_outputs

pandas = pytest.importorskip("pandas")


@pytest.fixture
def read(home, begin, finish, tmp_path):
    """`read({"houses.csv": frame})`: a run that read these files; they lie there until the next one writes them."""

    def read(tables, **tags):
        writer = begin(tags={"nbtrack.notebook": str(tmp_path / "work" / "a.ipynb"), **tags})
        (tmp_path / "work").mkdir(exist_ok=True)
        for name, frame in tables.items():
            path = tmp_path / "work" / name
            frame.to_csv(path, index=False)
            facts = {"name": name, "digest": of_file(path), "source_type": "local", "source": json.dumps({"uri": name})}
            facts["profile"] = json.dumps({"num_rows": len(frame)})
            facts["schema"] = json.dumps({"mlflow_colspec": [{"name": it, "type": str(kind)} for it, kind in frame.dtypes.items()]})
            writer.event(Kind.INPUT, dataset={"dataset": facts, "tags": {}})
        finish(writer)
        return fold(home, writer.run_id)

    return read


def houses(rows, price=1.0, **columns):
    return pandas.DataFrame({"price": [price * (it % 97) for it in range(rows)], "kind": ["ab"[it % 2] for it in range(rows)], **columns})


def git(folder, *words):
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True, capture_output=True)


def test_columns_rows_and_values_that_changed_are_told_from_what_git_kept(home, read, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "-q")
    houses(200).to_csv(work / "houses.csv", index=False)
    git(work, "add", "houses.csv")
    git(work, "commit", "-qm", "a")
    commit = subprocess.run(["git", "-C", str(work), "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    a = read({"houses.csv": houses(200)}, **{"mlflow.source.git.commit": commit})
    b = read({"houses.csv": houses(300, 3.0, beds=[1] * 300)})
    found = difference(home, a, b, tmp_path)
    (one,) = found.inputs
    assert (one.is_same, one.rows, one.columns) == (False, (200, 300), (("beds", "", "int64"),))
    assert [(it.drift.column, bool(it.why)) for it in one.moved] == [("price", True), ("kind", False)]
    text = repr(DataPage(found))
    assert (
        "houses.csv: changed, 200 → 300 rows" in text
        and "column beds: is new, int64" in text
        and "price moved: PSI" in text
        and "1 column did not move" in text
    )
    assert "price moved" in DataPage(found).markdown() and DataPage(found).data()["inputs"][0]["drift"][0]["moved"] is True


def test_of_data_that_are_gone_what_was_recorded_is_compared(home, read, tmp_path):
    a, b = read({"houses.csv": houses(200)}), read({"houses.csv": houses(300, beds=[1] * 300), "more.csv": houses(60)})
    first, second = difference(home, a, b, tmp_path).inputs
    assert (first.rows, first.columns, first.moved) == ((200, 300), (("beds", "", "int64"),), ())
    assert "data of before are not here (it changed since)" in first.notes[0]
    assert (second.name, second.a, second.b is not None) == ("more.csv", None, True)
    assert "more.csv: new" in repr(DataPage(difference(home, a, b, tmp_path)))


def test_the_same_bytes_are_the_same_and_names_choose(home, read, tmp_path):
    a, b = read({"houses.csv": houses(200)}), read({"houses.csv": houses(200), "more.csv": houses(60)})
    (one,) = difference(home, a, b, tmp_path, ("houses.csv",)).inputs
    assert one.is_same and "houses.csv: the same, 200 rows" in repr(DataPage(difference(home, a, b, tmp_path)))


def test_one_input_each_under_another_name_is_the_same_input(home, read, tmp_path):
    a, b = read({"may.csv": houses(200)}), read({"june.csv": houses(200, 5.0)})
    (one,) = difference(home, a, b, tmp_path).inputs
    assert one.name == "may.csv → june.csv" and one.has_moved


def test_what_is_under_dvc_is_known_by_its_pointer_its_folder_and_its_lock(tmp_path):
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "raw.csv.dvc").write_text("outs:\n- md5: 01ab\n  size: 3\n  path: raw.csv\n")
    (tmp_path / "images.dvc").write_text("outs:\n- md5: 4567.dir\n  path: images\n")
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\nstages:\n  make:\n    cmd: x\n    outs:\n    - path: data/made.csv\n      md5: '89'\n")
    assert dvc.tracked(tmp_path / "data" / "raw.csv").md5 == "01ab"
    assert dvc.tracked(tmp_path / "images").md5 == "4567.dir"
    assert dvc.tracked(tmp_path / "images" / "cat.png").md5 == ""
    assert dvc.tracked(tmp_path / "data" / "made.csv").md5 == "89"
    assert dvc.tracked(tmp_path / "data" / "other.csv") is None
    assert dvc.tracked(tmp_path.parent / "raw.csv") is None


SCHEMAS = """
import pandera.pandas as pa

Sales = pa.DataFrameSchema({"price": pa.Column(float, pa.Check.gt(0)), "kind": pa.Column(str, pa.Check.isin(["a", "b"]))})
"""
STAGE = """
    stages:
      a:
        notebook: a.ipynb
        inputs: {sales: sales.csv}
        outputs: {clean: clean.csv}
        validate:
          inputs: {sales: "schemas.py:Sales"}
          outputs: {clean: "schemas.py:Sales"}
"""


def test_a_table_that_breaks_its_schema_is_told_with_column_check_and_rows(opened, tmp_path):
    (tmp_path / "schemas.py").write_text(SCHEMAS)
    houses(30).to_csv(tmp_path / "sales.csv", index=False)
    pandas.DataFrame({"price": [1.0, -2.0], "kind": ["a", "c"]}).to_csv(tmp_path / "clean.csv", index=False)
    graph, decider, _ = opened(STAGE, a="")
    node = graph.nodes["a"]
    with pytest.raises(StageError, match=r"input 'sales' \(sales.csv\) breaks schemas.py:Sales: price: greater_than\(0\) fails for 0.0 in row 0"):
        hold_inputs(node, tmp_path, decider.input_paths(node, {}))
    with pytest.raises(StageError, match=r"price: greater_than\(0\) fails for -2.0 in row 1; kind: isin\(.*\) fails for c in row 1.*Mend the data"):
        hold_outputs(node, tmp_path)
    (tmp_path / "sales.csv").write_text("price,kind\n1.0,a\n")
    hold_inputs(node, tmp_path, decider.input_paths(node, {}))
    before = decider.decide(node, {}).key
    (tmp_path / "schemas.py").write_text(SCHEMAS.replace("gt(0)", "gt(5)"))
    assert opened(STAGE, a="")[1].decide(node, {}).key != before


def test_a_schema_that_is_not_there_is_told_before_anything_runs(opened, tmp_path):
    houses(30).to_csv(tmp_path / "sales.csv", index=False)
    with pytest.raises(SpecError) as caught:
        opened(STAGE.replace('outputs: {clean: "schemas', 'outputs: {cleen: "schemas'), a="")
    told = [(line, text) for line, _, text in caught.value.problems]
    assert [line for line, _ in told] == [8, 9, 9] and "no schema 'schemas.py:Sales'" in told[0][1]
    assert any("no output 'cleen' that is a file. Did you mean 'clean'" in text for _, text in told)
