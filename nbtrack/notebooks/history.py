"""What each executed cell needed, set anew and changed, given all cells before it.

Names are names of the notebook; what is no name but carries state all the same is a place: `<random numpy>`, `<file /data.csv>`, `<figures>`.
"""

from __future__ import annotations

import builtins
import os
import re
from collections.abc import Iterable
from dataclasses import field

from nbtrack.entities.ledger import Entry, Seen, Status
from nbtrack.notebooks import known
from nbtrack.notebooks.effects import Body, Call, effects_of
from nbtrack.notebooks.local_code import reached
from nbtrack.patterns import regex
from nbtrack.records import dataclass

_BUILTINS = frozenset(dir(builtins))
_OUTPUTS = regex(r"^(_{1,3}|_i{1,3}|_i?\d+|Out|In|_oh|_ih|_dh)$")
_SHARES_LIMIT = 40
_CUMULATIVE = ("warm_start", "partial_fit", "RandomState", "get_booster", "xgb_model", "init_model", "fit_more")
"""Words of code in which fitting a model again may not begin from nothing."""
_ASKS_FOLDER = regex(r"^(os\.(getcwdb?|path\.(abspath|realpath|relpath))|pathlib\.\w*Path\.(cwd|resolve|absolute))$")
_LOCAL_STATE = "<local modules>"
"""What modules of the user's own keep in their names."""


@dataclass(frozen=True)
class Fact:
    """Something in a cell that the stamp looks at."""

    rule: str
    text: str


