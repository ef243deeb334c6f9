"""The commit and branch of the working folder, read from git's own files: a process for it would cost more than a tracked cell may."""

from __future__ import annotations

from pathlib import Path

from nbtrack.system import upwards


def head(folder: Path) -> dict[str, str]:
    """MLflow's git tags for `folder`; empty outside a repository."""
    for git in map(_folder_of, upwards(folder, ".git")):
        if not (git / "HEAD").is_file():
            continue
        try:
            text = (git / "HEAD").read_text().strip()
            if not text.startswith("ref: "):
                return {"mlflow.source.git.commit": text}
            ref = text.removeprefix("ref: ")
            commit = _commit(git, ref)
        except OSError:
            return {}
        return {"mlflow.source.git.branch": ref.removeprefix("refs/heads/")} | ({"mlflow.source.git.commit": commit} if commit else {})
    return {}


def root(folder: Path) -> Path:
    """The repository around a folder, else the folder itself."""
    return next((git.parent for git in upwards(folder, ".git")), folder)


def _folder_of(git: Path) -> Path:
    """The folder itself, also where a worktree or submodule has a file that names it."""
    return (git.parent / git.read_text().removeprefix("gitdir:").strip()).resolve() if git.is_file() else git


def _commit(git: Path, ref: str) -> str:
    common = git / "commondir"
    shared = (git / common.read_text().strip()).resolve() if common.is_file() else git
    for place in (git, shared):
        if (place / ref).is_file():
            return (place / ref).read_text().strip()
    packed = shared / "packed-refs"
    if packed.is_file():
        for line in packed.read_text().splitlines():
            if line.endswith(" " + ref):
                return line.partition(" ")[0]
    return ""
