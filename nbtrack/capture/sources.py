"""The sources of what is captured; a table of its own, since they are many, and only a kernel needs them."""

from nbtrack.capture.arguments import Arguments
from nbtrack.capture.autolog import Autolog
from nbtrack.capture.chosen import Chosen
from nbtrack.capture.configs import Configs
from nbtrack.capture.curves import Curves, Singles
from nbtrack.capture.datasets import Datasets
from nbtrack.capture.environment import Environment
from nbtrack.capture.estimators import Estimators
from nbtrack.capture.figure_lines import FigureLines
from nbtrack.capture.figures import Figures
from nbtrack.capture.lightning import LightningLog
from nbtrack.capture.list_groups import ListGroups
from nbtrack.capture.literals import Literals, Parameters
from nbtrack.capture.machine import Machine
from nbtrack.capture.matrices import Matrices
from nbtrack.capture.models import Models
from nbtrack.capture.named import Named
from nbtrack.capture.output_lines import OutputLines
from nbtrack.capture.outputs import Outputs
from nbtrack.capture.printed import Printed
from nbtrack.capture.repeats import Repeats
from nbtrack.capture.reports import Reports
from nbtrack.capture.results import Results
from nbtrack.capture.scalars import LastExpression, Scalars
from nbtrack.capture.source import CaptureSource
from nbtrack.capture.streams import Streams
from nbtrack.capture.truth import Truth
from nbtrack.capture.updates import Updates
from nbtrack.capture.worktree import Git

SOURCES: tuple[type[CaptureSource], ...] = (
    Outputs, Named, Parameters, Literals, Configs, Arguments, Repeats, Updates, Estimators, Curves, LightningLog, Scalars, Printed, LastExpression, Results,
    Reports, Singles, Chosen, Models, Datasets, Figures, Matrices, Streams, Machine, Environment, Git, Autolog, FigureLines, ListGroups, OutputLines, Truth,
)  # fmt: skip
"""Built-in sources; where two find one name, the earlier decides."""
