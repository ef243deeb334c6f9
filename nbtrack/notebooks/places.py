"""What a cell does to what is no name and carries state all the same: files, random states, the working directory, IPython's own."""

from __future__ import annotations

import os
import re

from nbtrack.notebooks import known
from nbtrack.notebooks.meanings import Meanings, file_place
from nbtrack.notebooks.step import SHOWN_AS, Fact


class Places(Meanings):
    """Files, random states and commands of one cell."""

    def _draw(self, state: str, *, only_seeded: bool = False) -> None:
        step, place = self._step, f"<random {state}>"
        if place in step.sets:
            return
        if state in self._history._seeded:
            step.needs.add(place)
            step.changes.add(place)
        elif not only_seeded:
            step.draws.add(state)

    def _access(self, how: str, path: str | None, *, is_map: bool = False, is_content: bool = True) -> None:
        step = self._step
        path = self._value(path)
        if path == ":memory:":
            return  # a database that is no file
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
            step.files |= {place} if place and is_content and not written else set()
            return
        step.changes |= {"<any file>"} if place else {"<any file>", "<files>"}
        step.changes |= {self._file(os.path.dirname(path))} if path is not None and os.path.dirname(path) else set()  # noqa: PTH120 - a text, as above
        if place and how == "write":
            step.sets.add(place)
        elif place:
            step.needs |= {place}
            step.changes.add(place)
        self.handles += [(name, place) for name in step.body.writes if place and self._is_handle(name, maps=is_map)]

    def _patch_builtins(self, name: str) -> None:
        """A name is bound for all modules, or taken away."""
        if name.isidentifier() and name != "__dict__":
            self._history.patched.add(name)
            self._step.changes.add(name)
        else:
            self._step.facts.append(Fact("unseen", "changes what is built in"))

    def _is_handle(self, name: str, *, maps: bool) -> bool:
        """Whether what is done to the name's object reaches the file it was made from."""
        kind, _, module = self.kind_of(name).partition(" ")
        return kind == "stream" or module.partition(".")[0] in known.STORES or (maps and module.startswith("numpy"))

    def _is_told(self, name: str, line: str) -> bool:
        """Whether a magic stands before all that does more than to set something."""
        return line in self._taken.settings.get(("%", name), ()) and "{" not in line and "$" not in line

    def _command(self, name: str, line: str) -> None:
        step = self._step
        if name in ("!", "!="):
            step.needs.add("<environ>")
            if name == "!" and known.QUIET_COMMANDS.match(line):
                return  # what it writes is shown, and no name has it
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
            step.files |= {self._file(path), self._file(f"{path}.py")}
            step.needs_everything |= "-i" in line.split()
            if not self._is_seen:
                step.facts.append(Fact("unseen", f"%run {path} may bind any name"))
        elif name in ("cd", "pushd", "popd"):
            step.needs |= {"<folder>", file_place(self._history.folder, line.strip().strip("'\""))}
            step.sets.add("<folder>")
        elif name in ("env", "set_env"):
            key = re.split(r"[=\s]", line.strip(), maxsplit=1)[0]
            if key != line.strip():
                self._set_option("<environ>", [f"[{key!r}]"] if self._is_told(name, line) else ())
                step.sets.add(f"<variable {key}>")
        elif name in ("matplotlib", "pylab", "config"):
            self._set_option("<options matplotlib>", [f"%{name} {line.partition('=')[0]}"] if self._is_told(name, line) else ())
        elif name == "precision":
            step.sets.add(SHOWN_AS)
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
