"""What the code of one cell comes to, and what was seen of it."""

from __future__ import annotations

from collections.abc import Iterable

from nbtrack.entities.ledger import Seen
from nbtrack.notebooks import known, listings, orders
from nbtrack.notebooks.body import Body, Call
from nbtrack.notebooks.calls import Calls
from nbtrack.notebooks.local_code import Module, load, reached
from nbtrack.notebooks.step import PROCESS, SUBCLASSES, Fact, Step

LOCAL_STATE = "<local modules>"
"""What modules of the user's own keep in their names."""
FUTURE = "<future>"
"""Place of what `from __future__ import` has changed for all cells after it."""


def _patches(module: str) -> str:
    return f"<patches {module.partition('.')[0]}>"


class Look(Calls):
    """What the calls, attributes and commands of one cell come to."""

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
        step.changes |= {name for name in seen.changed if not name.startswith("<")} | seen.patched
        self._history.patched |= seen.patched
        self._loaded_again(seen)
        for place in seen.moved.difference(step.sets, self.settings):
            self._set_option(place, ())
        step.changes |= {_patches(name) for name in seen.patched_modules}
        if not self._history.restores:
            step.draws -= seen.still
            quiet = {f"<random {state}>" for state in seen.still} - step.sets
            step.changes -= quiet
            step.needs -= quiet
        for state in seen.drew:
            place = f"<random {state}>"
            if place in step.sets or place in step.changes or state in step.draws:
                continue
            if state in self._history._seeded:
                step.needs.add(place)
                step.changes.add(place)
            elif not (seen.has_drawn_ids and state == "random"):
                step.facts.append(Fact("hidden randomness", f"calls something that draws random numbers, which nothing seeded ({state})"))

    def _loaded_again(self, seen: Seen) -> None:
        """Modules of the user's own that were loaded again, and those whose state is otherwise.

        What is loaded again from the same file begins as it began; only objects of its classes from before are none of the new ones.
        """
        step, history = self._step, self._history
        again = seen.modules.keys() & history.local_modules.keys()
        changed = {name.removeprefix("<module ").removesuffix(">") for name in seen.changed if name.startswith("<module ")}
        had_state = bool(again) and any(LOCAL_STATE in it.changes or any(_patches(name) in it.changes for name in again) for it in history.steps)
        if changed - again or had_state:
            step.changes.add(LOCAL_STATE)
        if history.loads_by_itself(step.entry.source):
            return
        for name in again:
            code = load(name, history.local_modules[name])
            if had_state or code is None or code.has_classes or seen.modules[name] != history.loads.get(name):
                step.sets.add(f"<loaded {name.partition('.')[0]}>")
            else:
                self.loaded_alike.add(name)

    def _keeps(self, module: Module, body: Body) -> bool:
        """Whether code of a module changes what the module keeps."""
        if body.sets or body.writes:
            return True
        held = module.functions.keys() | module.imports.keys()
        return any(call.root and call.root[0] != "@" and call.root not in held and call.path and call.method in known.CHANGERS for call in body.calls)

    def leave_out_unchanged(self) -> None:
        """Objects that were seen to be as before; where work goes on by itself, nobody knows for how long."""
        seen, step = self._seen, self._step
        if seen is None or any(fact.rule == "background" for fact in step.facts):
            return
        step.changes -= seen.unchanged - step.sets
        if self._history.is_past_counting:
            return
        arrays = {name for name in step.changes if self._kinds.get(name) == "object numpy"}
        for name in seen.counted - step.sets:
            near = self._history.linked(name).union(*(pair for pair in seen.shares if name in pair))
            if near.isdisjoint(arrays):  # NumPy counts nothing
                step.changes.discard(name)

    def take(self, body: Body) -> None:
        step, self._taken = self._step, body
        if body is not step.body:
            self._by_function |= body.writes
        step.changes |= {name for name in body.sets if self._may_change(name)}
        for call in body.calls:
            if dotted := self._call(call):
                self._foreign(dotted, call)
            step.needs |= {SUBCLASSES} if call.method == "__subclasses__" else set()
        for chain in body.attributes:
            dotted = self._dotted(chain[0], chain[1:])
            if dotted.startswith("__main__.") or (dotted.startswith("builtins.") and dotted.split(".")[1] in self._history.patched):
                step.needs.add(dotted.split(".")[1])
            if dotted == "sys.argv":
                step.facts.append(Fact("environment", "sys.argv"))
        for chain in body.stored:
            self._stored(chain)
        step.changes |= {SUBCLASSES} if body.has_subclasses else set()
        self._orders(body)
        for name in body.mentions if body is step.body else body.reads:
            self._mention(name)
        for module in body.modules:
            step.needs |= {"<import path>", "<environ>"}
            step.modules.add(module.partition(".")[0])
            if module in self._local:
                self._foreign(module)
            path = module.replace(".", "/")
            step.needs |= {self._file(f"{path}.py"), self._file(f"{path}/__init__.py")}
            step.sets |= {FUTURE} if module == "__future__" else set()
        step.uses |= {dotted.partition(".")[0] for name, dotted in body.imports.items() if "." in dotted and dotted not in body.modules}
        for name, line in body.commands:
            self._command(name, line)

    def _orders(self, body: Body) -> None:
        seen, step = self._seen, self._step
        known_before = self._history.listings
        if body is not step.body:
            known_before = known_before - step.body.listings.ordered | step.body.listings.of(known_before)
        if listings.HERE in body.listings.used or not known_before.isdisjoint(body.listings.used):
            step.facts.append(Fact("directory order", "depends on the order in which a directory lists its files, which nothing defines; sorted() would"))
        if seen is None:
            return
        for names, is_set in body.orders:
            told = step.body.mentions.keys() if orders.ANY in names else names
            if orders.TEXT in names or any(name in seen.unordered and (is_set or name in seen.sets) for name in told):
                step.facts.append(Fact("hash order", "goes through a set in the order of its hashes, which is another in each kernel unless PYTHONHASHSEED=0"))
                return

    def _mention(self, name: str) -> None:
        step, kind = self._step, self._kinds.get(name, "")
        if kind == "stream":
            step.changes.add(name)
        module = self._import_of(name) or kind.partition(" ")[2]
        if module and module != "__main__":
            package = module.partition(".")[0]
            step.modules.add(package)
            step.uses.add(package)
            self._needs_package(package)
        for package in self._holds.get(name, ()):
            self._needs_package(package)

    def _needs_package(self, package: str) -> None:
        if self._is_local(package):
            self._step.uses.add(package)
            self._step.needs |= {LOCAL_STATE, f"<loaded {package}>"}
        self._step.needs |= {f"<options {'matplotlib' if package in ('seaborn', 'pylab') else package}>", f"<patches {package}>"}

    def _foreign(self, dotted: str, call: Call | None = None) -> None:
        """What code of the user's own modules does to files, random states and the like; its names are none of the notebook's."""
        step = self._step
        found = list(reached(self._local, dotted))
        if call is not None and self._seen is not None and not any(dotted.startswith(f"{it}.") for it in self._history.local_modules):
            is_of_an_object = dotted.rpartition(".")[0] not in self._local
            if any(self._keeps(*it) or (is_of_an_object and it[1].changes_locals) for it in found) or (not found and call.method in known.CHANGERS):
                step.changes.add(LOCAL_STATE)  # nobody has seen what it held when it was loaded
        for module, body in found:
            key = (module.name, id(body))
            if key in self._followed:
                continue
            self._followed.add(key)
            aside = Step(step.entry, body, sets={it for it in step.sets if it.startswith("<")})
            look = Look(self._history, aside, None, module.imports)
            look._is_seen, look._texts, look._folder, look._followed = True, module.texts, self._folder, self._followed
            look.take(body)
            step.facts += [fact for fact in aside.facts if fact.rule not in ("path", "unseen")]
            step.draws |= aside.draws
            for mine, its in ((step.needs, aside.needs), (step.changes, aside.changes), (step.sets, aside.sets)):
                mine |= {it for it in its if it.startswith("<") and it != LOCAL_STATE}
            for place in look.settings:
                self._set_option(place, ())
            step.files |= aside.files
            self.seeds |= look.seeds

    def _stored(self, chain: tuple[str, ...]) -> None:
        dotted = self._dotted(chain[0], chain[1:])
        package, _, name = dotted.partition(".")
        if package == "builtins" and chain[0] != name.partition(".")[0]:
            self._patch_builtins(name)
        if not dotted or package == "builtins":
            return
        if dotted == "os.environ":
            return  # a call stands for it
        keys = self._taken.settings.get(chain, {""})
        keys = set() if "" in keys else {f"{known.plain(dotted)}{it}" for it in keys}
        if dotted == "sys.argv":
            self._set_option(PROCESS, keys)
        elif dotted in ("sys.path", "sys.modules"):
            self._set_option("<import path>", keys)
        elif known.OPTION_NAMES.search(name):
            self._set_option(f"<options {package}>", keys)
        elif package in known.GENTLE:
            self._step.changes.add(f"<patches {package}>")
        else:
            self._step.changes |= {f"<patches {package}>"} | ({chain[0]} if chain[0][:1] != "@" else set())
