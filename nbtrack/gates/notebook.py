"""Gate `notebook`: another notebook looks at the run, and what its last cell gives decides."""

from __future__ import annotations

import ast
import json
import math
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from nbtrack.gates.executed import execute
from nbtrack.gates.gate import CannotTellError, Found, GateSpec, Subject, Text
from nbtrack.reads import words

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class NotebookGate(GateSpec):
    """What the last cell of a notebook gives must be a yes.

    The notebook gets `run_id`, `run_name`, `params`, `metrics` and `model` (a folder, or empty) as names, and the params given here. Its last cell's
    result decides: True or False; a number beside `threshold`; or a dict with `passed`, and if it likes `measured`, `wanted`, `why`.
    """

    kind: Literal["notebook"]
    path: Text
    """The notebook, from the folder of `nbtrack.yaml`."""
    params: dict[str, Any] = Field(default_factory=dict)
    """Names it gets, with their values."""
    threshold: float | None = None
    """For a notebook that gives a number."""
    greater_is_better: bool = True
    """Whether the number must be at least the threshold, or at most."""
    model: Text = ""
    """Name of the run's model that it gets; empty means the only one, if there is one."""
    timeout_s: float = Field(600, gt=0)
    """Seconds it may take."""

    def check(self, subject: Subject) -> Found:
        file = subject.folder / self.path
        if not file.is_file():
            raise CannotTellError(f"There is no notebook {file}.", mend="Correct the path; it begins at the folder of nbtrack.yaml.")
        subject.tell(f"notebook {self.path} is executed")
        if self.model or len({it.path.split("/")[1] for it in subject.view.artifacts if it.path.startswith("models/")}) == 1:
            with subject.model(self.model) as folder:
                return self._decide(self._result(file, subject, str(folder)))
        return self._decide(self._result(file, subject, ""))

    def _result(self, file: Path, subject: Subject, model: str) -> Any:
        """What the last cell gave, as data."""
        view = subject.view
        given = {
            "run_id": view.run_id, "run_name": view.name, "params": dict(view.params), "metrics": {name: it.last for name, it in view.metrics.items()},
            "model": model, **self.params,
        }  # fmt: skip
        done = execute(file, given, self.timeout_s)
        if done.error:
            raise CannotTellError(
                f"{self.path} stopped in cell {done.cell}: {words.short(words.clean(_COLOURS.sub('', done.error)), 300)}",
                mend=f"Run {self.path} by hand and see.",
            )
        return read_result(done.last_outputs)

    def _decide(self, result: Any) -> Found:
        wanted = f"{self.path} gives True" if self.threshold is None else f"{self.path} gives {'≥' if self.greater_is_better else '≤'} {self.threshold:g}"
        mend = f"Run {self.path} by hand and see."
        if isinstance(result, dict) and isinstance(result.get("passed"), bool):
            passed = result["passed"]
            measured = result.get("measured", str(passed))
            measured = measured if isinstance(measured, (float, int)) and not isinstance(measured, bool) else words.short(str(measured), 80)
            why = words.clean(str(result.get("why") or f"its last cell says {'passed' if passed else 'not passed'}"))
            return Found(passed, measured, str(result.get("wanted") or wanted), why, "" if passed else str(result.get("mend") or mend))
        if isinstance(result, bool):
            return Found(result, str(result), wanted, f"its last cell gives {result}", "" if result else mend)
        if isinstance(result, (int, float)):
            if self.threshold is None:
                raise CannotTellError(f"{self.path} gives {result}, and nothing says how much is enough.", mend="Write threshold: NUMBER.", wanted=wanted)
            if math.isnan(result):
                raise CannotTellError(f"{self.path} gives NaN.", mend=mend, wanted=wanted)
            passed = result >= self.threshold if self.greater_is_better else result <= self.threshold
            return Found(passed, float(result), wanted, f"its last cell gives {result:g}", "" if passed else mend)
        raise CannotTellError(
            f"The last cell of {self.path} gives {'nothing' if result is None else words.short(repr(result), 60)}.",
            mend="End it with True or False, a number beside threshold, or a dict with passed.", wanted=wanted,
        )  # fmt: skip


def read_result(outputs: list[Any]) -> Any:
    """The value of a cell's result: JSON where it displayed some, else a literal of Python; None where it gave none."""
    data = next((it["data"] for it in reversed(outputs) if it.get("output_type") == "execute_result"), None)
    if data is None:
        data = next((it["data"] for it in reversed(outputs) if it.get("output_type") == "display_data" and "application/json" in it["data"]), None)
    if data is None:
        return None
    if "application/json" in data:
        return data["application/json"]
    text = str(data.get("text/plain", ""))
    for prefix in ("np.", "numpy."):  # numpy 2 writes np.True_ and np.float64(0.5)
        if text.startswith(prefix):
            text = text.removeprefix(prefix)
            text = text.removesuffix("_") if text in ("True_", "False_") else text.partition("(")[2].removesuffix(")") or text
    if text in ("nan", "inf", "-inf"):
        return float(text)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        try:
            return json.loads(text)
        except ValueError:
            return text
