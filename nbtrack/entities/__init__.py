"""The words of nbtrack: plain frozen dataclasses, no I/O."""

from nbtrack.entities.events import Event, Kind
from nbtrack.entities.request import Request
from nbtrack.entities.run import RunStart, State, best_of, direction_of
from nbtrack.entities.views import Artifact, Metric, RunView

__all__ = ["Artifact", "Event", "Kind", "Metric", "Request", "RunStart", "RunView", "State", "best_of", "direction_of"]
