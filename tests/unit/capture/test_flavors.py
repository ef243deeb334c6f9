"""Every framework's models as MLflow reads them back in a fresh process."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from nbtrack.capture.models import Models
from nbtrack.entities import Kind
from nbtrack.journal import blobs

DATA = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(80, 3)).astype("float64")
y = (X[:, 0] > 0).astype(int)
"""
TORCH = "import torch\nX32 = torch.tensor(X, dtype=torch.float32)\nt = torch.tensor(y, dtype=torch.float32).reshape(-1, 1)"
NETS = """
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
    def forward(self, x):
        return self.layer(x)
def train(steps):
    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=.1)
    for _ in range(steps):
        xb = X32[:20]
        loss = ((net(xb) - t[:20]) ** 2).mean()
        optimizer.zero_grad(); loss.backward(); optimizer.step()
    return loss.item()
"""
LOAD = """
import sys, json, warnings
warnings.simplefilter("ignore")
import numpy as np, mlflow
found = {}
for path in sys.argv[1:]:
    model = mlflow.pyfunc.load_model(path)
    names = model.metadata.get_input_schema().input_names() if model.metadata.get_input_schema() else None
    rows = np.asarray(json.load(open("rows.json")), dtype="float32" if "torch" in path or "keras" in path else "float64")
    if names and names[0]:
        import pandas as pd
        rows = pd.DataFrame(rows[:, :len(names)], columns=names)
    found[path] = np.asarray(model.predict(rows)).reshape(-1).tolist()
print(json.dumps(found))
"""
CASES = {
    "sklearn": ("sklearn", "from sklearn.linear_model import LogisticRegression", "clf = LogisticRegression().fit(X, y)", "LogisticRegression", "clf.predict(X[:4])"),
    "own": (
        "sklearn",
        "from sklearn.base import BaseEstimator\nclass Mean(BaseEstimator):\n    def fit(self, X, y):\n        self.mean_ = float(y.mean())\n        return self\n    def predict(self, X):\n        return np.full(len(X), self.mean_)",
        "own = Mean().fit(X, y)", "Mean", "own.predict(X[:4])",
    ),
    "xgb": ("xgboost", "import xgboost", "m = xgboost.XGBClassifier(n_estimators=3)\nm.fit(X, y)", "XGBClassifier", "m.predict(X[:4])"),
    "xgbnative": ("xgboost", "import xgboost", "m = xgboost.train({'objective': 'binary:logistic'}, xgboost.DMatrix(X, y), 3)", "Booster", "m.predict(xgboost.DMatrix(X[:4]))"),
    "lgb": ("lightgbm", "import lightgbm", "m = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(X, y)", "LGBMClassifier", "m.predict(X[:4])"),
    "lgbnative": ("lightgbm", "import lightgbm", "m = lightgbm.train({'objective': 'binary', 'verbose': -1}, lightgbm.Dataset(X, y), 3)", "Booster", "m.predict(X[:4])"),
    "cat": (
        "catboost", "import catboost", "m = catboost.CatBoostClassifier(iterations=3, verbose=False, allow_writing_files=False).fit(X, y)", "CatBoostClassifier",
        "m.predict(X[:4])",
    ),
    "pipe": (
        "sklearn", "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler\nfrom sklearn.linear_model import Ridge",
        "pipe = make_pipeline(StandardScaler(), Ridge()).fit(X, y)", "Pipeline", "pipe.predict(X[:4])",
    ),
    "torch": ("torch", f"{TORCH}\n{NETS}", "loss = train(3)", "Net", None),
    "torchtop": (
        "torch", f"{TORCH}\nnet = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))\nopt = torch.optim.Adam(net.parameters())",
        "for _ in range(3):\n    opt.zero_grad()\n    loss = ((net(X32) - t) ** 2).mean()\n    loss.backward()\n    opt.step()", "Sequential",
        "net(X32[:4]).detach().numpy()",
    ),
    "stats": ("statsmodels", "import statsmodels.api as sm", "res = sm.OLS(y, X).fit()", "RegressionResultsWrapper", "res.predict(X[:4])"),
    "keras": (
        "keras", "import os\nos.environ['KERAS_BACKEND'] = 'torch'\nimport keras\nnet = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\nnet.compile('sgd', 'mse')",
        "h = net.fit(X.astype('float32'), y, verbose=0)", "Sequential", "net.predict(X[:4].astype('float32'), verbose=0)",
    ),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # the frameworks' own
def test_models_of_every_framework_load_and_predict_in_a_fresh_process(notebook_of, home, tmp_path, monkeypatch):
    """One process reads all of them, as starting one costs seconds."""
    monkeypatch.chdir(tmp_path)
    expected = {}
    for name, (module, setup, code, class_name, predicted) in CASES.items():
        if importlib.util.find_spec(module) is None:
            continue
        notebook = notebook_of(Models())
        notebook.run(DATA)
        notebook.run(setup)
        assert list(notebook.tracked(code).values()) == [class_name], name
        assert notebook.view().notices == (), name
        (event,) = notebook.events(Kind.MODEL)
        for path, (blob, _) in event["files"].items():
            target = tmp_path / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            blobs.copy_to(home, blob, target)
        if predicted is not None:
            expected[name] = eval(f"np.asarray({predicted}).reshape(-1).tolist()", notebook.namespace)
        (tmp_path / "rows.json").write_text(json.dumps(notebook.namespace["X"][:4].tolist()))
    names = [it.name for it in sorted(tmp_path.iterdir()) if (it / "MLmodel").exists()]
    assert len(names) > 1
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *names],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "torch"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert all(len(found[name]) == 4 for name in names)
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, rel=1e-5), name


BY_HAND = """
def train(net, steps):
    for _ in range(steps):
        loss = ((net(X32) - t) ** 2).mean()
        loss.backward()
        for parameter in net.parameters():
            parameter.data -= 0.1 * parameter.grad
        net.zero_grad()
    return loss.item()
"""


@pytest.mark.filterwarnings("ignore")
def test_a_network_whose_optimizer_is_written_by_hand_is_a_model(notebook_of):
    pytest.importorskip("torch")
    notebook = notebook_of(Models())
    for code in (DATA, TORCH, BY_HAND):
        notebook.run(code)
    assert list(notebook.tracked("net = torch.nn.Linear(3, 1)\nloss = train(net, 3)").values()) == ["Linear"]
    assert list(notebook.tracked("loss = train(net, 3)").values()) == ["Linear"]
    assert notebook.tracked("other = torch.nn.Linear(3, 1)") == {}
    assert notebook.tracked("with torch.no_grad():\n    error = ((net(X32) - t) ** 2).mean().item()") == {}
