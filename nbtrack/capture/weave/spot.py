"""One value of a loop that is worth a tap."""

from __future__ import annotations

import ast
from dataclasses import field

from nbtrack.capture.weave.scope import Binding, Loop
from nbtrack.records import dataclass


@dataclass
class Spot:
    """One value to be tapped."""

    name: str
    """Name of the curve."""
    rule: str
    """Why, in words for the user."""
    place: str
    """Function it stands in; empty at top level."""
    loop: Loop
    node: ast.expr | None = None
    """An expression whose value is taken where it stands; None where bindings of a name are taken."""
    also: list[ast.expr] = field(default_factory=list)
    """Other expressions of the same curve, such as what another branch appends to the same list."""
    variable: str = ""
    """The name in the code, where bindings are taken."""
    bindings: list[Binding] = field(default_factory=list)
    assignment: ast.Assign | None = None
    """Its value is taken by a second target."""
    is_reused: bool = False
    is_printed: bool = False
    """Only shown: gives way to any other curve of the same values."""
    is_drawn: bool = False
    """Only drawn: gives way to curves of earlier cells, too."""
    is_given: bool = False
    """A generator of the notebook hands it on, which may have a curve of it."""
    is_reported: bool = False
    """The user's code keeps or shows it."""
    is_measure: bool = False
    members: tuple[str, ...] = ()
    """What the members of a tuple are called that the value may be."""
    cell: int = 0
    """Number of the ledger's entry."""
    split: ast.expr | None = None
    """What may hold a word, such as the variable of `for phase in ["train", "val"]`: by each word it is another quantity. A tuple holds settings."""
    about: ast.expr | None = None
    """What is shown before it, see `Labelled`."""
    label: str = ""
    """The list that keeps it."""
    position: int = 0
    """Its place in the rows of that list."""
    begun: ast.stmt | None = None
    """The statement that begins that list with a value."""
    means: list[Spot] = field(default_factory=list)
    """Spots of means that it goes into."""
    summed_in: set[str] = field(default_factory=set)
    """Lists that have the sum of it at each step of the loop around."""
    is_returned: bool = False
    """Such a mean is what the function gives back."""
    plain: str = ""
    """Its name without what tells it from a value of an inner loop, which it gets where that one gives way to it."""
    is_anew: bool = False
    """Its list is made anew at each step of a loop through given values."""

    @property
    def is_by_setting(self) -> bool:
        """Whether a dict keeps its values under the settings of loops around."""
        return isinstance(self.split, ast.Tuple)

    @property
    def is_part(self) -> bool:
        """Whether it may give way to a mean that it goes into."""
        return bool(self.means or self.summed_in) or self.is_returned

    @property
    def begins_anew(self) -> bool:
        """Whether it is a curve of its own at each call of its function, which iterates rather than going through data, or at each step of the loop around."""
        return (bool(self.place) and self.loop.root.is_iterating) or self.is_anew

    @property
    def begin(self) -> Loop:
        """The loop with which such a curve begins."""
        return self.loop if self.is_anew else self.loop.root
