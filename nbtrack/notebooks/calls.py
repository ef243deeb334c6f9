"""What the calls in one cell come to: what libraries are known to do, and what may be done to the objects that are handed over."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nbtrack.notebooks import known
from nbtrack.notebooks.body import Body, Call
from nbtrack.notebooks.places import Places
from nbtrack.notebooks.step import HOOKS, PROCESS, SHOWN_AS, Fact
from nbtrack.patterns import regex

_ASKS_FOLDER = regex(r"^(os\.(getcwdb?|path\.(abspath|realpath|relpath))|pathlib\.\w*Path\.(cwd|resolve|absolute))$")
HITS = "<hits>"
"""Place of how often they were asked for what they keep."""
REMEMBERED = "<remembered>"
"""Place of what `functools.cache` keeps of functions whose results it cannot alter: only who asks for its count of hits finds another."""


class Calls(Places):
    """Calls of one cell."""

    def _call(self, call: Call) -> str:
        """Take in one call; gives the full name of what it calls in the user's own modules, or nothing."""
        named = dict(call.named_texts)
        if call.root in ("get_ipython", "@IPython.get_ipython") or (len(call.path) > 1 and self._kinds.get(call.root, "").startswith(known.SHELLS)):
            self._step.changes |= {HOOKS} if known.HOOKS & {*call.path} else set()
        name = "" if call.is_through_call or not call.root else self._dotted(call.root, call.path)
        kind, _, type_module = self._kinds.get(call.root, "").partition(" ")
        is_object = call.root in self._imports and name == self._imports[call.root] and kind == "object"
        if name and (not is_object or name.startswith(known.DRAWING)):
            self._library(name, call, named)
            foreign = name if self._is_local(name.partition(".")[0]) else ""
        else:
            self._method(call, kind, type_module, named)
            foreign = f"{type_module}.*.{call.method}" if kind == "object" and call.method and type_module in self._local else ""
        self._step.changes |= {arg for arg in call.args if self._kinds.get(arg, "").startswith(known.GENERATORS)}
        self._named_in_texts(name, call, named)
        is_held = len(call.path) > 1 or type_module in ("builtins", "collections")  # an attribute, or an item, of what the name means
        is_path = not name and (is_held or kind != "object") and call.method in known.PATH_METHODS
        is_path |= kind == "plain" and call.method == "replace" and call.n_args == 1
        own = self._texts.get(call.root) if is_path and call.method in known.OWN_FILE and len(call.path) == 1 and not call.is_through_call else None
        for how, path in known.files(name, call.method, call.texts, named, "pathlib" if is_path else type_module):
            named_here = path if path is not None or call.root in self._step.body.repeated else own
            self._access(how, named_here, is_map=known.MAPS.match(name) is not None, is_content=(call.method or name) not in known.ASKS_ABOUT)
        if call.method in ("sample", "rvs") and kind == "object" and type_module.startswith(("pandas", "scipy")) and "random_state" not in call.keywords:
            self._draw("numpy")
        return foreign

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

    def _named_in_texts(self, name: str, call: Call, named: dict[str, str]) -> None:
        """Names of the notebook that stand in a text some library makes sense of: `df.query("a > @limit")`, `duckdb.sql("select * from df")`."""
        pattern = known.NAMES_IN_TEXTS.get(call.method or name.rpartition(".")[2])
        if pattern is None:
            return
        texts = [self._value(text) for text in (*call.texts, *named.values())]
        body, found = self._step.body, {word for text in texts if text for word in re.findall(pattern if name != "pandas.eval" else known.IDENTIFIERS, text)}
        self._step.needs |= {word for word in found if word in self._history._bound and (word in body.reads or word not in body.sure)}

    def _library(self, name: str, call: Call, named: dict[str, str]) -> None:
        step = self._step
        told = {word: self._value(text) or text for word, text in named.items()}
        first = self._value(call.texts[0]) if call.texts else None
        states = known.draws(name, call.keywords, told, call.n_args, first)
        for state in states:
            self._draw(state)
        if name in known.SEEDS and not states:
            self.seeds |= set(known.SEEDS[name])
            step.sets |= {f"<random {it}>" for it in known.SEEDS[name]}
        if known.CLOCK_WORDS.match(name) and {"now", "today"} & {*call.texts, *named.values()}:
            step.facts.append(Fact("clock", f"asks {name}() for now"))
        if known.MACHINE.match(name):
            step.facts.append(Fact("machine", f"uses {name.removeprefix('builtins.')}(), which is another on each machine or in each kernel"))
        if name == "builtins.hash":
            step.facts.append(Fact("hash order", "uses hash(), which for texts is another in each kernel unless PYTHONHASHSEED=0"))
        is_taken = known.TAKES_OUTPUT.match(name) is not None or not call.keywords.isdisjoint({"capture_output", "stdout"})
        step.needs |= {"<environ>"} if known.SHELL.match(name) else set()
        if known.SHELL.match(name) and (is_taken or not known.QUIET_COMMANDS.match(first or "")):
            step.facts.append(Fact("shell", f"starts another program ({name})"))
            step.changes |= {"<any file>", "<files>"}
            step.needs |= {"<any file>", "<folder>"}
        if known.PATCHES.match(name) and any(self._dotted(arg, ()) == "builtins" for arg in call.args):
            self._patch_builtins(self._value(call.texts[1] if len(call.texts) > 1 else None) or "__dict__")
        if known.PATCHES.match(name):
            step.changes |= {f"<patches {it.partition('.')[0]}>" for arg in call.args if (it := self._import_of(arg))}
            step.changes |= {f"<patches {first.partition('.')[0]}>"} if first and name.startswith("unittest.") else set()
            self.handles += [(it, place) for it in step.body.writes if "mock" in self.kind_of(it) for place in step.changes if place.startswith("<patches ")]
        if name.startswith("warnings.") and "error" in {*call.texts, *named.values()}:
            step.changes.add("<warnings as errors>")
        if known.CLOCK.match(name) and (call.is_handed_on or not known.TIMING.match(name)) and not (name == "time.strftime" and call.n_args > 1):
            step.facts.append(Fact("clock", f"calls {name}()"))
        if known.NETWORK.match(name):
            step.facts.append(Fact("network", f"calls {name}()"))
        if known.INPUT.match(name):
            what = "input()" if name == "builtins.input" else f"{name}()"
            step.facts.append(Fact("input", f"depends on {what}"))
        if known.BACKGROUND.match(name):
            step.facts.append(Fact("background", f"starts work that goes on by itself ({name})"))
        key = first
        if name in ("os.getenv", "os.environ.get", "os.environ.items", "os.environ.copy", "os.environ.keys"):
            step.needs |= {"<environ>", f"<variable {key}>"}
            step.facts.append(Fact("environment", key or "os.environ"))
        if name == "os.environ.__setitem__" and key is not None:
            self._set_option("<environ>", call.settings)
            step.sets.add(f"<variable {key}>")
        elif name in ("os.environ.__setitem__", "os.environ.update", "os.environ.setdefault", "os.environ.pop", "os.putenv", "os.unsetenv"):
            self._set_option("<environ>", call.settings if name == "os.environ.update" else ())
            step.changes.add(f"<variable {key}>")
        if _ASKS_FOLDER.match(name):
            step.needs.add("<folder>")
        if name == "os.chdir":
            step.sets.add("<folder>")
        keys = [f"{known.plain(name).removesuffix('.update')}{it}" for it in call.settings]
        is_read = known.READ_BACK.match(name) is not None
        if name.startswith(("sys.path.", "sys.meta_path.", "sys.path_hooks.")):
            self._set_option("<import path>", keys, is_read_back=is_read)
        if name in ("sys.modules.pop", "sys.modules.popitem", "sys.modules.clear") and not self._is_seen:
            self._set_option("<import path>", ())
        if known.PROCESS.match(name):
            self._set_option(PROCESS, keys, is_read_back=is_read)
        elif known.PLOT_SETTINGS.match(name) or name.startswith(("matplotlib.rcParams.", "matplotlib.pyplot.rcParams.")):
            self._set_option("<options matplotlib>", keys, is_read_back=is_read)
        elif (known.OPTIONS.match(name) or known.is_setter(name)) and not (name.startswith("logging.") and call.method in known.LOGGING | {"getLogger"}):
            self._set_option(f"<options {name.partition('.')[0]}>", keys, is_read_back=is_read)
        if known.PLOTTING.match(name):
            step.needs.add("<figures>")
            if not self._is_seen:
                step.changes.add("<figures>")
        if name.startswith("IPython.") and call.method in ("", "display"):
            step.needs.add(SHOWN_AS)
        if name == "importlib.reload":
            for module in map(self._module_of, call.args):
                if not self._is_local(module.partition(".")[0]):
                    self._set_option(f"<patches {module.partition('.')[0]}>", keys)
            step.changes |= call.args if not self._is_seen else set()
            step.needs |= {self._file(f"{it.replace('.', '/')}.py") for arg in call.args for it in (self._import_of(arg) or arg,)}
        if not known.is_gentle(name) and name not in {f"builtins.{it}" for it in known.PURE_BUILTINS}:
            self._hand_over(call.args)
        elif known.PLACES & call.keywords or name.startswith(("matplotlib.", "seaborn.")):
            self._hand_over(
                {it for it in call.args if not self._kinds or self._kinds.get(it, "").partition(" ")[2].startswith(("matplotlib", "io", "_io", "numpy"))}
            )

    def _method(self, call: Call, kind: str, type_module: str, named: dict[str, str]) -> None:
        step = self._step
        if call.method in ("setattr", "delattr"):  # as pytest's monkeypatch has them
            step.changes |= {f"<patches {it.partition('.')[0]}>" for it in map(self._module_of, call.args) if it}
            step.changes |= {f"<patches {text.partition('.')[0]}>" for text in call.texts[:1] if text and "." in text and text[0] != "="}
        if not call.root:
            if call.is_through_call and call.method in known.PURE_METHODS:
                return
            self._hand_over(call.args, quietly=True)
            return
        own = call.root in step.body.functions or call.root in self._history._code
        if kind == "plain" and (call.root not in step.body.repeated or call.method in known.PURE_METHODS):
            return
        if type_module == "functools":
            step.changes.add(HITS)
        if own and not call.path:
            bodies = self._bodies_of(call.root)
            if any(self.changes_locals(it) for it in bodies):
                self._hand_over(call.args)
            if type_module == "functools" and self._only_remembers(call, bodies):
                step.changes.add(REMEMBERED)
            elif any(it.is_stateful for it in bodies) or kind == "object":
                step.changes.add(call.root)
                is_new = call.root in step.body.sure and call.root not in step.body.reads  # it was made here, and has nothing to remember
                step.needs |= {REMEMBERED} if type_module == "functools" and not is_new else set()
            return
        if type_module == "functools":
            step.needs.add(REMEMBERED)
        base = self._import_of(call.root)
        if type_module.partition(".")[0] in known.DATABASES and (self._only_asks(call) or (call.is_through_call and call.method.startswith("fetch"))):
            return
        if base and kind != "object":
            if known.SHARED.match(".".join((base, *call.path[:-1]))) and call.method not in known.LOGGING:
                self._set_option(f"<options {base.partition('.')[0]}>", ())
            return  # hangs on the result of a library's function: an object of its own
        method = call.path[-1] if call.path else "__call__"
        if kind == "object" and known.is_pure_method(type_module, method, named, call.keywords):
            if known.PLACES & call.keywords:
                self._hand_over(call.args)
            return
        if type_module == "logging":
            if method in known.LOGGING:
                return
            self._set_option("<options logging>", ())
        if self._may_change(call.root):
            step.changes.add(call.root)
            is_refit = kind == "object" and len(call.path) == 1 and call.root not in call.args and known.refits(type_module, method, call.keywords)
            (self.refitted if is_refit else self.changed_otherwise).add(call.root)
        package = type_module.partition(".")[0]
        if type_module.startswith("torch") and not call.path and not self._is_seen:
            self._draw("torch", only_seeded=True)
        if not (kind == "object" and package in known.GENTLE | {"builtins"}) or known.PLACES & call.keywords:
            self._hand_over(call.args)

    def _only_remembers(self, call: Call, bodies: Iterable[Body]) -> bool:
        """Whether a function behind `functools.cache` gives the same whatever it was asked before."""
        if call.hands_locals and not any(it is self._taken for it in bodies):
            return False  # nobody saw what it is asked about
        is_own = any(self._history._is_own(name) for it in bodies for name in it.reads if name != call.root)
        return not is_own and all(it.is_arithmetic for it in bodies) and all(self._kinds.get(name) == "plain" for name in call.args)

    def _only_asks(self, call: Call) -> bool:
        """Whether what a database is told changes nothing in it."""
        text = self._value(call.texts[0]) if call.texts else None
        return call.method in ("execute", "sql") and known.QUERY.match(text or "") is not None

    def _hand_over(self, names: Iterable[str], quietly: bool = False) -> None:
        """Objects are handed to code that may change them."""
        if quietly and self._is_seen:
            return
        self._step.changes |= {name for name in names if self._may_be_changed(name)}
