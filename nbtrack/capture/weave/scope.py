"""What one scope of code has of loops: what each rebinds, and what it shows, keeps or hands on."""

from __future__ import annotations

import ast
from dataclasses import field
from enum import Enum

from nbtrack.capture.weave.kinds import Kind
from nbtrack.records import dataclass


class Way(Enum):
    """How a loop hands a value on."""

    PRINTED = "printed"
    APPENDED = "appended"
    STORED = "stored"
    POSTFIX = "postfix"
    YIELDED = "yielded"


@dataclass
class Binding:
    """One statement that binds a name in a loop."""

    value: ast.expr
    kind: Kind = Kind.GIVEN
    is_augmented: bool = False
    adds_to_itself: bool = False
    node: ast.expr | None = None
    """The target's node; for a walrus the NamedExpr."""
    statement: ast.stmt | None = None
    is_fixed: bool = False
    """The kind is known from the statement, not from a value."""


@dataclass
class Report:
    """One expression a loop hands on."""

    node: ast.expr
    way: Way
    label: str
    """What it is called where it goes; may be empty."""
    statement: ast.stmt
    container: str = ""
    """The list that gets it as one of several."""
    position: int = 0
    is_key: bool = False
    """The label is a key the user wrote for it."""
    about: ast.expr | None = None
    """See `Labelled`."""
    split: str = ""
    """The same."""
    keys: list[ast.expr] = field(default_factory=list)
    """Under which keys that are no words a dict has the list, from the outermost on."""


@dataclass(eq=False)
class Loop:
    """One loop of a scope."""

    node: ast.For | ast.AsyncFor | ast.While
    parent: Loop | None
    is_iterating: bool
    """Its steps are counted or open-ended, rather than one for each item of some data."""
    target: str = ""
    """Name of the loop's variable, if it is one; of several the one that counts."""
    is_counting: bool = False
    """That variable counts the steps."""
    binds: dict[str, list[Binding]] = field(default_factory=dict)
    attributes: list[tuple[ast.Assign, str]] = field(default_factory=list)
    """Assignments to an attribute such as `self.loss`, with its name."""
    reports: list[Report] = field(default_factory=list)
    losses: set[str] = field(default_factory=set)
    """Names a gradient is taken of."""
    given: set[str] = field(default_factory=set)
    """Names of the loop's variables that get what a generator of the notebook hands on."""

    @property
    def root(self) -> Loop:
        """The outermost loop around this one."""
        at = self
        while at.parent is not None:
            at = at.parent
        return at

    def inside(self, other: Loop) -> bool:
        """Whether this loop lies in `other`."""
        at = self.parent
        while at is not None:
            if at is other:
                return True
            at = at.parent
        return False


@dataclass
class Scope:
    """The top level of a cell, or one function."""

    place: str
    """Qualified name of the function; empty at top level."""
    loops: list[Loop] = field(default_factory=list)
    kinds: dict[str, Kind] = field(default_factory=dict)
    explicit: set[str] = field(default_factory=set)
    """Names the user logs by a call."""
    own: dict[str, list[ast.expr]] = field(default_factory=dict)
    """Values bound to each name, loops or not."""
    summed_up: set[str] = field(default_factory=set)
    """Lists of a function of which nothing but a mean or a sum is used: what is in them are parts of one number."""
    begun: dict[str, tuple[ast.List, ast.stmt]] = field(default_factory=dict)
    """Lists that begin with a value or two before the loop that fills them, with the statement that does it."""
    shown: dict[str, str] = field(default_factory=dict)
    """Labels with which names are shown outside of loops."""
    body: list[ast.stmt] = field(default_factory=list)
    unpacked: dict[str, list[str]] = field(default_factory=dict)
    """Names that the members of a name are unpacked to."""
