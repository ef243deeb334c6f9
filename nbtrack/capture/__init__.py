"""IPython's door and the sources of what is captured."""

from nbtrack.capture.literals import Literals, Parameters
from nbtrack.capture.models import Models
from nbtrack.capture.named import Named
from nbtrack.capture.outputs import Outputs
from nbtrack.capture.source import CaptureSource

SOURCES: tuple[type[CaptureSource], ...] = (Outputs, Named, Parameters, Literals, Models)
"""Built-in sources; where two find one name, the earlier decides."""
