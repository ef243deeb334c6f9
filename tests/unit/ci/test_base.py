"""Which run a change is held against, by the commits of a real git repository."""

import subprocess

import pytest

import nbtrack
from nbtrack.ci.base import COMMIT_TAG, base_of, history
from nbtrack.errors import UnknownRunError, UsageError
from nbtrack.reads.cached import CACHED_TAG, source_of


@pytest.fixture
def branches(repository):
    """main with three commits, and a branch from the second one."""
    commits = [repository.commit(name) for name in ("one", "two")]
    repository.git("checkout", "-qb", "feature")
    commits.append(repository.commit("three"))
    repository.git("checkout", "-q", "main")
    commits.append(repository.commit("four"))
    repository.git("checkout", "-q", "feature")
    return commits


def asked(home, head, against, folder):
    found = base_of(home, head, against, folder)
    return found.view, found.how


def test_the_run_of_the_branch_is_found_or_of_the_nearest_commit_before(home, fit, repository, branches):
    one, two, three, four = branches
    at_two = fit("train", {"acc": 0.8}, tags={COMMIT_TAG: two})
    fit("train", {"acc": 0.7}, tags={COMMIT_TAG: one})
    fit("other", {"acc": 0.7}, tags={COMMIT_TAG: four})
    head = fit("train", {"acc": 0.9}, tags={COMMIT_TAG: three})
    found, how = asked(home, head, "ref:main", repository.folder)
    assert found.run_id == at_two.run_id and f"made at commit {two[:8]}, 1 before main" in how
    at_four = fit("train", {"acc": 0.85}, tags={COMMIT_TAG: four})
    found, how = asked(home, head, "ref:main", repository.folder)
    assert found.run_id == at_four.run_id and f"commit {four[:8]}, where main stands" in how


def test_a_first_run_and_a_force_push_leave_nothing_to_compare_with_and_say_why(home, fit, repository, branches):
    head = fit("train", {"acc": 0.9}, tags={COMMIT_TAG: branches[2]})
    found, how = asked(home, head, "ref:main", repository.folder)
    assert found is None and "no run of this name and experiment is known" in how
    fit("train", {"acc": 0.9}, tags={COMMIT_TAG: branches[3]})
    repository.git("branch", "-f", "main", branches[1])  # what was pushed over is no part of the history
    found, how = asked(home, head, "ref:main", repository.folder)
    assert found is None and "1 run of this name was made at other commits" in how


def test_a_base_that_failed_is_no_base(home, fit, repository, branches):
    with pytest.raises(ValueError, match="x"), nbtrack.track("train", tags={COMMIT_TAG: branches[3]}):
        raise ValueError("x")
    head = fit("train", {"acc": 0.9})
    found, how = asked(home, head, "ref:main", repository.folder)
    assert found is None and "did not finish" in how


def test_without_a_ref_an_attempt_that_crashed_is_passed_over(home, fit, repository, branches):
    good = fit("train", {"acc": 0.8})
    with pytest.raises(ValueError, match="x"), nbtrack.track("train"):
        raise ValueError("x")
    head = fit("train", {"acc": 0.9})
    found, how = asked(home, head, "", repository.folder)
    assert found.run_id == good.run_id and "finished" in how


def test_a_detached_head_and_tags_are_refs(home, fit, repository, branches):
    repository.git("tag", "v1", branches[0])
    repository.git("checkout", "-q", branches[2])
    at_one = fit("train", {"acc": 0.8}, tags={COMMIT_TAG: branches[0]})
    head = fit("train", {"acc": 0.9})
    assert base_of(home, head, "ref:v1", repository.folder).view.run_id == at_one.run_id
    assert base_of(home, head, "ref:HEAD", repository.folder).view.run_id == at_one.run_id


def test_what_git_does_not_know_is_told_with_the_way_to_get_it(home, fit, repository, branches, tmp_path):
    with pytest.raises(UsageError, match="knows no commit 'nothing'") as caught:
        history(repository.folder, "nothing")
    assert "git branch --all" in caught.value.mend
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{repository.folder}", str(shallow)], check=True, capture_output=True)
    with pytest.raises(UsageError, match="the clone is shallow") as caught:
        history(shallow, "main")
    assert "git fetch --depth" in caught.value.mend
    (tmp_path / "nowhere").mkdir()
    with pytest.raises(UsageError, match="in no git repository") as caught:
        history(tmp_path / "nowhere", "main")
    assert "--against RUN" in caught.value.mend


@pytest.mark.parametrize("ref", ["--output=owned", "main; touch owned", "$(touch owned)", "main\n--help", "-x"])
def test_hostile_refs_are_names_and_nothing_else(repository, branches, ref):
    with pytest.raises(UsageError, match="knows no commit"):
        history(repository.folder, ref)
    assert not list(repository.folder.rglob("owned*"))


def test_runs_are_named_or_pinned(home, fit, tmp_path):
    base = fit("a", {"acc": 0.8})
    head = fit("b", {"acc": 0.9})
    assert base_of(home, head, "a", tmp_path).view.run_id == base.run_id
    with pytest.raises(UnknownRunError):
        base_of(home, head, "nobody", tmp_path)
    found, how = asked(home, head, "", tmp_path)
    assert found is None and "nothing to compare with" in how


def test_a_run_of_another_profile_is_no_base(home, fit, repository, branches):
    with nbtrack.track("pipeline", tags={COMMIT_TAG: branches[3], "nbtrack.profile": "quick"}), nbtrack.track("train", tags={COMMIT_TAG: branches[3]}):
        nbtrack.log(acc=0.5)
    full = fit("train", {"acc": 0.8}, tags={COMMIT_TAG: branches[1]})
    head = fit("train", {"acc": 0.9})
    assert base_of(home, head, "ref:main", repository.folder).view.run_id == full.run_id


def test_a_result_that_came_from_the_cache_is_that_of_the_run_that_made_it(home, fit, repository, branches):
    made = fit("train", {"acc": 0.8}, tags={COMMIT_TAG: branches[0]})
    fit("train", {}, tags={COMMIT_TAG: branches[3], CACHED_TAG: made.run_id})
    lost = fit("other", {"acc": 0.1}, tags={CACHED_TAG: "0" * 32})
    found = base_of(home, fit("train", {"acc": 0.9}), "ref:main", repository.folder)
    assert found.view.run_id == made.run_id and "still in force at commit" in found.how
    assert source_of(home, lost).run_id == lost.run_id
