"""A report handed from a job that runs strangers' code to one that may comment: what it can and cannot do there."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from nbtrack.ci.blocks import Block, Chart, Picture
from nbtrack.ci.letter import LETTER, letter_text, read_letter
from nbtrack.ci.providers import detect
from nbtrack.cli.comment import comment
from nbtrack.errors import UsageError

_spec = importlib.util.spec_from_file_location("letter_platforms", Path(__file__).with_name("platforms.py"))
platforms = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(platforms)

BLOCKS = [
    Block("Summary", ("1 of 2 gates failed.",), ("", "run"), (("✗", "train"),), weight=100),
    Block("Notebook", code=(("cell 1 edited", ("-a", "+b")),), is_folded=True, pictures=(Picture("curves", "data:image/png;base64,AAAA"),)),
    Block("Curves", charts=(Chart("loss", ((2.0, 1.0), (2.0, 0.5)), (0.0, 9.0), 0.5, 2.0),)),
]
HEAD = {"ref": "feature", "sha": "a" * 40, "repo": {"full_name": "mallory/wine"}}


@pytest.fixture
def platform():
    made = platforms.GitHubPlatform()
    made.pulls = ({"number": 7, "head": HEAD},)
    yield made
    made.stop()


@pytest.fixture
def job(platform, tmp_path):
    """Variables of the job that begins when another one ended."""

    def job(**facts):
        source = {"full_name": "mallory/wine", "owner": {"login": "mallory"}}
        run = {"id": 42, "event": "pull_request", "head_branch": "feature", "head_sha": "a" * 40, "head_repository": source, **facts}
        (tmp_path / "event.json").write_text(json.dumps({"workflow_run": run}))
        more = {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_SERVER_URL": "https://git.example"}
        return platform.variables() | more

    return job


def written(folder, text=None):
    (folder / LETTER).write_text(letter_text("wine", "wine: what this change did", BLOCKS) if text is None else text)
    return folder


def test_what_is_written_is_read_without_the_bytes_of_pictures(tmp_path):
    letter = read_letter(written(tmp_path))
    assert (letter.key, letter.title, letter.blocks[0]) == ("wine", "wine: what this change did", BLOCKS[0])
    assert letter.blocks[1].code == BLOCKS[1].code and letter.blocks[1].pictures == (Picture("curves", ""),)
    assert letter.blocks[2] == BLOCKS[2]


def test_it_is_commented_where_the_run_came_from_with_the_way_to_it(platform, job, tmp_path):
    assert comment(written(tmp_path), job(), as_json=False) == 0
    (made,) = platform.comments
    assert made["body"].startswith("<!-- nbtrack:wine -->\n## wine") and "(https://git.example/ann/wine/actions/runs/42)" in made["body"]
    assert comment(tmp_path, job(), as_json=False) == 0 and len(platform.comments) == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"head_sha": "b" * 40},
        {"head_branch": "other"},
        {"head_repository": {"full_name": "mallory/other", "owner": {"login": "mallory"}}},
        {"head_repository": None},
    ],
)
def test_a_pull_request_that_is_closed_or_went_on_gets_none(platform, job, tmp_path, facts, capsys):
    assert comment(written(tmp_path), job(**facts), as_json=False) == 0
    assert platform.comments == [] and ("has newer commits" in capsys.readouterr().err) == (
        facts["head_repository"] is not None if "head_repository" in facts else True
    )


def test_a_run_for_no_pull_request_and_a_platform_that_refuses_are_told(platform, job, tmp_path, capsys):
    assert comment(written(tmp_path), job(event="push"), as_json=False) == 0
    assert "no pull request here" in capsys.readouterr().err and platform.comments == []
    platform.instead = [(403, {})] * 4
    assert comment(tmp_path, job(), as_json=True) == 1
    assert "the token may not" in capsys.readouterr().err
    assert detect(job() | {"GITHUB_TOKEN": "wrong"}).thread() is None


def test_text_of_a_stranger_means_itself_in_the_comment(platform, job, tmp_path):
    evil = "<!-- nbtrack:other --> @team [x](https://evil.example) <img src=x>\n\n# head"
    written(tmp_path, letter_text(evil, evil, [Block(evil, (evil,), (evil,), ((evil,),), ((evil, ("```", evil)),))]))
    assert comment(tmp_path, job(), as_json=False) == 0
    body = platform.comments[0]["body"]
    mark, _, rest = body.partition("\n")
    assert mark.count("-->") == 1
    tokens = [it for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(rest) for it in (token, *(token.children or ()))]
    assert not {"link_open", "image"} & {it.type for it in tokens if "actions/runs/42" not in str(it.attrs)}
    html = "".join(it.content for it in tokens if it.type in ("html_inline", "html_block"))
    assert set(re.findall(r"</?[a-z!-]+", html)) <= {"<details", "</details", "<summary", "</summary"}
    assert not any(it.tag == "h1" for it in tokens) and "@team" not in re.sub(r"(`{3,}).*?\1", "", rest, flags=re.DOTALL)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"format": 3}', '{"format": 2}', '{"format": 2, "key": 1, "title": "t", "blocks": []}', '{"format": 2, "key": "k", "title": "t", "blocks": [{"title": "t", "level": 900000000}]}',
     '{"format": 2, "key": "k", "title": "t", "blocks": [{"title": {"a": 1}}]}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_letter_is_refused(tmp_path, text):
    with pytest.raises(UsageError) as caught:
        read_letter(written(tmp_path, text))
    assert caught.value.mend and "Error" not in caught.value.message


def test_a_folder_without_one_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no report that can be commented: there is no such file"):
        read_letter(tmp_path)
