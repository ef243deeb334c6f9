"""Data that was read in the notebook, as inputs of the runs that use it."""

from __future__ import annotations

import functools
import gzip
import json
from types import SimpleNamespace

import pytest

from nbtrack.capture import digests
from nbtrack.capture.datasets import Datasets
from nbtrack.capture.text_files import MOST, shape_of_file
from nbtrack.capture.weave import taps
from nbtrack.delivery.loop import Loop
from nbtrack.entities import Kind
from nbtrack.settings import Settings
from nbtrack.store.client import StoreClient

TABLE = "a,b\n" + "\n".join(f"{n},{n / 2}" for n in range(30)) + "\n"


class Woven(Datasets):
    @property
    def transformer(self):
        return self._given.transformer


@pytest.fixture
def notebook(notebook_of, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "houses.csv").write_text(TABLE)
    (tmp_path / "other.csv").write_text(TABLE)
    for name, text in (("names.txt", "emma\n\nava, the first\n"), ("one.json", "[1]"), ("a.train", "1 3:1\n0 4:1\n")):
        (tmp_path / name).write_text(text)
    (tmp_path / "p.data.gz").write_bytes(gzip.compress(b"1,2,3\n4,5,6\n"))
    notebook = notebook_of(Datasets())
    notebook.run("import numpy as np, pandas as pd")
    return notebook


def inputs(notebook):
    return {it["dataset"]["dataset"]["name"]: it["dataset"]["dataset"] for it in notebook.events(Kind.INPUT)}


def test_a_file_that_an_earlier_cell_read_is_an_input_of_the_cell_that_uses_it(notebook):
    notebook.run("df = pd.read_csv('houses.csv')\nother = pd.read_csv('other.csv')")
    notebook.run("X = df[['a']]\nhalf = other")
    assert notebook.tracked("mean = X['a'].mean()") == {("dataset", "houses.csv"): "30 x 2"}
    (data,) = inputs(notebook).values()
    assert json.loads(data["profile"])["rows"] == 30
    assert json.loads(data["source"]) == {"uri": "houses.csv"}
    assert [it["name"] for it in json.loads(data["schema"])["mlflow_colspec"]] == ["a", "b"]
    assert len(data["digest"]) == 32


def test_only_what_the_cell_uses_counts(notebook):
    notebook.run("df = pd.read_csv('houses.csv')")
    assert notebook.tracked("x = 1") == {}
    notebook.run("df = pd.DataFrame({'a': [1]})")
    assert notebook.tracked("mean = df['a'].mean()") == {}


