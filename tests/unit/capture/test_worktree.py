"""The state of a git repository, told by git."""

import shutil
import subprocess
import time

import pytest

from nbtrack.capture import worktree
from nbtrack.capture.worktree import look

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder, *words):
    done = subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init")
    (folder / "train.py").write_text("lr = 1\n")
    (folder / "note book.ipynb").write_text("{}\n")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")
    return folder


def state_of(folder, notebook=""):
    return look(folder, str(notebook) if notebook else "", time.monotonic() + 60)


def test_a_clean_repository_has_commit_and_branch_and_no_diff(repository):
    state, diff = state_of(repository, repository / "note book.ipynb")
    assert state == {
        "commit": git(repository, "rev-parse", "HEAD"), "branch": "main", "remote": "", "dirty": [], "untracked": 0,
        "notebook": {"path": "note book.ipynb", "is_dirty": False},
    }  # fmt: skip
    assert diff == b""


def test_changes_are_listed_and_kept_as_a_patch_that_applies(repository):
    (repository / "train.py").write_text("lr = 2\n")
    (repository / "note book.ipynb").write_text('{"ä": 1}\n')
    (repository / "new").mkdir()
    (repository / "new" / "a").touch()
    (repository / "b").touch()
    (repository / "sub").mkdir()
    state, diff = state_of(repository / "sub", repository / "note book.ipynb")
    assert state["dirty"] == ["note book.ipynb", "train.py"]
    assert state["untracked"] == 2
    assert state["notebook"]["is_dirty"]
    git(repository, "checkout", ".")
    subprocess.run(["git", "apply", "-"], cwd=repository, input=diff, check=True)
    assert (repository / "train.py").read_text() == "lr = 2\n"


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://user:hunter2@example.org/a.git", "https://example.org/a.git"),
        ("https://ghp_token@example.org/a.git", "https://example.org/a.git"),
        ("git@example.org:a.git", "git@example.org:a.git"),
        ("ssh://git:hunter2@example.org/a.git", "ssh://git:***@example.org/a.git"),
    ],
)
def test_the_remote_has_no_login(repository, address, kept):
    git(repository, "remote", "add", "origin", address)
    assert state_of(repository)[0]["remote"] == kept


def test_the_remote_is_that_of_the_branch(repository):
    git(repository, "remote", "add", "origin", "https://example.org/origin")
    git(repository, "remote", "add", "fork", "https://example.org/fork")
    git(repository, "config", "branch.main.remote", "fork")
    assert state_of(repository)[0]["remote"] == "https://example.org/fork"


def test_a_notebook_of_another_repository_has_its_own_commit(repository, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init")
    (other / "a.ipynb").touch()
    git(other, "add", ".")
    git(other, "commit", "-m", "other")
    state, _ = state_of(repository, other / "a.ipynb")
    assert state["notebook"] == {"path": "a.ipynb", "is_dirty": False, "commit": git(other, "rev-parse", "HEAD"), "branch": "main", "remote": ""}
    assert state_of(repository, tmp_path / "alone.ipynb")[0]["notebook"] == {"path": str(tmp_path / "alone.ipynb"), "is_dirty": None}


def test_nothing_of_the_users_runs_and_the_index_stays(repository, tmp_path):
    ran = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {ran}\n")
    script.chmod(0o755)
    hooks = repository / ".git" / "hooks"
    for name in ("post-index-change", "fsmonitor-watchman"):
        (hooks / name).write_text(script.read_text())
        (hooks / name).chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "core.pager", "diff.py.textconv", "diff.py.command"):
        git(repository, "config", key, str(script))
    (repository / ".gitattributes").write_text("*.py diff=py\n")
    (repository / "train.py").write_text("lr = 3\n")
    ran.unlink(missing_ok=True)
    before = (repository / ".git" / "index").read_bytes()
    _, diff = state_of(repository)
    assert b"+lr = 3" in diff
    assert not ran.exists()
    assert (repository / ".git" / "index").read_bytes() == before


def test_a_large_diff_is_cut_and_says_so(repository, monkeypatch):
    monkeypatch.setattr(worktree, "DIFF_CAP", 1000)
    (repository / "train.py").write_text("x\n" * 100_000)
    _, diff = state_of(repository)
    assert len(diff) < 1100
    assert diff.endswith(b"the rest is left out]\n")


def test_a_git_that_does_not_answer_is_not_waited_for(repository, tmp_path, monkeypatch):
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "git").write_text("#!/bin/sh\nexec sleep 600\n")
    (slow / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(slow), prepend=":")
    with pytest.raises(subprocess.TimeoutExpired):
        look(repository, "", time.monotonic() + 0.5)


def test_before_the_first_commit_outside_and_without_git(tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init")
    (empty / "a").write_text("a\n")
    git(empty, "add", "a")
    state, diff = state_of(empty)
    assert (state["commit"], state["branch"], state["dirty"]) == ("", "main", ["a"])
    assert b"+a" in diff
    assert state_of(tmp_path) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert state_of(empty) is None
