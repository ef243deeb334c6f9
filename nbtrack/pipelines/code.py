"""What a notebook does, as far as its text tells: its code without comments and layout, and the modules of the project that it imports."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from nbtrack.pipelines.notebook import Notebook

_Known = tuple[str, tuple[tuple[str, int], ...]]
"""Of a file: the digest of its code, and what it imports from which level."""


class Sources:
    """Digests of code; each file is read once."""

    def __init__(self) -> None:
        self._files: dict[Path, _Known | None] = {}
        self._cells: dict[Path, tuple[tuple[str, ...], frozenset[tuple[str, int]]]] = {}

    def cells(self, book: Notebook) -> tuple[str, ...]:
        """A digest of each code cell that holds any code."""
        return self._read(book)[0]

    def modules(self, book: Notebook, folders: tuple[Path, ...]) -> Mapping[str, str]:
        """Digest of each module that is imported, directly or not, from one of the folders; by its path."""
        return {_shown(path, folders): known[0] for path, known in self._reached(book, folders, set())}

    def imported(self, book: Notebook, folders: tuple[Path, ...]) -> frozenset[str]:
        """First parts of the names that the notebook and these modules import, whether there is such a module or not."""
        names: set[str] = set()
        for _ in self._reached(book, folders, names):
            pass
        return frozenset(names)

    def imports(self, book: Notebook) -> frozenset[str]:
        """Names that its cells import, as modules and as what may be one in a module."""
        return frozenset(name for name, level in self._read(book)[1] if not level)

    def texts(self, book: Notebook, folders: tuple[Path, ...]) -> Iterator[str]:
        """Code of the modules that `modules` finds."""
        for path, _ in self._reached(book, folders, set()):
            yield path.read_text("utf-8")

    def _reached(self, book: Notebook, folders: tuple[Path, ...], names: set[str]) -> Iterator[tuple[Path, _Known]]:
        """Each module of the project that is imported; `names` gets what `imported` tells."""
        waiting = [(name, level, folder) for name, level in self._read(book)[1] for folder in folders]
        seen: set[Path] = set()
        while waiting:
            name, level, folder = waiting.pop()
            names.add(name.partition(".")[0])
            for path in _located(folder, name, level):
                if path in seen:
                    continue
                seen.add(path)
                known = self._file(path)
                if known is None:
                    continue
                yield path, known
                waiting += [(it, depth, path.parent if depth else base) for it, depth in known[1] for base in (folders if not depth else (path.parent,))]

    def _read(self, book: Notebook) -> tuple[tuple[str, ...], frozenset[tuple[str, int]]]:
        known = self._cells.get(book.path)
        if known is None:
            digests, imported = [], set[tuple[str, int]]()
            for cell in book.cells:
                text, tree = _normal(cell.source) if book.language == "python" else (cell.source.strip(), None)
                if text:
                    digests.append(_digest(text))
                imported |= set(_imports(tree)) if tree is not None else set(_imports_of_lines(cell.source)) if book.language == "python" else set()
            known = self._cells[book.path] = tuple(digests), frozenset(imported)
        return known

    def _file(self, path: Path) -> _Known | None:
        if path not in self._files:
            try:
                text, tree = _normal(path.read_text("utf-8"))
            except (OSError, UnicodeDecodeError):
                self._files[path] = None
            else:
                self._files[path] = _digest(text), tuple(_imports(tree)) if tree is not None else ()
        return self._files[path]


def _normal(source: str) -> tuple[str, ast.Module | None]:
    """Python without comments and layout; what is no Python, as a cell with magics, without the white space around its lines."""
    try:
        tree = ast.parse(source)
        return ast.unparse(tree), tree
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "\n".join(line.rstrip() for line in source.strip().splitlines() if line.strip() and not line.lstrip().startswith("#")), None


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if base:
                yield base, node.level
            yield from ((f"{base}.{alias.name}".lstrip("."), node.level) for alias in node.names if alias.name != "*")


def _imports_of_lines(source: str) -> Iterator[tuple[str, int]]:
    for line in source.splitlines():
        if line.startswith(("import ", "from ")):
            try:
                yield from _imports(ast.parse(line))
            except (SyntaxError, ValueError):
                continue


def _located(folder: Path, name: str, level: int) -> Iterator[Path]:
    """Files that an import may load below a folder: the packages on the way, and the module."""
    place = folder
    for _ in range(max(0, level - 1)):
        place = place.parent
    for part in name.split("."):
        package, module = place / part / "__init__.py", place / f"{part}.py"
        if package.is_file():
            yield package
        elif module.is_file():
            yield module
            return
        elif not (place / part).is_dir():
            return
        place = place / part


def _shown(path: Path, folders: tuple[Path, ...]) -> str:
    for folder in folders:
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.name
