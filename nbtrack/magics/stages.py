"""`%track run` and `%track output`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrack.errors import UsageError
from nbtrack.magics import grammar
from nbtrack.magics.replay import seconds, take

if TYPE_CHECKING:
    from nbtrack.pipelines.single import NotebookRun


class StageCommands:
    """The commands about notebooks that are run whole."""

    session: Any

    def _run(self, words: list[str]) -> NotebookRun:
        from nbtrack.pipelines.single import run_or_raise

        _, values, rest = take(words, (), ("--out", "--kernel", "--timeout", "--name"), "run")
        if not rest or "=" in rest[0]:
            raise UsageError("%track run needs a notebook.", mend="Write %track run train.ipynb lr=0.1.")
        params = {}
        for word in rest[1:]:
            name, equals, value = word.partition("=")
            if not equals or not name:
                raise UsageError(f"{word!r} has no value.", mend=f"Write {word}=VALUE.")
            params[name] = value
        return run_or_raise(
            Path(rest[0]).expanduser(), params, texts=frozenset(params), out=Path(values["--out"]).expanduser() if "--out" in values else None,
            kernel=values.get("--kernel", ""), name=values.get("--name", ""), timeout_s=seconds(values.get("--timeout")),
        )  # fmt: skip

    def _output(self, words: list[str]) -> None:
        from nbtrack import api
        from nbtrack.pipelines.yaml_text import read_scalar

        if not words:
            raise UsageError("%track output needs a name.", mend="Write %track output rmse, or %track output rmse=0.3.")
        namespace = self.session.shell.user_ns
        for word in words:
            name, equals, text = word.partition("=")
            if not equals and name not in namespace:
                raise UsageError(f"There is no variable {name!r} to hand on.", mend=grammar.nearest(name, [it for it in namespace if not it.startswith("_")]))
            api.output(name, read_scalar(text) if equals else namespace[name])