@pytest.mark.parametrize(
    ("code", "name", "size"),
    [
        ("df = pd.read_csv('houses.csv')", "houses.csv", "30 x 2"),
        ("import os\nfolder = '.'\nname = 'houses'\ndf = pd.read_csv(os.path.join(folder, f'{name}.csv')).dropna()", "houses.csv", "30 x 2"),
        ("from pathlib import Path\ndf = pd.read_csv(Path('.') / 'houses.csv')", "houses.csv", "30 x 2"),
        ("from pandas import read_csv as r\ndf = r('houses.csv')", "houses.csv", "30 x 2"),
        ("A = np.loadtxt('houses.csv', delimiter=',', skiprows=1)", "houses.csv", "30 x 2"),
        ("a, b = np.loadtxt('houses.csv', delimiter=',', skiprows=1, unpack=True)\nA = a", "houses.csv", "30 x 2"),
        ("with open('houses.csv') as file:\n    lines = file.readlines()", "houses.csv", "30 x 2"),
        ("import csv\nfile = open('houses.csv')\nrows = list(csv.reader(file))\nfile.close()", "houses.csv", "30 x 2"),
        ("with open('names.txt') as file:\n    words = file.read().split()", "names.txt", "2 rows"),
        ("import gzip\nwith gzip.open('p.data.gz', 'rt') as file:\n    rows = [it.split() for it in file]", "p.data.gz", "2 x 3"),
        ("import json\nwith open('one.json') as file:\n    held = json.load(file)", "one.json", "?"),
        ("import lightgbm as lgb\ndata = lgb.Dataset('a.train?format=libsvm')", "a.train", "2 rows"),
        ("def get(path, sep=','):\n    return pd.read_csv(path, sep=sep)\ndf = get('houses.csv')", "houses.csv", "30 x 2"),
        ("def get(name):\n    path = name + '.csv'\n    return pd.read_csv(path)\ndf = get('houses')", "houses.csv", "30 x 2"),
        ("from sklearn.datasets import load_iris\niris = load_iris()", "load_iris", "150 x 4"),
        ("from sklearn.datasets import load_iris\nX, y = load_iris(return_X_y=True)", "load_iris", "150 x 4"),
        ("from sklearn import datasets\ndf = datasets.load_iris(as_frame=True).frame", "load_iris", "150 x 5"),
        ("from sklearn.datasets import make_moons\nX, y = make_moons(200, random_state=0)", "make_moons", "200 x 2"),
        ("import polars as pl\ndf = pl.read_csv('houses.csv')", "houses.csv", "30 x 2"),
        ("import polars as pl\ndf = pl.scan_csv('houses.csv').collect()", "houses.csv", "30 x 2"),
        ("import pyarrow.csv as pc\ntable = pc.read_csv('houses.csv')", "houses.csv", "30 x 2"),
        (
            "import polars as pl\nimport pyarrow.parquet as pq\npl.DataFrame({'a': [1, 2, 3]}).write_parquet('p.parquet')\ntable = pq.read_table('p.parquet')",
            "p.parquet",
            "3 x 1",
        ),
        ("import scipy.io as sio\nsio.savemat('a.mat', {'y': np.zeros((1, 9)), 'X': np.zeros((5, 9))})\nd = sio.loadmat('a.mat')", "a.mat", "5 x 9"),
        ("np.savez('a.npz', y=np.zeros(7))\nmeta = np.load('a.npz')", "a.npz", "7 rows"),
    ],
)
def test_calls_that_read(notebook, code, name, size):
    for package in ("polars", "pyarrow", "lightgbm"):
        if f"import {package}" in code:
            pytest.importorskip(package)
    assert notebook.tracked(code) == {("dataset", name): size}
    assert notebook.view().notices == ()
    if "savez" in code:
        notebook.namespace["meta"].close()


