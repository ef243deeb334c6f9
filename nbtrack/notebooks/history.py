"""What each executed cell needed, set anew and changed, given all cells before it.

Names are names of the notebook; what is no name but carries state all the same is a place: `<random numpy>`, `<file /data.csv>`, `<figures>`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from nbtrack.entities.ledger import Entry, Seen, Status
from nbtrack.notebooks import known
from nbtrack.notebooks.ahead import Ahead
from nbtrack.notebooks.body import Body
from nbtrack.notebooks.calls import HITS, REMEMBERED
from nbtrack.notebooks.effects import effects_of
from nbtrack.notebooks.look import FUTURE, Look
from nbtrack.notebooks.meanings import BUILTINS, files_of
from nbtrack.notebooks.renewals import renewed
from nbtrack.notebooks.repeats import MOVES_ON, repeated
from nbtrack.notebooks.shell_calls import plain_source
from nbtrack.notebooks.step import HOOKS, PROCESS, SHOWN_AS, Fact, Step
from nbtrack.patterns import regex

_OUTPUTS = regex(r"^(_{1,3}|_i{1,3}|_i?\d+|Out|In|_oh|_ih|_dh)$")
_SHARES_LIMIT = 40
_CUMULATIVE = ("check_random_state", "warm_start", "partial_fit", "RandomState", "get_booster", "xgb_model", "init_model", "fit_more")
"""Words of code in which fitting a model again may not begin from nothing."""
_UNCOUNTED = regex(r"(?<!utils)\.data\s*(\[|\.|[-+*/@|&^]*=(?!=))|storage\(|\.set_\(|unsafe")
"""Code that may change a tensor without PyTorch counting it."""
_ENDS, _WEAK = ("__del__", "weakref", "finalize"), ("object weakref", "object _weakref")
"""Words of code, and kinds of objects, by which the end of an object is noticed."""
_RESTORES = regex(r"fork_rng|set_?state|set_rng_state|isolate_rng|get_?state|temp\w*seed")
_OF_ALL = frozenset({"<warnings as errors>", "<options locale>", HOOKS, PROCESS})
"""Places that any code may depend on, whatever names stand in it."""


class History:
    """The executed cells so far; `add` takes them in order, once each."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._imports: dict[str, str] = {}
        self._code: dict[str, set[int]] = {}
        self._bodies: list[Body] = []
        self._links: dict[str, set[str]] = {}
        self._runs: dict[str, set[str]] = {}
        self._seeded: set[str] = set()
        self._bound: set[str] = set()
        self._lazy: dict[str, set[str]] = {}
        self._is_cumulative = False
        """An estimator somewhere may go on from what it had learnt."""
        self._latest: dict[str, Step] = {}
        self.restores = False
        """Some cell may put a random state back that it drew from."""
        self._is_weak = False
        """The end of an object may change something."""
        self._weak: set[str] = set()
        self.is_past_counting = False
        """Some cell may have changed a tensor without PyTorch counting it."""
        self._options: dict[str, set[str]] = {}
        """What cells have set so far of each option's place; an empty text where nobody can say."""
        self.kinds: dict[str, str] = {}
        """What names are taken to mean in cells that nobody saw run."""
        self.folder = ""
        """Working directory after the last cell."""
        self.patched: set[str] = set()
        """Names that cells bound for all modules, through `builtins`."""
        self.local_modules: dict[str, str] = {}
        """Modules of the user's own that were imported: full name to file."""
        self.loads: dict[str, str] = {}
        """For each of them, file and digest of it when it was loaded last."""
        self.listings: set[str] = set()
        """Names that mean files in the order a directory lists them."""
        self._has_autoreload = False

    def touched(self, ahead: Ahead) -> set[str]:
        """Names that a cell reads, binds or changes, what its functions read among them."""
        run = self._run_by(ahead.reads, ahead.functions, ahead.body.reads if ahead.functions else ())
        direct = {*ahead.reads, *ahead.binds, *(name for each in run for name in (*each.reads, *each.writes))}
        return direct | {holder for name in direct for holder in self._runs.get(name, ())}

    def add(self, entry: Entry, body: Body | None = None) -> Step:
        """Take in the next executed cell."""
        step, look = self._look(entry, body)
        step.repeats = repeated(self.steps, self._latest.get(_code_of(entry)), step, self, look.loaded_alike)
        if step.repeats is not None:
            step.sets, step.changes = ({it for it in places if it.startswith(MOVES_ON)} for places in (step.sets, step.changes))
        step.renews = renewed(self.steps, step, self)
        self._update(step, look)
        self._latest[_code_of(entry)] = step
        self.steps.append(step)
        return step

    def ahead(self, entry: Entry, body: Body) -> Step:
        """What a cell that begins now will need, as far as its code tells."""
        return self._look(entry, body)[0]

    def _look(self, entry: Entry, body: Body | None) -> tuple[Step, Look]:
        body = body.complete() if body is not None else effects_of(entry.code, entry.source, entry.tree)
        step = Step(entry, body)
        self.restores |= _RESTORES.search(entry.source) is not None
        self.is_past_counting |= _UNCOUNTED.search(entry.source) is not None
        step.is_ours = all(line.startswith(("%load_ext nbtrack", "%track", "%reload_ext nbtrack")) for line in entry.source.split("\n") if line.strip())
        step.needs_everything, step.needs = body.is_opaque, set(body.reads)
        run = self._run_by(body.mentions, body.functions, body.reads)
        imports = self._imports | body.imports
        look = Look(self, step, entry.seen, imports)
        look.take(body)
        for inner in run:
            look.take(inner)
            step.needs_everything |= inner.is_opaque
            first_call = min((body.mentions[name] for name, each in body.functions.items() if each is inner and name in body.mentions), default=0)
            step.needs |= {name for name in inner.reads if not (name in body.sure and name not in body.reads and body.binds[name] < first_call)}
            step.changes |= inner.writes
        step.may_set_anything = entry.seen is None and (step.needs_everything or body.has_star_import or any(name == "run" for name, _ in body.commands))
        step.needs |= _OF_ALL | ({FUTURE} if body.functions else set()) | ({REMEMBERED, HITS} if "cache_" in entry.source else set())
        for name in list(body.mentions):
            step.needs |= self._runs.get(name, set()) - body.sure
            step.needs |= {it for it in self._lazy.get(name, ()) if it in self._bound} - body.sure
            step.needs.add(f"<fitted {name}>")
        self._outputs(step)
        in_place = set(step.changes)
        self._bindings(step, look)
        step.changes |= look.hidden_changes(run, in_place)
        look.correct()
        now: dict[str, set[str]] = {}
        for one, other in entry.seen.shares if entry.seen is not None else ():
            now.setdefault(one, set()).add(other)
            now.setdefault(other, set()).add(one)
        step.changes |= {other for name in list(step.changes) for near in (name, *now.get(name, ())) for other in self.linked(near)}
        look.leave_out_unchanged()
        self._refits(step, look, now)
        self._settle(step, look)
        step.needs, step.changes = ({name for name in names if self._counts(name)} for names in (step.needs, step.changes))
        return step, look

    def _settle(self, step: Step, look: Look) -> None:
        """Options of which the cell sets all that any cell has set: what they were before counts no more."""
        if step.entry.status in (Status.ERROR, Status.INTERRUPTED):
            return
        step.settled = {place for place, keys in look.settings.items() if "" not in keys and self._options.get(place, set()) <= keys}
        step.sets |= step.settled
        step.changes -= step.settled
        step.needs -= step.settled
        if step.entry.seen is not None:
            step.changes -= (look.settings.keys() & step.entry.seen.kept) - look.unread

    def _refits(self, step: Step, look: Look, now: dict[str, set[str]]) -> None:
        """An estimator that was fitted anew: what it had learnt before counts no more, what it was made with does."""
        self._is_cumulative |= any(word in step.entry.source for word in _CUMULATIVE)
        if self._is_cumulative:
            return
        for name in look.refitted - look.changed_otherwise - step.sets:
            others = {other for near in (name, *now.get(name, ())) for other in self.linked(near)}
            if self._runs.get(name) or any(held == name for held, _ in (step.entry.seen.runs if step.entry.seen is not None else ())):
                continue  # a part of it is the notebook's own, and nobody knows what its fit begins from
            if any(look.kind_of(other).startswith((*known.GENERATORS, "stream")) for other in others):
                continue
            step.changes -= others
            if known.refits("sklearn", step.body.first_use.get(name, ""), frozenset()):
                step.needs.discard(f"<fitted {name}>")
            step.sets.add(f"<fitted {name}>")
            step.changes |= {f"<fitted {other}>" for other in others - {name}}

    def _run_by(self, mentions: Iterable[str], functions: Mapping[str, Body], reads: Collection[str]) -> list[Body]:
        """Bodies of the notebook's functions that may run when code does that mentions these names; see `Body` for the others."""
        found: list[Body] = []
        waiting, known_names = list(mentions), set(mentions)
        while waiting:
            name = waiting.pop()
            bodies = [functions[name]] if name in functions else []
            if name in reads or not bodies:
                for holder in (name, *self._runs.get(name, ())):
                    bodies += [self._bodies[index] for index in self._code.get(holder, ())]
            for each in bodies:
                if not any(each is it for it in found):
                    found.append(each)
                    fresh = [it for it in each.reads if it not in known_names]
                    known_names.update(fresh)
                    waiting += fresh
        return found

    def linked(self, name: str) -> set[str]:
        """Names and places whose object may be, or hold, what this name's does; itself among them."""
        if name not in self._links:
            return {name}
        found, waiting = {name}, [name]
        while waiting:
            fresh = self._links.get(waiting.pop(), set()) - found
            found |= fresh
            waiting += fresh
        return found

    def _counts(self, name: str) -> bool:
        """Whether it is a place, or a name of the notebook's."""
        return name[:1] != "@" and (name not in BUILTINS or self._is_own(name))

    def _is_own(self, name: str) -> bool:
        """Whether the notebook has bound the name, which is a builtin's too."""
        return name in self._imports or name in self._code or name in self._bound or name in self.patched

    def loads_by_itself(self, source: str) -> bool:
        """Whether a module that was loaded again while this code ran was so by autoreload."""
        return self._has_autoreload and "reload(" not in source and "sys.modules" not in source

    def is_alone(self, name: str, seen: Seen) -> bool:
        """Whether the name's object is no other name's too."""
        return self.linked(name) == {name} and not any(name in pair for pair in seen.shares)

    @staticmethod
    def _outputs(step: Step) -> None:
        for name in [name for name in step.needs if _OUTPUTS.match(name)]:
            step.needs.discard(name)
            step.facts.append(Fact("output history", f"uses {name}, IPython's record of earlier cells"))
            number = name.lstrip("_i")
            step.needs.add(f"<out {number}>" if number.isdigit() else "<out>")
        if step.body.shows:
            step.needs.add(SHOWN_AS)
            step.changes.add("<out>")
            if step.entry.execution_count is not None:
                step.sets.add(f"<out {step.entry.execution_count}>")

    def _bindings(self, step: Step, look: Look) -> None:
        body, seen, status = step.body, step.entry.seen, step.entry.status
        again = body.packages & body.sure & self._imports.keys()
        if seen is None:
            sure = body.sure if status not in (Status.ERROR, Status.INTERRUPTED) else set()
            step.sets |= sure | body.deletes
            step.changes |= body.writes - sure
        else:
            sure = (body.sure if status in (Status.OK, Status.RUNNING, Status.UNKNOWN) else set()) | (body.writes & seen.bound)
            step.sets |= sure | seen.gone | {name for name in seen.bound if not look.is_bound_by_function(name)}
            step.changes |= (seen.bound | body.writes) - step.sets
        alike = {name for name in seen.alike & step.needs if self.is_alone(name, seen)} | (seen.unchanged & step.needs - seen.bound) if seen else set()
        alike -= self.listings & body.listings.ordered  # files that lay in order by chance
        step.sets -= again | alike  # to have made anew what it was is to have changed nothing
        step.changes = (step.changes - alike) | again
        step.needs |= again
        step.clears = look.clears
        self._is_weak |= any(word in step.entry.source for word in _ENDS)
        if self._is_weak and (ended := self._bound & step.sets):
            step.needs |= ended
            step.changes |= self._weak

    def _update(self, step: Step, look: Look) -> None:
        body, seen = step.body, step.entry.seen
        self._weak |= {name for name, kind in (seen.kinds if seen is not None else {}).items() if kind.startswith(_WEAK)}
        if step.clears:
            self._imports, self._code, self._links, self._runs, self.listings = {}, {}, {}, {}, set()
        self._has_autoreload |= "autoreload" in step.entry.source
        if seen is not None:
            self.local_modules |= files_of(seen)
            self.loads |= seen.modules
        for name in step.sets | (seen.gone if seen is not None else set()):
            if not name.startswith("<") and (seen is None or name in seen.bound or name in seen.gone or name in body.functions or name in body.imports):
                self._drop(name)
        self._bound |= step.sets
        self.listings = self.listings - body.listings.ordered - body.writes - body.deletes | body.listings.of(self.listings)
        self._imports |= body.imports
        for name, inner in body.functions.items():
            self._code.setdefault(name, set()).add(len(self._bodies))
            self._bodies.append(inner)
        pairs: Iterable[tuple[str, str]]
        if seen is not None:
            pairs = seen.shares
            for name, holder in seen.runs:
                self._runs.setdefault(name, set()).add(holder)
        else:
            names = [name for name in {*body.mentions, *body.writes} if name not in self._imports and not (name in BUILTINS and name not in body.writes)]
            pairs = [(one, other) for one in sorted(names)[:_SHARES_LIMIT] for other in sorted(names)[:_SHARES_LIMIT] if one < other]
            for name in body.writes:
                self._runs.setdefault(name, set()).update(it for it in names if it != name and (it in self._code or it in self._runs))
        for one, other in pairs:
            self._link(one, other)
        for name, place in look.handles:
            self._link(name, place)
        for name, it in seen.lazy if seen is not None else ():
            self._lazy.setdefault(name, set()).add(it)
        self._seeded |= look.seeds
        for place, keys in look.settings.items():
            self._options[place] = keys if place in step.settled else self._options.get(place, set()) | keys
        self.folder = seen.folder if seen is not None else self.folder

    def _link(self, one: str, other: str) -> None:
        self._links.setdefault(one, set()).add(other)
        self._links.setdefault(other, set()).add(one)

    def _drop(self, name: str) -> None:
        """The name means something else now; what shared its object still shares it with each other, and keeps its code."""
        others = self._links.pop(name, set())
        for one in others:
            self._links[one].discard(name)
            self._links[one] |= others - {one}
        holders = [holder for holder, held in self._runs.items() if name in held]
        for holder in holders:
            self._runs[holder].discard(name)
            self._code.setdefault(holder, set()).update(self._code.get(name, ()))
        self._code.pop(name, None)
        self._lazy.pop(name, None)
        self._runs.pop(name, None)
        self._imports.pop(name, None)


def _code_of(entry: Entry) -> str:
    return plain_source(entry.source).strip()
