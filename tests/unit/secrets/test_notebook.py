"""Secrets of notebooks, baselines and policies."""

from __future__ import annotations

import base64
import json

import nbformat
import pytest

from nbtrack.errors import UsageError
from nbtrack.secrets import policy
from nbtrack.secrets.allowed import hash_of
from nbtrack.secrets.baseline import find_baseline, read_hashes, write_baseline
from nbtrack.secrets.notebook import scan_notebook
from nbtrack.secrets.scanner import Scanner

TOKEN = "gh" + "p_" + "aB3" * 12
PASSWORD = "hunter2" + "b"


@pytest.fixture
def notebook():
    """A notebook with a secret in a source, a stream, an error, a result and its metadata, and a picture."""
    book = nbformat.v4.new_notebook(metadata={"papermill": {"parameters": {"db_password": PASSWORD, "lr": 0.1}}})
    error = nbformat.v4.new_output("error", ename="ValueError", evalue=f"bad {TOKEN}", traceback=["one\n", f"token {TOKEN}"])
    result = nbformat.v4.new_output("execute_result", data={"text/html": f"<b>{TOKEN}</b>", "image/png": base64.b64encode(b"\x00" * 3000).decode()})
    stream = nbformat.v4.new_output("stream", name="stdout", text=f"first\n{TOKEN}\n")
    book.cells = [
        nbformat.v4.new_markdown_cell("# Wine", id="m"),
        nbformat.v4.new_code_cell(f'x = 1\npassword = "{PASSWORD}"\n', id="c1", outputs=[stream, error, result]),
    ]
    return nbformat.writes(book).encode()


def test_a_notebooks_secrets_are_named_by_cell_part_and_line(notebook):
    masked, found = scan_notebook(Scanner(), notebook)
    assert [str(it) for it in found] == [
        "notebook metadata line 1", "cell 2 source line 2", "cell 2 output line 2", "cell 2 output line 1", "cell 2 output line 2", "cell 2 output line 1",
    ]  # fmt: skip
    assert {it.cell_id for it in found} == {"", "c1"}
    assert TOKEN not in masked.decode()
    assert PASSWORD not in masked.decode()
    book = nbformat.reads(masked.decode(), as_version=4)
    nbformat.validate(book)
    assert book.cells[1].source == 'x = 1\npassword = "***"\n'
    assert book.cells[1].outputs[2].data["image/png"] == json.loads(notebook)["cells"][1]["outputs"][2]["data"]["image/png"]


def test_a_secret_that_a_cell_prints_without_its_name_is_found():
    stream = nbformat.v4.new_output("stream", name="stdout", text=f"done\nwith {PASSWORD}\n")
    cells = [nbformat.v4.new_code_cell("print(password)", id="c1", outputs=[stream]), nbformat.v4.new_code_cell(f'password = "{PASSWORD}"', id="c2")]
    masked, found = scan_notebook(Scanner(), nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode())
    assert [(str(it), it.kind) for it in found] == [("cell 2 source line 1", "Password"), ("cell 1 output line 2", "Repeated Secret")]
    assert PASSWORD not in masked.decode()


def test_a_notebook_without_secrets_keeps_its_bytes_and_what_is_none_is_told():
    content = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    assert scan_notebook(Scanner(), content) == (content, [])
    assert [scan_notebook(Scanner(), it) for it in (b"{", b"[]", b'{"cells": 1}', b"\xff")] == [None] * 4


def test_hostile_notebooks_are_walked_through():
    old = {
        "worksheets": [{"cells": [{"cell_type": "code", "input": [f'password = "{PASSWORD}"'], "outputs": [{"text": [f"{TOKEN}"]}, None, 3]}, None]}],
        "nbformat": 3,
    }
    masked, found = scan_notebook(Scanner(), json.dumps(old).encode())
    assert [str(it) for it in found] == ["cell 1 source line 1", "cell 1 output line 1"]
    assert TOKEN not in masked.decode()
    odd = {"cells": [None, {"source": {"a": [[TOKEN]]}, "outputs": {"x": 1}, "metadata": 3, "id": 7}, {"source": "\ud800" + TOKEN}]}
    masked, found = scan_notebook(Scanner(), json.dumps(odd).encode())
    assert len(found) == 2
    assert TOKEN not in masked.decode("utf-8", "surrogatepass")


def test_a_baseline_is_found_upwards_and_keeps_what_others_wrote(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_baseline(below) is None or tmp_path not in find_baseline(below).parents
    path = tmp_path / ".nbtrack-secrets"
    write_baseline(path, [("x.py", "Password", hash_of("one"), 3), ("y.py", "Password", hash_of("two"), 1)], "2026-01-01T00:00:00Z")
    assert find_baseline(below) == path
    write_baseline(path, [("x.py", "Password", hash_of("three"), 3), ("x.py", "", "", 0)], "2026-01-02T00:00:00Z")
    assert read_hashes(path) == {hash_of("two"), hash_of("three")}
    write_baseline(path, [("x.py", "", "", 0)], "2026-01-03T00:00:00Z")
    assert read_hashes(path) == {hash_of("two")}
    assert "one" not in path.read_text()


def test_what_detect_secrets_wrote_is_a_baseline_and_audited_secrets_do_not_pass(tmp_path):
    from detect_secrets.core import baseline as theirs
    from detect_secrets.core.secrets_collection import SecretsCollection
    from detect_secrets.settings import default_settings

    file = tmp_path / "x.py"
    file.write_text(f'password = "{PASSWORD}"\n')
    with default_settings():
        found = SecretsCollection(root=str(tmp_path))
        found.scan_file("x.py")
        path = tmp_path / ".secrets.baseline"
        path.write_text(json.dumps(theirs.format_for_output(found)))
    assert hash_of(PASSWORD) in read_hashes(path)
    table = json.loads(path.read_text())
    table["results"]["x.py"][0]["is_secret"] = True
    path.write_text(json.dumps(table))
    assert hash_of(PASSWORD) not in read_hashes(path)


def test_a_file_that_is_no_baseline_names_the_mend(tmp_path):
    (tmp_path / "b").write_text("[]")
    with pytest.raises(UsageError, match="--update-baseline"):
        read_hashes(tmp_path / "b")


def test_a_policy_goes_through_tags_and_keeps_no_value(tmp_path):
    write_baseline(tmp_path / ".nbtrack-secrets", [("x.py", "Password", hash_of("one"), 3)], "2026-01-01T00:00:00Z")
    tags = policy.tags_of("strict", ["High Entropy String", PASSWORD], tmp_path)
    assert PASSWORD not in str(tags)
    found = policy.policy_of(tags)
    assert (found.mode, found.problem) == ("strict", "")
    assert ("High Entropy String", "x") in found.allowed
    assert ("Password", PASSWORD) in found.allowed
    assert ("Password", "one") in found.allowed
    assert ("Password", "two") not in found.allowed
    assert policy.tags_of("off", [], tmp_path) == {"nbtrack.secrets": "off"}
    assert policy.policy_of({"nbtrack.secrets": "none", "nbtrack.secrets.allow": "{"}).mode == "mask"
    (tmp_path / ".nbtrack-secrets").write_text("{")
    assert "no baseline" in policy.policy_of(tags).problem
