"""Which modules a kernel may have loaded before it gets its notebook, without the notebook being able to tell."""

from __future__ import annotations

import re
from pathlib import Path

from nbtrack.pipelines.code import Sources
from nbtrack.pipelines.notebook import Notebook

_SAFE = ("numpy", "scipy", "pandas", "sklearn", "joblib")
"""Packages that take long to load, start no thread of their own by that, and look neither for a shell nor at the working folder."""
_INSTEAD = {"matplotlib": ("matplotlib.figure",)}
"""Of these a part: the rest is tied to the shell when it is loaded."""
_PREPARES = re.compile(r"environ|putenv|%env|%set_env|sys\.(path|modules|meta_path)|importlib|\b(pip|conda|mamba|uv)\b")
"""Code that may change what a module does when it is loaded afterwards."""


def loaded_ahead(book: Notebook, folders: tuple[Path, ...], sources: Sources) -> tuple[str, ...]:
    """Modules to load ahead for a notebook, in the order of their names; none where its code may prepare what they do.

    Args:
        folders: where its own modules lie, the one it is executed in first.
    """
    if book.language != "python" or any(_PREPARES.search(cell.source) for cell in book.cells):
        return ()
    if any(_PREPARES.search(text) for text in sources.texts(book, folders)):
        return ()
    if any((folder / "matplotlibrc").exists() or any((folder / it).exists() or (folder / f"{it}.py").exists() for it in _SAFE) for folder in folders):
        return ()
    found = set[str]()
    for name in sources.imports(book):
        root = name.partition(".")[0]
        found |= {name} if root in _SAFE else set(_INSTEAD.get(root, ()))
    return tuple(sorted(found))
