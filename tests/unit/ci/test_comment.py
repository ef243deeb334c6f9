"""The sticky comment, over servers that follow the platforms' documented APIs; each behaves the same."""

import importlib.util
from pathlib import Path

import pytest

from nbtrack.ci import comment as commenting
from nbtrack.ci.comment import comment, mark_of
from nbtrack.ci.providers import detect

_spec = importlib.util.spec_from_file_location("ci_platforms", Path(__file__).with_name("platforms.py"))
platforms = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(platforms)


@pytest.fixture(params=[platforms.GitHubPlatform, platforms.GitLabPlatform], ids=["github", "gitlab"])
def platform(request):
    made = request.param()
    yield made
    made.stop()


@pytest.fixture
def thread(platform):
    return detect(platform.variables()).thread()


def test_a_first_comment_is_made_and_the_next_reports_write_over_it(platform, thread):
    platform.comments += [platform.made(number, "talk") for number in range(150)]  # two pages of others
    assert comment(thread, "wine", "one").problem == ""
    assert comment(thread, "wine", "two").problem == ""
    assert platform.writes() == [platform.create, platform.update]
    assert platform.comments[-1]["body"] == "<!-- nbtrack:wine -->\ntwo" and len(platform.comments) == 151


def test_two_pipelines_have_a_comment_each(platform, thread):
    for name in ("wine", "beer", "wine"):
        comment(thread, name, name)
    assert [it["body"].splitlines()[1] for it in platform.comments] == ["wine", "beer"]


def test_what_somebody_else_wrote_is_never_written_over(platform, thread):
    platform.comments.append(platform.made(1, f"{mark_of('wine')}\nthe model is perfect", who="mallory"))
    comment(thread, "wine", "it is not")
    assert [it["body"].splitlines()[1] for it in platform.comments] == ["the model is perfect", "it is not"]


def test_a_comment_deleted_meanwhile_is_made_again(platform, thread):
    comment(thread, "wine", "one")
    known = thread.mine(mark_of("wine"))
    thread.mine = lambda mark: known
    platform.comments.clear()
    assert comment(thread, "wine", "two").problem == ""
    assert [it["body"].splitlines()[1] for it in platform.comments] == ["two"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_without_rights_is_told_with_the_mend_and_asked_once(platform, thread, status):
    platform.instead = [(status, {})] * 5
    found = comment(thread, "wine", "one")
    assert f"answers {status}: the token may not." in found.problem and ("pull-requests: write" in found.problem or "project access token" in found.problem)
    assert len(platform.writes()) == 1 and "t-secret" not in found.problem


def test_a_wrong_token_is_told(platform):
    variables = {**platform.variables(), "GITHUB_TOKEN": "other", "GITLAB_TOKEN": "other"}
    assert "the token may not" in comment(detect(variables).thread(), "wine", "one").problem


@pytest.mark.parametrize("headers", [{"Retry-After": "2"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}])
@pytest.mark.parametrize("status", [429, 403])
def test_a_limit_is_waited_for_as_long_as_the_platform_says(platform, thread, status, headers):
    waited = []
    thread._api._sleep = waited.append
    platform.instead = [(status, headers), (502, {})]
    assert comment(thread, "wine", "one").problem == ""
    assert waited == ([2.0, 2.0] if "Retry-After" in headers else [1.0, 2.0])


def test_a_long_limit_is_not_waited_for(platform, thread):
    thread._api._sleep = lambda _: pytest.fail("it waited")
    platform.instead = [(429, {"Retry-After": "3600"})]
    assert "too many requests. Run the job again later." in comment(thread, "wine", "one").problem


def test_a_platform_that_is_away_is_told_after_some_tries(platform, thread):
    waited = []
    thread._api._sleep = waited.append
    platform.stop()
    platform.stop = lambda: None
    assert "cannot be reached" in comment(thread, "wine", "one").problem
    assert sum(waited) < 60


def test_the_size_of_a_comment_is_that_of_its_platform(platform, thread):
    assert thread.limit_bytes == platform.limit_bytes


@pytest.mark.parametrize("key", ["a --> <script>", "x" * 500, "", "--", "größe/1"])
def test_a_mark_is_one_comment_of_html_whatever_the_name(key):
    mark = mark_of(key)
    assert mark.count("-->") == 1 and mark.endswith("-->") and "\n" not in mark and mark.isascii() and len(mark) < 120
    assert commenting.mark_of(key) == mark
