"""What holds for the whole repository: who may import what when, and what no file may say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"mlflow", "pandas", "matplotlib", "plotly", "sklearn", "sqlalchemy", "torch", "typer", "rich"}
# Modules that one kind of system does not have; standard library's documentation, "Availability"
ONE_SYSTEM = {
    "curses", "fcntl", "grp", "msvcrt", "nt", "ossaudiodev", "posix", "pty", "pwd", "readline", "resource", "spwd", "syslog", "termios", "tty", "winreg", "winsound", "_winapi",
}  # fmt: skip
SOURCES = sorted((ROOT / "nbtrack").rglob("*.py"))


def tracked() -> list[Path]:
    """Files git knows, else (in an unpacked source distribution) all that is there."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout:
        return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    return [path for top in ("nbtrack", "tests", "examples", "docs") for path in (ROOT / top).rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def imports(tree: ast.AST, *, at_load: bool) -> set[str]:
    """Top-level packages that a module imports; with `at_load` only what runs when it is imported."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").partition(".")[0])
        elif at_load and (isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or is_for_types(node)):
            continue
        else:
            found |= imports(node, at_load=at_load)
    return found


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_of_one_system_are_imported_in_one_file_and_on_use(path):
    tree = ast.parse(path.read_text())
    assert imports(tree, at_load=True) & ONE_SYSTEM == set()
    if path.name != "system.py":
        assert imports(tree, at_load=False) & ONE_SYSTEM == set()


def test_loading_the_extension_imports_nothing_heavy():
    script = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "nbtrack")
assert "track" in shell.magics_manager.magics["cell"]
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "nbtrack" in loaded
    assert loaded & HEAVY == set()


def test_modules_that_a_kernel_loads_write_and_compile_what_they_need_on_use():
    script = """
import sys
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance().run_line_magic("load_ext", "nbtrack")
print(*(module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "nbtrack"))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    loaded = [Path(name) for name in done.stdout.split()]
    assert len(loaded) > 100
    told = []
    for path in loaded:
        if path.name in ("records.py", "patterns.py", "settings.py"):  # what gives it, and what is needed at once
            continue
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "dataclasses" and any(alias.name == "dataclass" for alias in node.names):
                told.append(f"{path.name}: take dataclass from nbtrack.records")
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) and "re.compile(" in ast.unparse(node):
                told.append(f"{path.name}: take regex from nbtrack.patterns")
    assert told == []


def test_importing_the_package_needs_no_ipython_kernel_and_nothing_heavy():
    script = "import sys, nbtrack; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert set(done.stdout.split()) & (HEAVY | {"ipykernel"}) == set()


# Written in pieces, or this file would say what it forbids
HOSTS = ("pypi.", "org"), ("python", "hosted.org"), ("registry.", "npm"), ("npm", "js.com"), ("npm", "js.org"), ("yarn", "pkg.com"), ("ana", "conda.org")
REGISTRIES = re.compile("|".join(re.escape("".join(pieces)) for pieces in HOSTS))
OURS = "|".join(re.escape(f"{path}/") for path in (ROOT, Path.home(), Path(sys.prefix)) if len(path.parts) > 1)
MACHINE = re.compile(f"(?<![\\w.$}}])({OURS}|/(root|Users)/)")


def test_no_file_names_a_package_registry_or_a_path_of_somebodys_machine():
    told = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a picture, a journal's binary part
        told += [f"{path.relative_to(ROOT)}: {found.group()}" for rule in (REGISTRIES, MACHINE) for found in rule.finditer(text)]
    assert told == []


def test_notebooks_are_kept_without_outputs_and_with_cell_ids():
    import nbformat

    for path in (ROOT / "examples").rglob("*.ipynb"):
        if ".ipynb_checkpoints" in path.parts:
            continue
        notebook = nbformat.read(path, as_version=4)
        assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)
        nbformat.validate(notebook)
        assert len({cell["id"] for cell in notebook.cells}) == len(notebook.cells)
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells), f"{path.name} has outputs"
