"""JUnit XML, read by a real consumer."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import nbformat
import pytest
import xmlschema
from junitparser import JUnitXml

import nbtrack
from nbtrack.ci.junit import junit_xml, line_of, missing_suite, suite_of
from nbtrack.entities.verdict import Severity, Verdict

SCHEMA = Path(__file__).parents[2] / "golden" / "junit.xsd"


def cell(source, outputs=(), **facts):
    return {"cell_type": "code", "metadata": facts, "source": source, "outputs": list(outputs)}


ERROR = {"output_type": "error", "ename": "ValueError", "evalue": "bad \x00 input", "traceback": ["\x1b[31mTraceback\x1b[0m", "ValueError: bad"]}
CELLS = [
    cell("print('hello')", [{"output_type": "stream", "name": "stdout", "text": "hello\n"}], papermill={"duration": 1.5, "status": "completed"}),
    cell("raise KeyError", [{**ERROR, "ename": "KeyError"}], papermill={"duration": 0.1, "status": "completed"}, tags=["raises-exception"]),
    {"cell_type": "markdown", "metadata": {}, "source": "# <b>text</b>"},
    cell("model.fit(X) # ]]> & <", [ERROR], papermill={"duration": 0.25, "status": "failed"}),
    cell("y = 2", papermill={"duration": None, "status": "pending"}),
]


def read(home, tmp_path, cells, verdicts=(), reason=None):
    run = nbtrack.track("train & <test>")
    with run as tracked:
        tracked.artifact_bytes("notebook/output.ipynb", json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode())
    suite = suite_of(home, nbtrack.run(tracked.run_id), verdicts=verdicts)
    (tmp_path / "junit.xml").write_bytes(
        junit_xml([suite, suite, missing_suite("deploy", "skipped", "when: false", ""), missing_suite("late", "failed", "", "")])
    )
    xmlschema.validate(str(tmp_path / "junit.xml"), str(SCHEMA))
    parsed = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    return parsed, next(iter(parsed))


def test_each_cell_is_a_case_and_the_failing_one_has_source_and_traceback(home, tmp_path):
    parsed, suite = read(home, tmp_path, CELLS)
    assert (parsed.tests, parsed.failures, suite.name, suite.tests, suite.failures, suite.skipped) == (12, 3, "train & <test>", 5, 1, 1)
    cases = list(suite)
    assert [(it.name, it.is_passed, it.is_failure, it.is_skipped) for it in cases] == [
        ("cell 1: print('hello')", True, False, False),
        ("cell 2: raise KeyError", True, False, False),
        ("cell 3: model.fit(X) # ]]> & <", False, True, False),
        ("cell 4: y = 2", False, False, True),
        ("the whole notebook", True, False, False),
    ]
    failure = cases[2].result[0]
    assert failure.type == "ValueError" and failure.message == "ValueError: bad \ufffd input"
    assert failure.text == "model.fit(X) # ]]> & <\n\nTraceback\nValueError: bad"
    assert cases[0].system_out == "hello\n" and cases[0].time == 1.5


def test_the_cell_of_given_params_is_not_counted_and_a_cell_is_found_in_its_file(home, tmp_path):
    cells = [cell("lr = 1", tags=["parameters"]), cell("lr = 2", tags=["injected-parameters"]), cell("1 / 0", [ERROR])]
    _, suite = read(home, tmp_path, cells)
    assert [it.name for it in suite] == ["cell 1: lr = 1", "cell 2: 1 / 0", "the whole notebook"]
    nbformat.write(
        nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell('"cell_type": "code"'), nbformat.v4.new_markdown_cell("x"), nbformat.v4.new_code_cell("1 / 0")]
        ),
        tmp_path / "n.ipynb",
    )
    lines = (tmp_path / "n.ipynb").read_text().splitlines()
    assert '"1 / 0"' in "".join(lines[line_of(tmp_path / "n.ipynb", 2) - 1 : line_of(tmp_path / "n.ipynb", 2) + 8])
    assert (line_of(tmp_path / "n.ipynb", 3), line_of(tmp_path / "none.ipynb", 1)) == (1, 1)


def test_gates_are_cases_too_and_warnings_do_not_fail(home, tmp_path):
    no = Verdict("good", "metric", False, 0.5, "acc ≥ 0.9", "0.5 is below", "Look.")
    warning = Verdict("nice", "metric", False, None, "acc ≥ 0.99", "missing", "Look.", Severity.WARNING)
    _, suite = read(home, tmp_path, CELLS[:1], [no, warning])
    good, nice = list(suite)[2:]
    assert good.is_failure and good.result[0].type == "gate" and "wanted acc ≥ 0.9, measured 0.5" in good.result[0].text
    assert nice.is_skipped and nice.result[0].message.startswith("warned: missing")


def test_a_run_that_failed_outside_its_cells_fails_as_a_whole(home, tmp_path):
    from nbtrack.entities import State

    with nbtrack.track("train") as tracked:
        tracked.end(State.FAILED, "the kernel died of SIGKILL")
    suite = suite_of(home, nbtrack.run("train"))
    (tmp_path / "junit.xml").write_bytes(junit_xml([suite]))
    (case,) = next(iter(JUnitXml.fromfile(str(tmp_path / "junit.xml"))))
    assert case.is_failure and case.result[0].message == "the kernel died of SIGKILL"


@pytest.mark.network
def test_the_schema_that_jenkins_publishes_accepts_it(home, tmp_path):
    """junit-10.xsd of Jenkins' xUnit plugin, from pytest's sources, which are held against it too. Ours is stricter: it wants all that GitLab shows."""
    release = "pytest==8.4.2"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pytest", "--dest", str(tmp_path), release]
    subprocess.run(command, check=True, capture_output=True, timeout=250)
    with tarfile.open(next(tmp_path.glob("pytest-*.tar.gz"))) as sources:
        schema = xmlschema.XMLSchema(sources.extractfile(f"{release.replace('==', '-')}/testing/example_scripts/junit-10.xsd").read().decode())
    no = Verdict("good", "metric", False, 0.5, "acc ≥ 0.9", "0.5 is below", "Look.")
    read(home, tmp_path, CELLS, [no])
    schema.validate(str(tmp_path / "junit.xml"))
    text = (tmp_path / "junit.xml").read_text()
    assert not schema.is_valid(text.replace("<failure", "<failed").replace("</failure", "</failed"))


def test_secrets_are_struck_out(home, tmp_path):
    token = "ghp_" + "Zk3v9QpL2mX7rT5wB8nC4dF6gH1jK0sYaUeI"
    read(home, tmp_path, [cell(f"token = '{token}'", [{"output_type": "stream", "text": token}])])
    assert token not in (tmp_path / "junit.xml").read_text()
