"""Gates: checks of a run, the same in a notebook, in CI and before a model is registered."""

from __future__ import annotations

from functools import cache

from nbtrack import plugins
from nbtrack.gates.baseline import BaselineGate
from nbtrack.gates.data import DataGate
from nbtrack.gates.fairness import FairnessGate
from nbtrack.gates.gate import CannotTellError, Found, Gate, GateSpec, Subject
from nbtrack.gates.latency import LatencyGate
from nbtrack.gates.metric import MetricGate
from nbtrack.gates.notebook import NotebookGate
from nbtrack.gates.reproducible import ReproducibleGate
from nbtrack.gates.secrets import SecretsGate
from nbtrack.gates.size import SizeGate

__all__ = ["BUILT_INS", "GROUP", "CannotTellError", "Found", "Gate", "GateSpec", "Subject", "kinds"]

GROUP = "nbtrack.gates"
BUILT_INS: dict[str, type[GateSpec]] = {
    "metric": MetricGate,
    "baseline": BaselineGate,
    "data": DataGate,
    "fairness": FairnessGate,
    "latency": LatencyGate,
    "reproducible": ReproducibleGate,
    "secrets": SecretsGate,
    "notebook": NotebookGate,
    "size": SizeGate,
}


@cache
def kinds() -> tuple[dict[str, type[GateSpec]], dict[str, str]]:
    """Every kind of gate by its name, strangers' included; and why some of theirs are not there. Ours cannot be replaced."""
    found, broken = plugins.load(GROUP)
    good: dict[str, type[GateSpec]] = {}
    for name, it in found.items():
        if name in BUILT_INS:
            broken[name] = "it has the name of a gate of nbtrack's own"
        elif not (isinstance(it, type) and issubclass(it, GateSpec) and callable(getattr(it, "check", None))):
            broken[name] = "it is no class derived from nbtrack.gates.GateSpec with a method check"
        elif getattr(it.model_fields.get("kind"), "annotation", None) is None or name not in getattr(it.model_fields["kind"].annotation, "__args__", ()):
            broken[name] = f"its kind is not Literal[{name!r}]"
        else:
            good[name] = it
    return {**BUILT_INS, **good}, broken
