"""Weaving modules too, where the user wants it: those below the notebook's folder, when they are imported."""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

_FOREIGN = frozenset(("site-packages", "dist-packages"))


class ModuleWeaver:
    """A finder that goes before Python's own and changes nothing but how modules of the notebook's folder are compiled.

    Args:
        folder: the notebook's.
        weave: puts taps into a module's tree, given its source.
    """

    def __init__(self, folder: Path, weave: Callable[[ast.Module, str], None]) -> None:
        self._folder, self._weave = folder.resolve(), weave

    def start(self) -> None:
        """Begin; modules that are imported already stay as they are."""
        sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """End; modules that were woven stay so."""
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Python's own answer, with our loader for a source file below the folder; None for all else."""
        try:
            spec = PathFinder.find_spec(name, path, target)
            if spec is None or type(spec.loader) is not SourceFileLoader or spec.origin is None:
                return None
            file = Path(spec.origin).resolve()
            if not file.is_relative_to(self._folder) or _FOREIGN.intersection(file.parts):
                return None
            spec.loader = _Loader(name, spec.origin, self._weave)
            return spec
        except Exception:  # noqa: BLE001 - Python's own finders come next, and say what is wrong
            return None


class _Loader(SourceFileLoader):
    """Compiles a module with taps; neither reads nor writes compiled files, which are those without."""

    def __init__(self, name: str, path: str, weave: Callable[[ast.Module, str], None]) -> None:
        super().__init__(name, path)
        self._weave_tree = weave

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        data = self.get_data(path)
        with contextlib.suppress(Exception):  # a module without taps is what the user wrote
            tree: Any = compile(data, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
            self._weave_tree(tree, data.decode("utf-8", "replace"))
            return compile(tree, path, "exec", dont_inherit=True)
        return self.source_to_code(data, path)
