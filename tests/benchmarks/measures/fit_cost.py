"""What tracking costs a cell that fits `LogisticRegression` on scikit-learn's digits, model included, beside `mlflow.autolog()`."""

from __future__ import annotations

import time
from statistics import median

from environments import new_folder
from kernels import Kernel
from plan import Plan
from report import Row
from rounds import say

AIM_FACTOR, AIM_MORE_MS = 1.2, 60
_ONE_THREAD = "import os\nos.environ |= {'OPENBLAS_NUM_THREADS': '1', 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1'}"
"""On a busy machine threads that wait for each other would take a hundred times as long as the fit."""
_SETUP = "from sklearn.datasets import load_digits\nfrom sklearn.linear_model import LogisticRegression\nX, y = load_digits(return_X_y=True)"
_FIT = "clf = LogisticRegression(C=0.5, max_iter=200)\nclf.fit(X, y)\naccuracy = clf.score(X, y)"
_AUTOLOG = "import mlflow, warnings\nwarnings.simplefilter('ignore')\nmlflow.set_tracking_uri('sqlite:///beside.db')\nmlflow.autolog(silent=True)"


def measure(plan: Plan) -> list[Row]:
    plain, tracked, beside = [], [], []
    for number in range(plan.rounds):
        say(f"round {number + 1}/{plan.rounds}: a fit untracked, tracked and under mlflow.autolog()")
        with new_folder() as folder, Kernel(folder) as kernel:
            kernel.run("%load_ext nbtrack")
            kernel.run(_ONE_THREAD)
            kernel.run(_SETUP)
            for code, times in (
                (_FIT, []),
                (f"%%track\n{_FIT}", []),
                (_FIT, plain),
                (f"%%track\n{_FIT}", tracked),
                (_FIT, plain),
                (f"%%track\n{_FIT}", tracked),
            ):
                times.append(kernel.run(code)[1])
                time.sleep(0.2)  # people do not run cells within the same millisecond
        with new_folder() as folder, Kernel(folder) as kernel:
            kernel.run(_ONE_THREAD)
            kernel.run(_SETUP)
            kernel.run(_AUTOLOG)
            kernel.run(_FIT)
            beside.append(kernel.run(_FIT)[1])
    base, ours, theirs = median(plain) * 1e3, median(tracked) * 1e3, median(beside) * 1e3
    most = AIM_FACTOR * base + AIM_MORE_MS
    return [
        Row("LogisticRegression on digits, untracked", f"{base:.0f} ms"),
        Row("… tracked, model included", f"{ours:.0f} ms", f"<= {AIM_FACTOR:g}x + {AIM_MORE_MS} ms = {most:.0f} ms", f"{ours / base:.2f}x", ours <= most),
        Row("… under mlflow.autolog(), model included", f"{theirs:.0f} ms", "", f"{theirs / base:.2f}x"),
    ]