@dataclass
class Step:
    """One executed cell in the light of those before it."""

    entry: Entry
    body: Body
    needs: set[str] = field(default_factory=set)
    """Names and places whose state from before it depends on."""
    sets: set[str] = field(default_factory=set)
    """Those it set anew, whatever they were."""
    changes: set[str] = field(default_factory=set)
    """Those it may have changed."""
    facts: list[Fact] = field(default_factory=list)
    draws: set[str] = field(default_factory=set)
    """Random states it draws from though nothing in the history seeded them."""
    modules: set[str] = field(default_factory=set)
    """Top-level packages it imports or uses."""
    uses: set[str] = field(default_factory=set)
    """Those whose code or values it takes, and does not only import."""
    needs_everything: bool = False
    """It runs code that cannot be seen."""
    may_set_anything: bool = False
    """The same, or `import *`, and nobody saw what it bound."""
    clears: bool = False
    """%reset: no name is left."""
    is_ours: bool = False
    """Loads nbtrack or talks to it, and does nothing else."""


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
        self.kinds: dict[str, str] = {}
        """What names are taken to mean in cells that nobody saw run."""
        self.folder = ""
        """Working directory after the last cell."""
        self.local_modules: dict[str, str] = {}
        """Modules of the user's own that were imported: full name to file."""

    def touched(self, body: Body) -> set[str]:
        """Names that a cell with this body reads, binds or changes, what its functions read among them."""
        direct = set(body.mentions) | body.writes | {name for each in self._run_by(body) for name in (*each.reads, *each.writes)}
        return direct | {holder for name in direct for holder in self._runs.get(name, ())}

    def add(self, entry: Entry, body: Body | None = None) -> Step:
        """Take in the next executed cell."""
        step, look = self._look(entry, body)
        self._update(step, look)
        self.steps.append(step)
        return step

    def ahead(self, entry: Entry, body: Body) -> Step:
        """What a cell that begins now will need, as far as its code tells."""
        return self._look(entry, body)[0]

    def _look(self, entry: Entry, body: Body | None) -> tuple[Step, _Look]:
        body = body if body is not None else effects_of(entry.code, entry.source, entry.tree)
        step = Step(entry, body)
        step.is_ours = all(line.startswith(("%load_ext nbtrack", "%track", "%reload_ext nbtrack")) for line in entry.source.split("\n") if line.strip())
        step.needs_everything, step.needs = body.is_opaque, set(body.reads)
        run = self._run_by(body)
        imports = self._imports | body.imports
        look = _Look(self, step, entry.seen, imports)
        look.take(body)
        for inner in run:
            look.take(inner)
            step.needs_everything |= inner.is_opaque
            first_call = min((body.mentions[name] for name, each in body.functions.items() if each is inner and name in body.mentions), default=0)
            step.needs |= {name for name in inner.reads if not (name in body.sure and name not in body.reads and body.binds[name] < first_call)}
            step.changes |= inner.writes
        step.may_set_anything = entry.seen is None and (step.needs_everything or body.has_star_import or any(name == "run" for name, _ in body.commands))
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
        step.changes |= {other for name in list(step.changes) for near in (name, *now.get(name, ())) for other in self._linked(near)}
        look.leave_out_unchanged()
        self._refits(step, look, now)
        step.needs = {name for name in step.needs if name not in _BUILTINS or name in self._imports or name in self._code or name in self._bound}
        return step, look

    def _refits(self, step: Step, look: _Look, now: dict[str, set[str]]) -> None:
        """An estimator that was fitted anew: what it had learnt before counts no more, what it was made with does."""
        self._is_cumulative |= any(word in step.entry.source for word in _CUMULATIVE)
        if self._is_cumulative:
            return
        for name in look.refitted - look.changed_otherwise - step.sets:
            others = {other for near in (name, *now.get(name, ())) for other in self._linked(near)}
            step.changes -= others
            if known.refits("sklearn", step.body.first_use.get(name, ""), frozenset()):
                step.needs.discard(f"<fitted {name}>")
            step.sets.add(f"<fitted {name}>")
            step.changes |= {f"<fitted {other}>" for other in others - {name}}

    def _run_by(self, body: Body) -> list[Body]:
        """Bodies of the notebook's functions that may run when the code does."""
        found: list[Body] = []
        waiting, known_names = list(body.mentions), set(body.mentions)
        while waiting:
            name = waiting.pop()
            bodies = [body.functions[name]] if name in body.functions else []
            if name in body.reads or not bodies:
                for holder in (name, *self._runs.get(name, ())):
                    bodies += [self._bodies[index] for index in self._code.get(holder, ())]
            for each in bodies:
                if not any(each is it for it in found):
                    found.append(each)
                    fresh = [it for it in each.reads if it not in known_names]
                    known_names.update(fresh)
                    waiting += fresh
        return found

    def _linked(self, name: str) -> set[str]:
        if name not in self._links:
            return {name}
        found, waiting = {name}, [name]
        while waiting:
            fresh = self._links.get(waiting.pop(), set()) - found
            found |= fresh
            waiting += fresh
        return found

    @staticmethod
    def _outputs(step: Step) -> None:
        for name in [name for name in step.needs if _OUTPUTS.match(name)]:
            step.needs.discard(name)
            step.facts.append(Fact("output history", f"uses {name}, IPython's record of earlier cells"))
            number = name.lstrip("_i")
            step.needs.add(f"<out {number}>" if number.isdigit() else "<out>")
        if step.body.shows:
            step.changes.add("<out>")
            if step.entry.execution_count is not None:
                step.sets.add(f"<out {step.entry.execution_count}>")

    def _bindings(self, step: Step, look: _Look) -> None:
        body, seen, status = step.body, step.entry.seen, step.entry.status
        again = {
            name for name, dotted in body.imports.items() if "." not in dotted and name in body.sure and any(it.startswith(f"{name}.") for it in body.modules)
        }
        again = {name for name in again if name in self._imports}  # import a.b after import a.c: both are needed
        if seen is None:
            sure = body.sure if status not in (Status.ERROR, Status.INTERRUPTED) else set()
            step.sets |= sure | body.deletes
            step.changes |= body.writes - sure
        else:
            sure = (body.sure if status in (Status.OK, Status.RUNNING, Status.UNKNOWN) else set()) | (body.writes & seen.bound)
            step.sets |= sure | seen.gone | {name for name in seen.bound if not look.is_bound_by_function(name)}
            step.changes |= (seen.bound | body.writes) - step.sets
        step.sets -= again
        step.changes |= again
        step.needs |= again
        step.clears = look.clears

    def _update(self, step: Step, look: _Look) -> None:
        body, seen = step.body, step.entry.seen
        if step.clears:
            self._imports, self._code, self._links, self._runs = {}, {}, {}, {}
        if seen is not None:
            self.local_modules |= _files(seen)
        for name in step.sets | (seen.gone if seen is not None else set()):
            if not name.startswith("<") and (seen is None or name in seen.bound or name in seen.gone or name in body.functions or name in body.imports):
                self._drop(name)
        self._bound |= step.sets
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
            names = [name for name in {*body.mentions, *body.writes} if name not in self._imports and not (name in _BUILTINS and name not in body.writes)]
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


