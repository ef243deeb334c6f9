"""What a piece of code does when it runs: the calls in it, the names it needs, binds and changes."""

from __future__ import annotations

import ast
from dataclasses import field

from nbtrack.notebooks.listings import Listings, listings_of
from nbtrack.notebooks.orders import Order, orders_of
from nbtrack.records import dataclass


@dataclass(frozen=True)
class Call:
    """One call in the code."""

    root: str
    """Name the called expression begins with; empty where it begins with no name, such as `[].append`."""
    path: tuple[str, ...] = ()
    """Attributes from there to what is called."""
    is_through_call: bool = False
    """What is called hangs on the result of another call: `a.b().c()`."""
    args: frozenset[str] = frozenset()
    """Names whose objects may be handed over."""
    keywords: frozenset[str] = frozenset()
    texts: tuple[str | None, ...] = ()
    """The first three arguments where they are literal texts, or name one: `=name`; None elsewhere."""
    named_texts: tuple[tuple[str, str], ...] = ()
    """Keyword arguments that are literals, as text."""
    n_args: int = 0
    is_handed_on: bool = False
    """Its result goes into another call that is not one of output or rounding."""
    hands_locals: bool = False
    """It is handed what a name of the function's own, or of a comprehension, may share with the outside."""
    on_local: bool = False
    """It is a method of such a name's object."""
    settings: tuple[str, ...] = ()
    """What it sets, see `options.keys_of_call`; empty where the code does not tell, or where more was done before."""

    @property
    def method(self) -> str:
        return self.path[-1] if self.path else ""


@dataclass
class Body:
    """What a piece of code does: the top level of a cell, or a function's body."""

    reads: set[str] = field(default_factory=set)
    """Needed from before; builtins among them."""
    mentions: dict[str, int] = field(default_factory=dict)
    """Names that are read at all, and when the code first comes to it; `binds` counts alike."""
    binds: dict[str, int] = field(default_factory=dict)
    writes: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)
    """Bound whenever the code runs to its end."""
    deletes: set[str] = field(default_factory=set)
    sets: set[str] = field(default_factory=set)
    """Names an attribute or item of whose object is set or deleted, or which stand left of `+=`."""
    calls: list[Call] = field(default_factory=list)
    attributes: set[tuple[str, ...]] = field(default_factory=set)
    """Chains such as ("os", "environ") that are read."""
    stored: set[tuple[str, ...]] = field(default_factory=set)
    """The same, where an item or attribute below is set."""
    settings: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    """For chains of `stored`, and magics as ("%", name): what is set, see `options`; an empty text where the code does not tell."""
    imports: dict[str, str] = field(default_factory=dict)
    """Bound name to dotted name."""
    packages: set[str] = field(default_factory=set)
    """Names that `import a.b` binds, by which earlier imports below `a` count too."""
    modules: set[str] = field(default_factory=set)
    """Modules that are imported, by full name."""
    functions: dict[str, Body] = field(default_factory=dict)
    """What the functions, classes and lambdas the code binds do when they are called."""
    repeated: set[str] = field(default_factory=set)
    """Bound more than once, or in a loop: at the end nobody can see what they meant in between."""
    sources: dict[str, set[str]] = field(default_factory=dict)
    """For each bound name, the names whose objects it may be or hold; `*` stands for any. Empty where it is always made anew."""
    changes_locals: bool = False
    """Changes objects by names of its own: what a function was handed, or what a comprehension goes through. Calls that may do so stand apart."""
    is_stateful: bool = False
    """A function that keeps something from call to call: a changeable default."""
    is_arithmetic: bool = False
    """A function whose result hangs on what it is handed alone."""
    has_star_import: bool = False
    has_subclasses: bool = False
    """Makes classes that stand on others."""
    is_opaque: bool = False
    """Runs code that cannot be seen: exec, eval, an unknown magic."""
    first_use: dict[str, str] = field(default_factory=dict)
    """For each name that is read, the attribute taken of it first; empty where it is used otherwise."""
    shows: bool = False
    """The last statement is an expression, whose value IPython keeps as `_`."""
    orders: set[Order] = field(default_factory=set)
    """Sets it goes through in the order of their hashes."""
    listings: Listings = field(default_factory=Listings)
    commands: list[tuple[str, str]] = field(default_factory=list)
    """Magics and shell commands (`!`), each with its argument."""
    missing: list[ast.stmt] = field(default_factory=list)
    """Code whose orders and listings nobody has asked for yet."""

    def complete(self) -> Body:
        """The body with all that is told of it."""
        if self.missing:
            statements, self.missing = self.missing, []
            try:
                self.orders |= orders_of(statements)
                self.listings = listings_of(statements)
            except RecursionError:
                self.is_opaque = True
        return self


def join(into: Body, other: Body, *, but_reads: bool = False) -> None:
    """Add what other code does; `but_reads` leaves out the names it needs."""
    if not but_reads:
        into.reads |= other.reads
        into.mentions |= other.mentions
    into.writes |= other.writes
    into.deletes |= other.deletes
    into.sets |= other.sets
    into.calls += other.calls
    into.attributes |= other.attributes
    into.stored |= other.stored
    for chain in other.stored:
        into.settings.setdefault(chain, set()).update(other.settings.get(chain, {""}))
    into.imports |= other.imports
    into.modules |= other.modules
    into.packages |= other.packages
    into.commands += other.commands
    into.orders |= other.orders
    into.listings.used |= other.listings.used
    into.changes_locals |= other.changes_locals
    into.is_stateful |= other.is_stateful
    into.is_arithmetic &= other.is_arithmetic
    into.is_opaque |= other.is_opaque
    into.has_star_import |= other.has_star_import
    into.has_subclasses |= other.has_subclasses
