"""Models and data of tracked cells in a real kernel."""

import json

from nbtrack.entities import Kind
from nbtrack.journal.fold import events_of

SETUP = "from sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\nX, y = load_iris(return_X_y=True)"


def test_model_and_data_of_a_cell_are_there_after_the_kernel_was_killed(kernel):
    kernel.run(SETUP)
    reply = kernel.run("%%track fit\nclf = LogisticRegression(max_iter=300)\nclf.fit(X, y)\naccuracy = clf.score(X, y)")
    assert reply.status == "ok"
    kernel.manager.provisioner.process.kill()
    (view,) = kernel.runs()
    events = events_of(kernel.home, view.run_id)
    (model,) = [event.data for event in events if event.kind == Kind.MODEL]
    assert (model["name"], model["class_name"], model["params"]["max_iter"]) == ("clf", "LogisticRegression", "300")
    (data,) = [event.data["dataset"]["dataset"] for event in events if event.kind == Kind.INPUT]
    assert (data["name"], json.loads(data["profile"])["rows"]) == ("load_iris", 150)
    assert view.notices == ()


def test_a_fit_that_fails_has_the_same_traceback_tracked_or_not(kernel):
    kernel.run(SETUP)
    body = "clf = LogisticRegression(C=-1)\nclf.fit(X, y)"
    plain, tracked = kernel.run(f"#\n{body}"), kernel.run(f"%%track\n{body}")
    texts = [reply.traceback.partition("File")[2] for reply in (plain, tracked)]  # below the cell's own frame
    assert texts[0] == texts[1]
    assert "_validate_params" in texts[0]


def test_a_notebook_without_frameworks_never_loads_mlflow(kernel):
    kernel.run("import json\nfrom sklearn.linear_model import LogisticRegression")
    kernel.run("%%track\nclf = LogisticRegression().fit([[0.0], [1.0]], [0, 1])")
    assert kernel.run("import sys, time\ntime.sleep(1)\n'mlflow' in sys.modules").result == "False"


def test_what_a_model_prints_while_it_is_pickled_is_not_in_the_cell(kernel):
    kernel.run(SETUP + "\nimport sys, warnings\nfrom sklearn.base import BaseEstimator, ClassifierMixin\nstreams = sys.stdout, sys.stderr")
    kernel.run(
        "class Mine(ClassifierMixin, BaseEstimator):\n"
        "    def fit(self, X, y):\n        self.mean_ = 1.0\n        return self\n"
        "    def predict(self, X):\n        return [0] * len(X)\n"
        "    def __getstate__(self):\n        print('GETSTATE')\n        warnings.warn('GETSTATE')\n        return self.__dict__"
    )
    reply = kernel.run("%%track\nmine = Mine().fit(X, y)\nprint('fitted')")
    assert (reply.stdout, reply.stderr) == ("fitted\n", "")
    assert Kind.MODEL in [event.kind for event in events_of(kernel.home, kernel.runs()[0].run_id)]
    assert kernel.run("(sys.stdout, sys.stderr) == streams and type(sys.stdout).__name__").result == "'OutStream'"