class _Look:
    """What the calls, attributes and commands of one cell come to."""

    def __init__(self, history: History, step: Step, seen: Seen | None, imports: dict[str, str]) -> None:
        self._history, self._step, self._imports = history, step, imports
        self._kinds = seen.kinds if seen is not None else history.kinds
        self._texts = seen.texts if seen is not None else {}
        self._folder = seen.folder if seen is not None else ""
        self._seen, self._is_seen = seen, seen is not None
        self.seeds: set[str] = set()
        self.handles: list[tuple[str, str]] = []
        self.clears = False
        self._local = history.local_modules | (_files(seen) if seen is not None else {})
        self.refitted: set[str] = set()
        self.changed_otherwise: set[str] = set()
        self._followed: set[tuple[str, int]] = set()
        self._by_function: set[str] = set()
        if seen is not None:
            if seen.has_figures:
                step.changes.add("<figures>")
            if seen.tasks:
                step.facts.append(Fact("background", f"leaves {seen.tasks} asyncio task{'s' if seen.tasks > 1 else ''} running"))

    def is_bound_by_function(self, name: str) -> bool:
        """Bound through `global` in a function: what it becomes may hang on what it was."""
        return name in self._by_function and name not in self._step.body.writes

    def hidden_changes(self, run: Iterable[Body], in_place: set[str]) -> set[str]:
        """What may be changed by names that mean something else, or nothing, once the cell has ended: any object they may have meant.

        Args:
            in_place: names whose objects the cell may change.
        """
        body = self._step.body
        found: set[str] = set()
        if self.changes_locals(body):
            found |= set(body.mentions)
        if not self._is_seen and self._step.changes & body.writes:
            found |= set(body.mentions)
        waiting, known_names = list(in_place & body.repeated), set(in_place & body.repeated)
        while waiting:
            for name in body.sources.get(waiting.pop(), {"*"}):
                found |= set(body.mentions) if name == "*" else {name, *self._read_by(name)}
                if name in body.sources and name not in known_names:
                    known_names.add(name)
                    waiting.append(name)
        for inner in run:
            if self.changes_locals(inner) or inner.sets & inner.writes:
                found |= inner.reads
        return {name for name in found if self._may_be_changed(name)}

    def correct(self) -> None:
        """Let what was seen overrule what the code made likely."""
        seen, step = self._seen, self._step
        if seen is None:
            return
        self.leave_out_unchanged()
        step.changes |= {name for name in seen.changed if not name.startswith("<")}
        if any(name.startswith("<module ") for name in seen.changed):
            step.changes.add(_LOCAL_STATE)
        for state in seen.drew:
            place = f"<random {state}>"
            if place in step.sets or place in step.changes or state in step.draws:
                continue
            if state in self._history._seeded:
                step.needs.add(place)
                step.changes.add(place)
            elif not seen.has_imported:  # what modules draw while they are loaded is theirs
                step.facts.append(Fact("hidden randomness", f"calls something that draws random numbers, which nothing seeded ({state})"))

    def leave_out_unchanged(self) -> None:
        """Objects that were seen to be as before; where work goes on by itself, nobody knows for how long."""
        if self._seen is not None and not any(fact.rule == "background" for fact in self._step.facts):
            self._step.changes -= self._seen.unchanged - self._step.sets

    def _read_by(self, name: str) -> set[str]:
        """What a function of the notebook may give back of what is around it."""
        return {it for inner in self._bodies_of(name) for it in inner.reads}

    def _bodies_of(self, name: str) -> list[Body]:
        own = self._step.body.functions.get(name)
        return [own] if own is not None else [self._history._bodies[it] for it in self._history._code.get(name, ())]

    def changes_locals(self, body: Body, above: tuple[Body, ...] = ()) -> bool:
        """Whether the code may change objects that only names of its own tell: what a function is handed, what a comprehension goes through."""
        if body.changes_locals:
            return True
        return any(self._changes_its_own(call, (*above, body)) for call in body.calls if call.hands_locals or call.on_local)

    def _changes_its_own(self, call: Call, above: tuple[Body, ...]) -> bool:
        is_pure = call.method in known.PURE_METHODS and "inplace" not in call.keywords and not known.PLACES & call.keywords
        if call.on_local or not call.root:
            return not is_pure
        name = "" if call.is_through_call else self._dotted(call.root, call.path)
        if name:
            return not (known.is_gentle(name) or name in {f"builtins.{it}" for it in known.PURE_BUILTINS}) or bool(known.PLACES & call.keywords)
        bodies = self._bodies_of(call.root)
        if bodies and not call.path:
            return any(it not in above and self.changes_locals(it, above) for it in bodies)
        kind, _, type_module = self._kinds.get(call.root, "").partition(" ")
        return not (is_pure or (kind == "object" and type_module.partition(".")[0] in known.GENTLE | {"builtins"}))

    def take(self, body: Body) -> None:
        step = self._step
        if body is not step.body:
            self._by_function |= body.writes
        step.changes |= {name for name in body.sets if self._may_change(name)}
        for call in body.calls:
            self._call(call)
        for chain in body.attributes:
            dotted = self._dotted(chain[0], chain[1:])
            if dotted == "sys.argv":
                step.facts.append(Fact("environment", "sys.argv"))
        for chain in body.stored:
            self._stored(chain)
        for name in body.mentions if body is step.body else body.reads:
            self._mention(name)
        for module in body.modules:
            step.needs |= {"<import path>", "<environ>"}
            step.modules.add(module.partition(".")[0])
            if module in self._local:
                self._foreign(module)
            path = module.replace(".", "/")
            step.needs |= {self._file(f"{path}.py"), self._file(f"{path}/__init__.py")}
        step.uses |= {dotted.partition(".")[0] for name, dotted in body.imports.items() if "." in dotted and dotted not in body.modules}
        for name, line in body.commands:
            self._command(name, line)

    def _mention(self, name: str) -> None:
        step, kind = self._step, self._kinds.get(name, "")
        if kind == "stream":
            step.changes.add(name)
        module = self._imports.get(name) or kind.partition(" ")[2]
        if module and module != "__main__":
            package = module.partition(".")[0]
            step.modules.add(package)
            step.uses.add(package)
            if self._is_local(package):
                step.needs.add(_LOCAL_STATE)
            step.needs.add(f"<options {'matplotlib' if package in ('seaborn', 'pylab') else package}>")

    def _is_local(self, package: str) -> bool:
        return any(name.partition(".")[0] == package for name in self._local)

    def _foreign(self, dotted: str) -> None:
        """What code of the user's own modules does to files, random states and the like; its names are none of the notebook's."""
        step = self._step
        for module, body in reached(self._local, dotted):
            key = (module.name, id(body))
            if key in self._followed:
                continue
            self._followed.add(key)
            aside = Step(step.entry, body, sets={it for it in step.sets if it.startswith("<")})
            look = _Look(self._history, aside, None, module.imports)
            look._is_seen, look._texts, look._folder, look._followed = True, module.texts, self._folder, self._followed
            look.take(body)
            step.facts += [fact for fact in aside.facts if fact.rule not in ("path", "unseen")]
            step.draws |= aside.draws
            for mine, its in ((step.needs, aside.needs), (step.changes, aside.changes), (step.sets, aside.sets)):
                mine |= {it for it in its if it.startswith("<") and it != _LOCAL_STATE}
            self.seeds |= look.seeds

    def _may_change(self, name: str) -> bool:
        return (self._kinds.get(name) != "plain" or name in self._step.body.repeated) and name not in self._imports

    def _dotted(self, root: str, path: tuple[str, ...]) -> str:
        """Full name of what belongs to a library; empty for the notebook's own."""
        base = self._imports.get(root)
        if base is None:
            kind, _, module = self._kinds.get(root, "").partition(" ")
            if kind == "module":
                base = module
            elif kind == "callable" and module not in ("__main__", ""):
                base = f"{module}.{root}"
            elif root in _BUILTINS and root not in self._history._code and root not in self._step.body.functions and (not kind or module == "builtins"):
                base = f"builtins.{root}"
            else:
                return ""
        return ".".join((base, *path))

    def _stored(self, chain: tuple[str, ...]) -> None:
        dotted = self._dotted(chain[0], chain[1:])
        if not dotted or dotted.startswith("builtins."):
            return
        if dotted == "os.environ":
            return
        if dotted == "sys.path":
            self._step.changes.add("<import path>")
        elif dotted.partition(".")[0] in known.GENTLE:
            self._step.changes.add(f"<options {dotted.partition('.')[0]}>")
        else:
            self._step.changes.add(chain[0])

    def _call(self, call: Call) -> None:
        named = dict(call.named_texts)
        name = "" if call.is_through_call or not call.root else self._dotted(call.root, call.path)
        kind, _, type_module = self._kinds.get(call.root, "").partition(" ")
        if name and not (call.root in self._imports and name == self._imports[call.root] and kind == "object"):
            self._library(name, call, named)
            if self._is_local(name.partition(".")[0]):
                self._foreign(name)
        else:
            self._method(call, kind, type_module, named)
            if kind == "object" and call.method and type_module in self._local:
                self._foreign(f"{type_module}.*.{call.method}")
        self._named_in_texts(name, call, named)
        for how, path in known.files(
            name,
            call.method,
            call.texts,
            named,
            type_module if kind == "object" else "pathlib" if call.method in ("read_text", "write_text", "read_bytes", "write_bytes") else type_module,
        ):
            self._access(how, path)
        if call.method in ("sample", "rvs") and kind == "object" and type_module.startswith(("pandas", "scipy")) and "random_state" not in call.keywords:
            self._draw("numpy")

    def _named_in_texts(self, name: str, call: Call, named: dict[str, str]) -> None:
        """Names of the notebook that stand in a text some library makes sense of: `df.query("a > @limit")`, `duckdb.sql("select * from df")`."""
        pattern = known.NAMES_IN_TEXTS.get(call.method or name.rpartition(".")[2])
        if pattern is None:
            return
        texts = [self._value(text) for text in (*call.texts, *named.values())]
        body, found = self._step.body, {word for text in texts if text for word in re.findall(pattern, text)}
        self._step.needs |= {word for word in found if word in self._history._bound and (word in body.reads or word not in body.sure)}

    def _library(self, name: str, call: Call, named: dict[str, str]) -> None:
        step = self._step
        if name in known.SEEDS:
            self.seeds |= set(known.SEEDS[name])
            step.sets |= {f"<random {it}>" for it in known.SEEDS[name]}
        for state in known.draws(name, call.keywords, named, call.n_args):
            self._draw(state)
        if known.CLOCK.match(name) and (call.is_handed_on or not known.TIMING.match(name)) and not (name == "time.strftime" and call.n_args > 1):
            step.facts.append(Fact("clock", f"calls {name}()"))
        if known.NETWORK.match(name):
            step.facts.append(Fact("network", f"calls {name}()"))
        if known.INPUT.match(name):
            what = "input()" if name == "builtins.input" else f"{name}()"
            step.facts.append(Fact("input", f"depends on {what}"))
        if known.BACKGROUND.match(name):
            step.facts.append(Fact("background", f"starts work that goes on by itself ({name})"))
        key = self._value(call.texts[0]) if call.texts else None
        if name in ("os.getenv", "os.environ.get", "os.environ.items", "os.environ.copy", "os.environ.keys"):
            step.needs |= {"<environ>", f"<variable {key}>"}
            step.facts.append(Fact("environment", key or "os.environ"))
        if name in ("os.environ.update", "os.environ.setdefault", "os.environ.pop", "os.putenv", "os.unsetenv"):
            step.changes |= {"<environ>", f"<variable {key}>"}
        if _ASKS_FOLDER.match(name):
            step.needs.add("<folder>")
        if name == "os.chdir":
            step.sets.add("<folder>")
        if name.startswith("sys.path."):
            step.changes.add("<import path>")
        if known.PLOT_SETTINGS.match(name) or name.startswith(("matplotlib.rcParams.", "matplotlib.pyplot.rcParams.")):
            step.changes.add("<options matplotlib>")
        elif known.OPTIONS.match(name):
            step.changes.add(f"<options {name.partition('.')[0]}>")
        if known.PLOTTING.match(name):
            step.needs.add("<figures>")
            if not self._is_seen:
                step.changes.add("<figures>")
        if name == "importlib.reload":
            step.changes |= call.args
            step.needs |= {self._file(f"{it.replace('.', '/')}.py") for arg in call.args for it in (self._imports.get(arg, arg),)}
        if not known.is_gentle(name) and name not in {f"builtins.{it}" for it in known.PURE_BUILTINS}:
            self._hand_over(call.args)
        elif known.PLACES & call.keywords or name.startswith(("matplotlib.", "seaborn.")):
            self._hand_over(
                {it for it in call.args if not self._kinds or self._kinds.get(it, "").partition(" ")[2].startswith(("matplotlib", "io", "_io", "numpy"))}
            )

    def _method(self, call: Call, kind: str, type_module: str, named: dict[str, str]) -> None:
        step = self._step
        if not call.root:
            if call.is_through_call and call.method in known.PURE_METHODS:
                return
            self._hand_over(call.args, quietly=True)
            return
        own = call.root in step.body.functions or call.root in self._history._code
        if kind == "plain" and (call.root not in step.body.repeated or call.method in known.PURE_METHODS):
            return
        if own and not call.path:
            bodies = self._bodies_of(call.root)
            if any(self.changes_locals(it) for it in bodies):
                self._hand_over(call.args)
            if any(it.is_stateful for it in bodies) or kind == "object":
                step.changes.add(call.root)
            return
        base = self._imports.get(call.root)
        if base is not None and kind != "object":
            return  # hangs on the result of a library's function: an object of its own
        method = call.path[-1] if call.path else "__call__"
        if kind == "object" and known.is_pure_method(type_module, method, named, call.keywords):
            if known.PLACES & call.keywords:
                self._hand_over(call.args)
            return
        if self._may_change(call.root):
            step.changes.add(call.root)
            is_refit = kind == "object" and len(call.path) == 1 and known.refits(type_module, method, call.keywords)
            (self.refitted if is_refit else self.changed_otherwise).add(call.root)
        package = type_module.partition(".")[0]
        if type_module.startswith("torch") and not call.path and not self._is_seen:
            self._draw("torch", only_seeded=True)
        if not (kind == "object" and package in known.GENTLE | {"builtins"}) or known.PLACES & call.keywords:
            self._hand_over(call.args)

    def _hand_over(self, names: Iterable[str], quietly: bool = False) -> None:
        """Objects are handed to code that may change them."""
        if quietly and self._is_seen:
            return
        self._step.changes |= {name for name in names if self._may_be_changed(name)}

    def _may_be_changed(self, name: str) -> bool:
        kind = self._kinds.get(name, "")
        return kind != "plain" and not kind.startswith(("module", "callable")) and name not in self._imports and (name not in _BUILTINS or bool(kind))

    def _draw(self, state: str, *, only_seeded: bool = False) -> None:
        step, place = self._step, f"<random {state}>"
        if place in step.sets:
            return
        if state in self._history._seeded:
            step.needs.add(place)
            step.changes.add(place)
        elif not only_seeded:
            step.draws.add(state)

    def _access(self, how: str, path: str | None) -> None:
        step = self._step
        path = self._value(path)
        if path is not None and re.match(r"^(https?|s3|gs|ftp|hf|abfss?)://", path):
            step.facts.append(Fact("network", f"reads {path.partition('?')[0]}" if how == "read" else f"writes {path.partition('?')[0]}"))
            return
        if path is not None and os.path.isabs(path) and how == "read":  # noqa: PTH117 - a text, not a path to touch
            step.facts.append(Fact("path", path))
        place = self._file(path) if path is not None else ""
        if path is not None and os.path.dirname(path):  # noqa: PTH120 - a text, not a path to touch
            step.needs.add(self._file(os.path.dirname(path)))  # noqa: PTH120
        if path is not None and not os.path.isabs(path):  # noqa: PTH117
            step.needs.add("<folder>")
        if how == "read":
            written = place in step.sets
            step.needs |= ({place, "<files>"} if place else {"<any file>"}) if not written else set()
            return
        step.changes |= {"<any file>"} if place else {"<any file>", "<files>"}
        if place and how == "write":
            step.sets.add(place)
        elif place:
            step.needs |= {place}
            step.changes.add(place)
        self.handles += [(name, place) for name in step.body.writes if place and self._kinds.get(name) == "stream"]

    def _value(self, text: str | None) -> str | None:
        """The text an argument is, or what the name it gives holds."""
        return self._texts.get(text[1:]) if text is not None and text.startswith("=") else text

    def _file(self, path: str) -> str:
        return _place(self._folder, path)

    def _command(self, name: str, line: str) -> None:
        step = self._step
        if name == "!":
            if known.QUIET_COMMANDS.match(line):
                return
            if known.INSTALL.search(line):
                step.facts.append(Fact("install", line.strip()))
            else:
                step.facts.append(Fact("shell", f"runs the shell command {line.strip().splitlines()[0] if line.strip() else ''}"))
                step.changes |= {"<any file>", "<files>"}
                step.needs |= {"<any file>", "<folder>"}
        elif name in known.PACKAGE_MAGICS:
            step.facts.append(Fact("install", f"{name} {line}".strip()))
        elif name == "run":
            path = next((word for word in line.split() if not word.startswith("-")), "")
            step.needs |= {self._file(path), self._file(f"{path}.py"), "<files>", "<folder>"}
            step.needs_everything |= "-i" in line.split()
            if not self._is_seen:
                step.facts.append(Fact("unseen", f"%run {path} may bind any name"))
        elif name in ("cd", "pushd", "popd"):
            step.needs |= {"<folder>", _place(self._history.folder, line.strip().strip("'\""))}
            step.sets.add("<folder>")
        elif name in ("env", "set_env"):
            key = re.split(r"[=\s]", line.strip(), maxsplit=1)[0]
            if key != line.strip():
                step.changes |= {"<environ>", f"<variable {key}>"}
        elif name in ("matplotlib", "pylab", "config"):
            step.changes.add("<options matplotlib>")
        elif name in ("load_ext", "reload_ext", "unload_ext", "autoreload", "aimport"):
            step.changes.add("<extensions>")
        elif name in ("reset", "reset_selective"):
            self.clears = name == "reset"
        elif name == "store":
            step.facts.append(Fact("unseen", "%store brings values of other sessions"))
        elif name not in known.QUIET_MAGICS:
            step.needs_everything = True
            step.needs.add("<extensions>")
            step.facts.append(Fact("unseen", f"the magic %{name} may do anything"))


def _files(seen: Seen) -> dict[str, str]:
    """File of each module of the user's own that a cell loaded."""
    return {name: fact.rpartition(" ")[0] for name, fact in seen.modules.items()}


def _place(folder: str, path: str) -> str:
    return f"<file {os.path.normpath(os.path.join(folder, path))}>"  # noqa: PTH118 - a text, not a path to touch
