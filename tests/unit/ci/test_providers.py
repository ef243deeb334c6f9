"""Providers: what they take from the environment, and what they write."""

import json
import sys

import pytest

from nbtrack.ci.provider import Annotation
from nbtrack.ci.providers import detect

GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "ann/wine"}
CASES = {
    "github": (GITHUB | {"GITHUB_BASE_REF": "main"}, "origin/main"),
    "gitlab": ({"GITLAB_CI": "true", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}, "origin/main"),
    "jenkins": ({"JENKINS_URL": "https://j.example", "BUILD_ID": "3", "CHANGE_TARGET": "main"}, "origin/main"),
    "plain": ({}, ""),
}


@pytest.mark.parametrize("name", CASES)
def test_each_is_known_by_its_variables_and_knows_the_base(name, capsys):
    env, base = CASES[name]
    provider = detect(env)
    assert (provider.name, provider.base(), provider.notes) == (name, base, [])
    provider.summary("text")
    provider.outputs({"passed": "true"})
    assert provider.thread() is None
    assert capsys.readouterr().out == ""


def test_a_github_job_gets_summary_outputs_and_annotations_that_cannot_be_broken_out_of(tmp_path, capsys):
    env = GITHUB | {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"), "GITHUB_OUTPUT": str(tmp_path / "output")}
    provider = detect(env)
    provider.summary("# one")
    provider.summary("# two")
    assert (tmp_path / "summary.md").read_text() == "# one\n# two\n"
    provider.outputs({"passed": "true", "branch": "x\nEOF\npassed=false"})
    lines = (tmp_path / "output").read_text().splitlines()
    end = lines[0].partition("<<")[2]
    assert lines == [f"passed<<{end}", "true", end, f"branch<<{end}", "x", "EOF", "passed=false", end]
    provider.annotate([Annotation("error", "a,b:c.ipynb", "cell 3: x", "100% wrong\n::set-output name=passed::true")])
    said = capsys.readouterr().out
    assert said == "::error file=a%2Cb%3Ac.ipynb,line=1,title=cell 3%3A x::100%25 wrong%0A::set-output name=passed::true\n"


def test_no_more_annotations_than_are_shown(capsys):
    detect(GITHUB).annotate([Annotation("error", "", "t", "x")] * 30 + [Annotation("warning", "", "t", "x")])
    assert len(capsys.readouterr().out.splitlines()) == 11


def test_the_pull_request_comes_from_the_event_and_a_missing_token_is_told(tmp_path):
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 12}}))
    provider = detect(GITHUB | {"GITHUB_EVENT_PATH": str(tmp_path / "event.json")})
    assert provider.thread() is None and "second workflow" in provider.notes[0]
    assert detect(GITHUB | {"GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_TOKEN": "x"}).thread()._number == 12
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": "12; rm"}}))
    assert detect(GITHUB | {"GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_TOKEN": "x"}).thread() is None


def test_only_gitlab_knows_where_an_artifact_will_lie(tmp_path):
    gitlab = detect(CASES["gitlab"][0] | {"CI_JOB_URL": "https://git.example/ann/wine/-/jobs/9", "CI_PROJECT_DIR": str(tmp_path)})
    found = gitlab.file(tmp_path / "nbtrack-report" / "figures" / "tr?in 1.png")
    assert found == "https://git.example/ann/wine/-/jobs/9/artifacts/file/nbtrack-report/figures/tr%3Fin%201.png"
    assert gitlab.file(tmp_path.parent / "x.png") == "" and detect(CASES["gitlab"][0]).file(tmp_path / "x.png") == ""
    assert [detect(CASES[name][0]).file(tmp_path / "x.png") for name in ("github", "jenkins", "plain")] == ["", "", ""]


def test_what_cannot_be_written_is_a_note(tmp_path):
    provider = detect(GITHUB | {"GITHUB_STEP_SUMMARY": str(tmp_path)})
    provider.summary("x")
    assert "GITHUB_STEP_SUMMARY cannot be written" in provider.notes[0]


def test_a_strangers_provider_is_asked_first_and_a_broken_one_is_a_note(tmp_path, monkeypatch):
    place = tmp_path / "site"
    info = place / "strange_ci-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-ci\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nbtrack.ci_providers]\nbuildkite = strange_ci:Buildkite\ngone = strange_ci:Gone\n")
    (place / "strange_ci.py").write_text(
        "from nbtrack.ci.providers.plain import Plain\n\nclass Buildkite(Plain):\n    name = 'buildkite'\n\n    @classmethod\n    def of(cls, env):\n"
        "        return cls() if env.get('BUILDKITE') else None\n"
    )
    monkeypatch.syspath_prepend(str(place))
    provider = detect({"BUILDKITE": "true", **GITHUB})
    assert provider.name == "buildkite" and "The provider gone is left out" in provider.notes[0]
    assert detect(GITHUB).name == "github"
    sys.modules.pop("strange_ci")