def test_a_text_file_that_cannot_be_counted_has_no_rows(tmp_path):
    for name, content in (("cut.csv.gz", b"\x1f\x8b\x08\0"), ("binary.dat", b"1,2\0\n"), ("large.txt", b"a\n" * (MOST // 2 + 1)), ("pretest", b"a\n")):
        (tmp_path / name).write_bytes(content)
        assert shape_of_file(tmp_path / name) is None
    (tmp_path / "long.csv").write_text("1" * 200_000 + "\n2\n")
    assert shape_of_file(tmp_path / "long.csv") == (2, None)


def test_writing_a_file_reads_nothing(notebook):
    assert notebook.tracked("with open('out.csv', 'w') as file:\n    file.write('a')\nmodel = np.load") == {}


def test_what_dvc_knows_has_dvcs_digest(notebook, tmp_path):
    size = (tmp_path / "houses.csv").stat().st_size
    md5 = "0123456789abcdef0123456789abcdef"
    (tmp_path / "houses.csv.dvc").write_text(f"outs:\n- md5: {md5}\n  size: {size}\n  hash: md5\n  path: houses.csv\n")
    notebook.tracked("df = pd.read_csv('houses.csv')")
    (data,) = inputs(notebook).values()
    assert data["digest"] == md5
    assert json.loads(data["source"])["dvc"] == md5
    (tmp_path / "houses.csv").write_text(TABLE + "1,1\n")
    notebook.tracked("df = pd.read_csv('houses.csv')")
    (data,) = inputs(notebook).values()
    assert data["digest"] != md5


def test_an_output_of_a_dvc_stage_has_its_digest(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "x.csv").write_text("1")
    lock = "schema: '2.0'\nstages:\n  get:\n    outs:\n    - path: data/w.csv\n      md5: aaaa\n      size: 9\n    - path: data/x.csv\n      hash: md5\n      md5: bbbb\n      size: 1\n"
    (tmp_path / "dvc.lock").write_text(lock)
    assert digests.dvc_md5(data / "x.csv") == "bbbb"
    (data / "y.csv").write_text("2")
    assert digests.dvc_md5(data / "y.csv") == ""


def test_the_digest_of_a_large_file_takes_pieces_from_first_to_last_byte(tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(b"\0" * (6 << 20))
    before = digests.of_file(path)
    with path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\1")
    assert digests.of_file(path) != before
    assert len(before) == 32


def test_the_digest_of_a_value_tells_values_and_shapes_apart(tmp_path):
    import numpy as np
    import pandas as pd

    values = [np.zeros((4, 2)), np.zeros((2, 4)), np.ones((4, 2)), pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"b": [1, 2]}), pd.DataFrame({"a": ["x", None]})]
    found = [digests.of_value(value) for value in values]
    assert len(set(found)) == len(values)
    assert all(found)
    assert digests.of_value(object()) == ""


def tables(number, text):
    """One table by several libraries."""
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    columns = {**{f"n{it}": [number, 0.5, it] for it in range(200)}, **{f"t{it}": ["a", text, None] for it in range(3)}, "flag": [True, False, True]}
    return pd.DataFrame(columns), pl.DataFrame(columns, strict=False), pa.table(columns)


def test_the_digest_of_a_table_counts_numbers_and_texts():
    for same, other, number, text in zip(tables(1.5, "b"), tables(1.5, "b"), tables(2.5, "b"), tables(1.5, "c"), strict=True):
        found = [digests.of_value(it) for it in (same, number, text)]
        assert all(found)
        assert len(set(found)) == 3
        assert digests.of_value(other) == found[0]


def test_the_digest_of_a_large_value_takes_a_part_of_it():
    import numpy as np
    import pandas as pd

    array = np.zeros((2, 3 << 20))
    before = digests.of_value(array), digests.of_value(np.asfortranarray(array))
    assert before[0] == before[1]
    array[1, 1] = 1
    assert digests.of_value(array) == before[0]
    array[1, 0] = 1
    assert digests.of_value(array) != before[0]
    texts = pd.DataFrame(np.full((3, 200), "a", dtype=object))
    before_of_texts = digests.of_value(texts)
    texts.iloc[0, 1] = "b"
    assert digests.of_value(texts) == before_of_texts
    texts.iloc[0, 3] = "b"
    assert digests.of_value(texts) != before_of_texts


def test_an_array_mapped_from_a_file_has_the_digest_of_the_file(tmp_path):
    import numpy as np

    np.save(tmp_path / "m.npy", np.zeros((3 * 4096, 2)))
    before = digests.of_value(np.load(tmp_path / "m.npy", mmap_mode="r"))
    assert len(before) == 32
    np.load(tmp_path / "m.npy", mmap_mode="r+")[1] = 1  # none of the 4,096 rows at even distances
    assert digests.of_value(np.load(tmp_path / "m.npy", mmap_mode="r")) not in ("", before)


def test_training_and_evaluation_are_told_by_name(notebook, tmp_path):
    (tmp_path / "train.csv").write_text(TABLE)
    (tmp_path / "test.csv").write_text(TABLE + "1,2\n")
    notebook.tracked("a = pd.read_csv('train.csv')\nb = pd.read_csv('test.csv')")
    found = {it["dataset"]["dataset"]["name"]: it["dataset"]["tags"] for it in notebook.events(Kind.INPUT)}
    assert found == {"train.csv": {"mlflow.data.context": "training"}, "test.csv": {"mlflow.data.context": "evaluation"}}


def test_mlflow_gets_it_as_an_input_of_the_run(notebook, home, store, mlflow_of):
    notebook.tracked("df = pd.read_csv('houses.csv')\nfrom sklearn.datasets import load_iris\niris = load_iris()")
    loop = Loop(home, store, Settings(), lambda: StoreClient(store))
    loop.register.look()
    run_id = loop.deliver_here(notebook.runs[-1].run_id)
    found = {it.dataset.name: it.dataset for it in mlflow_of(store).get_run(run_id).inputs.dataset_inputs}
    assert set(found) == {"houses.csv", "load_iris"}
    import mlflow.data

    assert mlflow.data.get_source(found["houses.csv"]).load().endswith("houses.csv")
    assert found["load_iris"].source_type == "code"


def test_torch_datasets_are_told_where_nothing_known_read_them(notebook, tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "rows.bin").write_bytes(bytes(72))
    notebook.run("import os, torch, numpy as np\nfrom torch.utils.data import TensorDataset, DataLoader, Dataset")
    notebook.run(
        "def rows(path):\n    with open(path, 'rb') as file:\n        return torch.frombuffer(bytearray(file.read()), dtype=torch.float32).reshape(6, 3)"
    )
    assert notebook.tracked("train = TensorDataset(rows('rows.bin'), torch.zeros(6))\nloader = DataLoader(train)") == {("dataset", "train"): "6 x 3"}
    code = "df = pd.read_csv('houses.csv')\ntrain = TensorDataset(torch.tensor(df.to_numpy()))"
    assert notebook.tracked(code) == {("dataset", "houses.csv"): "30 x 2"}
    notebook.run(
        "class Folder(Dataset):\n    def __init__(self, root): self.names = os.listdir(root)\n    def __len__(self): return 1\n    def __getitem__(self, i): return i"
    )
    assert list(notebook.tracked("folder = Folder('.')")) == [("dataset", "Folder")]


@pytest.mark.parametrize(
    "code",
    [
        "train = TensorDataset(torch.randn(9, 3), torch.zeros(9))\nloader = DataLoader(train)",
        "train = TensorDataset(X, X.sum(1))",
        "loader = DataLoader(Toy(20), batch_size=4)",
        "text = 'hello ' * 20\nclass Letters(Dataset):\n    def __len__(self): return 9\n    def __getitem__(self, i): return text[i]\nletters = Letters()",
    ],
)
def test_torch_datasets_of_values_made_in_the_notebook_are_no_input(notebook, code):
    pytest.importorskip("torch")
    notebook.run("import torch\nfrom torch.utils.data import TensorDataset, DataLoader, Dataset\nX = torch.linspace(0, 1, 30).reshape(10, 3)")
    notebook.run(
        "class Toy(Dataset):\n    def __init__(self, n): self.x = torch.randn(n, 2)\n    def __len__(self): return 20\n    def __getitem__(self, i): return i"
    )
    assert notebook.tracked(code) == {}


@pytest.mark.parametrize(
    ("code", "name", "size"),
    [
        ("from sklearn.datasets import load_digits\nX = load_digits().data[:64].T", "load_digits", "1797 x 64"),
        ("from sklearn.datasets import load_wine\ntotal = pd.DataFrame(load_wine().data).sum().sum()", "load_wine", "178 x 13"),
        (
            "def get():\n    from sklearn.datasets import load_wine\n    X, y = load_wine(return_X_y=True)\n    return X[:5], X[5:9], y\na, b, c = get()",
            "load_wine",
            "178 x 13",
        ),
        ("class Rows:\n    def load(self):\n        self.rows = pd.read_csv('houses.csv')\nrows = Rows()\nrows.load()", "houses.csv", "30 x 2"),
        ("df = pd.read_csv('houses.csv')\ndf.drop(columns='b', inplace=True)", "houses.csv", "30 x 2"),
    ],
)
def test_rows_and_columns_are_those_that_the_loader_gave(notebook, sheet, code, name, size):
    book = sheet(Woven())
    book.sources[0].start(SimpleNamespace(user_ns=book.namespace))
    book.run("import numpy as np, pandas as pd", is_tracked=False)
    assert {key: it.value for key, it in book.run(code).items()} == {("dataset", name): size}
    book.run("x = 1")
    assert sum(isinstance(it, functools.partial) for it in taps.taps) == 0


@pytest.mark.parametrize(
    "code",
    [
        "df = pd.read_csv('nofile.csv')",
        "try:\n    df = pd.read_csv('nofile.csv')\nexcept OSError:\n    df = pd.DataFrame({'a': [1, 2]})",
        "text = open('nofile.csv').read()",
        "try:\n    df = pd.read_csv('~noone/nofile.csv')\nexcept OSError:\n    df = None",
    ],
)
def test_what_is_not_there_was_not_read(sheet, tmp_path, monkeypatch, code):
    monkeypatch.chdir(tmp_path)
    book = sheet(Woven())
    book.sources[0].start(SimpleNamespace(user_ns=book.namespace))
    book.run("import os, pandas as pd", is_tracked=False)
    assert book.run(code) == {}
    (tmp_path / "nofile.csv").write_text(TABLE)
    assert list(book.run("df = pd.read_csv('nofile.csv')\nos.remove('nofile.csv')")) == [("dataset", "nofile.csv")]
