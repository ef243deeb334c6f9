"""Projects to begin with: notebooks, `nbtrack.yaml`, and what runs them in CI."""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from nbtrack.errors import UsageError

TEMPLATES = ("minimal", "housing")
CIS: Mapping[str, Mapping[str, str]] = {
    "github": {"github.yml": ".github/workflows/nbtrack.yml", "github-comment.yml": ".github/workflows/nbtrack-comment.yml"},
    "gitlab": {"gitlab-ci.yml": ".gitlab-ci.yml"},
    "jenkins": {"Jenkinsfile": "Jenkinsfile"},
}
"""Our files, and where they go."""
_COMMON = {"gitignore": ".gitignore", "pre-commit.yaml": ".pre-commit-config.yaml", "requirements.txt": "requirements.txt"}


def files_of(template: str, ci: str, name: str) -> dict[str, str]:
    """The files of a new project: path to text.

    Args:
        ci: a name in CIS, or empty for none.
        name: of the project.

    Raises:
        UsageError: there is no such template or CI.
    """
    if template not in TEMPLATES:
        raise UsageError(f"There is no template {template!r}.", mend=f"It is one of {', '.join(TEMPLATES)}.")
    own = files_of_ci(ci) if ci else {}
    place = resources.files(__name__)
    found = {target: (place / source).read_text("utf-8") for source, target in _COMMON.items()}
    found |= _minimal(place, name) if template == "minimal" else _housing(place, found)
    found["requirements.txt"] = "".join(f"{_pinned_package(line)}\n" for line in found["requirements.txt"].splitlines())
    return found | own


def files_of_ci(ci: str) -> dict[str, str]:
    """What runs a project that is there already: path to text. The jobs install its `requirements.txt`.

    Raises:
        UsageError: there is no such CI.
    """
    if ci not in CIS:
        raise UsageError(f"There is no CI {ci!r}.", mend=f"It is one of {', '.join(CIS)}.")
    place = resources.files(__name__)
    return {target: (place / source).read_text("utf-8") for source, target in CIS[ci].items()}


def _minimal(place: Traversable, name: str) -> dict[str, str]:
    found = {"nbtrack.yaml": (place / "minimal" / "nbtrack.yaml").read_text("utf-8").replace("NAME", _plain(name))}
    return found | {f"{stem}.ipynb": _notebook(stem, (place / "minimal" / f"{stem}.py.txt").read_text("utf-8")) for stem in ("prepare", "train")}


def _housing(place: Traversable, common: Mapping[str, str]) -> dict[str, str]:
    """The project of examples/housing; its data are in git, and what its notebooks make is in build/."""
    folder = place / "housing"
    if not folder.is_dir():  # not installed from a wheel, which has the example's files here
        folder = Path(__file__).parents[3] / "examples" / "housing"
    names = ("README.md", "data/sacramento.csv", "evaluate.ipynb", "features.py", "nbtrack.yaml", "prepare.ipynb", "register.ipynb", "train.ipynb")
    found = {name: folder.joinpath(*name.split("/")).read_text("utf-8") for name in names}
    found[".gitignore"] = common[".gitignore"].replace("/data/", "/build/").replace("Data and results", "What is in build/")
    found["requirements.txt"] = common["requirements.txt"] + "joblib\nmatplotlib\n"
    return found


def _pinned_package(line: str) -> str:
    """With the version that is installed here, so that jobs of next year get the same; without one where it is not."""
    try:
        return f"{line}=={importlib.metadata.version(line.partition('[')[0])}"
    except importlib.metadata.PackageNotFoundError:
        return line


def pinned(action: str) -> str:
    """`owner/action@COMMIT`, as the starter for GitHub uses it."""
    text = (resources.files(__name__) / "github.yml").read_text("utf-8")
    found = re.search(rf"uses: ({re.escape(action)}@[0-9a-f]{{40}})", text)
    assert found is not None, action
    return found[1]


def write(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write the files, all or none, over none that is there.

    Raises:
        UsageError: one is there already, or cannot be written.
    """
    there = [path for path in files if (folder / path).exists()]
    if there:
        raise UsageError(f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} there already.", mend="Nothing is overwritten. Name a new folder.")
    written = []
    try:
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            with (folder / path).open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            written.append(folder / path)
    except OSError as cause:
        for made in written:
            made.unlink(missing_ok=True)
        raise UsageError(f"{folder} cannot be written: {cause.strerror or cause}.", mend="Name another folder.") from cause
    return written


def _notebook(stem: str, text: str) -> str:
    """A notebook of cells that stand apart by `# %%`; one of text begins with `# %% [markdown]`."""
    cells: list[dict[str, Any]] = []
    for number, part in enumerate(re.split(r"^# %%", text, flags=re.MULTILINE)[1:], 1):
        head, _, body = part.partition("\n")
        source = body.strip("\n")
        cell: dict[str, Any] = {"id": f"{stem}-{number}", "metadata": {"tags": ["parameters"]} if "parameters" in head else {}}
        if "[markdown]" in head:
            cell |= {"cell_type": "markdown", "source": re.sub(r"^# ?", "", source, flags=re.MULTILINE)}
        else:
            cell |= {"cell_type": "code", "source": source, "outputs": [], "execution_count": None}
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = {"cells": cells, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


def _plain(name: str) -> str:
    """A folder's name as YAML's plain word."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "project"
