"""The lists in `docs/` and the code name the same things."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
import typer

import nbtrack
from nbtrack import api, errors, specs
from nbtrack.capture.environment import VARIABLES
from nbtrack.ci.testing import NotebookTest, TestsSpec
from nbtrack.ci.testing import load as load_tests_spec
from nbtrack.cli.main import app
from nbtrack.entities import Kind
from nbtrack.exits import Exit
from nbtrack.gates import BUILT_INS
from nbtrack.gates.data import DriftSpec
from nbtrack.gates.spec import read_gates
from nbtrack.magics.commands import COMMANDS
from nbtrack.magics.grammar import OPTIONS
from nbtrack.magics.track import TrackMagics
from nbtrack.notebooks.reasons import RULES
from nbtrack.pipelines.schema import schema
from nbtrack.pipelines.spec import Pipeline, Stage
from nbtrack.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))


def section(page: str, title: str) -> str:
    """What stands below a second-level heading of a page in `docs/`."""
    return (ROOT / "docs" / page).read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """Cells of every table row, heads and rules left out."""
    table = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text.splitlines() if line.startswith("|")]
    return [row for row, after in zip(table, [*table[1:], [""]], strict=True) if not row[0].startswith("---") and not after[0].startswith("---")]


def code(cell: str) -> list[str]:
    """Texts between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def test_every_setting_has_its_row_with_its_default():
    told = [row[:3] for row in rows((ROOT / "docs" / "settings.md").read_text()) if len(row) == 4]
    default = {field.name: f'"{field.default}"' if isinstance(field.default, str) else str(field.default) for field in fields(Settings)}
    assert told == [[f"`{name}`", f"`NBTRACK_{name.upper()}`", f"`{value}`"] for name, value in default.items()]


def test_every_variable_the_code_reads_is_a_setting_or_has_its_row():
    source = "".join(path.read_text() for path in (ROOT / "nbtrack").rglob("*.py"))
    told = {name for row in rows((ROOT / "docs" / "settings.md").read_text()) for cell in row[:2] for name in code(cell)}
    assert set(re.findall(r"\"(NBTRACK_[A-Z_]*[A-Z])\"", source)) <= told


def test_every_option_of_a_tracked_cell_has_its_row_and_its_value():
    told = {}
    for names, value, _ in rows(section("commands.md", "`%%track [NAME] [options]`")):
        told |= dict.fromkeys(code(names), value.replace(" or ", "|"))
    assert told == {name: value for name, (value, _) in OPTIONS.items()}


def test_every_command_of_the_magic_has_its_row():
    told = [code(row[0])[0].split()[1:2] for row in rows(section("commands.md", "`%track`"))]
    assert [words[0] for words in told if words] == list(COMMANDS)


def test_the_magics_help_names_every_option_and_command():
    text = inspect.getdoc(TrackMagics.track)
    meanings = {meaning: [name for name in OPTIONS if OPTIONS[name] == meaning] for meaning in OPTIONS.values()}
    assert [names for names in meanings.values() if not any(f"[{name}" in text for name in names)] == []
    assert [name for name in COMMANDS if f"%track {name}" not in text] == []


def test_every_command_of_the_terminal_has_its_row_with_its_options():
    told = {}
    for row in rows(section("commands.md", "`nbtrack`")):
        words = code(row[0])[0].split()
        told[words[1]] = sorted(re.findall(r"--[a-z-]+", code(row[0])[0]))
    group = typer.main.get_command(app)
    real = {}
    for name, command in group.commands.items():
        options = {option for param in command.params if param.param_type_name == "option" for option in param.opts if option.startswith("--")}
        assert "--json" in options, f"nbtrack {name} has no --json"
        real[name] = sorted(options - {"--json"})
    assert told == real


def test_every_option_of_a_run_of_a_pipeline_is_explained():
    told = {option for row in rows((ROOT / "docs" / "pipelines.md").read_text()) for option in re.findall(r"--[a-z-]+", row[0])}
    command = typer.main.get_command(app).commands["run"]
    real = {option for param in command.params for option in param.opts if option.startswith("--") and not str(param.help).startswith("Notebook:")}
    assert told == real - {"--json", "--help-notebook"}


def test_every_field_of_a_stage_is_explained_and_the_schema_is_the_models():
    text = (ROOT / "docs" / "pipelines.md").read_text()
    told = {name for row in rows(text) for name in code(row[0]) if not name.startswith("-")}
    assert {it.alias or name for name, it in Stage.model_fields.items()} <= told
    assert all(f"`{name}`" in text or f"\n{name}:" in text for name in Pipeline.model_fields if name != "schema_")
    assert json.loads((ROOT / "docs" / "nbtrack.schema.json").read_text()) == schema(), "nbtrack check --schema > docs/nbtrack.schema.json"


def test_every_public_name_has_its_row():
    told = [code(row[0])[0] for row in rows(section("commands.md", "Python"))]
    assert sorted(told) == [f"nbtrack.{name}" for name in sorted(nbtrack.__all__)]
    assert nbtrack.__all__ == sorted(nbtrack.__all__)
    assert all(hasattr(nbtrack, name) for name in nbtrack.__all__)


def test_the_row_of_track_names_its_arguments():
    row = next(row for row in rows(section("commands.md", "Python")) if row[0] == "`nbtrack.track`")
    arguments = [name for name in inspect.signature(api.track).parameters if name != "name"]
    assert code(row[1].partition("Takes")[2]) == arguments


def test_every_error_has_its_row_below_its_parent():
    above: dict[int, str] = {}
    told = {}
    for row in rows((ROOT / "docs" / "errors.md").read_text()):
        if len(row) == 3:
            depth, name = row[0].count("·"), code(row[0])[0]
            above[depth] = name
            told[name] = above[depth - 1] if depth else "Exception"
    real = {name: kind.__base__.__name__ for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.NbtrackError)}
    assert told == real


def test_every_exit_code_has_its_row():
    told = [int(row[0]) for row in rows((ROOT / "docs" / "errors.md").read_text()) if len(row) == 2 and row[0].isdigit()]
    assert told == list(Exit)


def test_every_rule_of_the_stamp_has_its_row_with_its_answer():
    told = {code(row[0])[0]: row[1] for row in rows(section("reproducibility.md", "Stamp"))}
    assert told == RULES


def test_every_kind_of_event_has_its_row():
    told = [code(row[0])[0] for row in rows(section("journal.md", "events.log"))]
    assert sorted(told) == sorted(Kind)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


def test_the_changelog_knows_this_version():
    assert f"## [{nbtrack.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
    assert f'version = "{nbtrack.__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_every_environment_variable_that_is_recorded_is_named():
    told = code((ROOT / "docs" / "capture.md").read_text().partition("**Variables**")[2].partition("\n")[0])
    assert tuple(told) == VARIABLES


def test_every_gate_has_its_section_with_a_row_for_each_field_and_no_other():
    common = {"kind", "severity", "waiver"}
    assert {code(row[0])[0] for row in rows(section("gates.md", "What every gate takes"))} == common
    for name, kind in BUILT_INS.items():
        fields_told = [code(row[0])[0] for row in rows(section("gates.md", f"`{name}`"))]
        real = [it.alias or field for field, it in kind.model_fields.items() if field not in common]
        assert fields_told == real + (list(DriftSpec.model_fields) if name == "data" else []), name


def test_the_example_of_gates_can_be_read(tmp_path):
    text = (ROOT / "docs" / "gates.md").read_text().partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "nbtrack.yaml").write_text(text)
    assert len(read_gates(specs.read(tmp_path / "nbtrack.yaml"))) == 5


def test_every_field_and_option_of_notebooks_as_tests_has_its_row(tmp_path):
    text = section("ci.md", "Notebooks as tests")
    told = [code(row[0])[0].split()[0] for row in rows(text)]
    options = re.findall(r"\"(--nbtrack[a-z-]*)\", (?:action|default)", (ROOT / "nbtrack" / "ci" / "pytest_plugin.py").read_text())
    assert told == [*options, *TestsSpec.model_fields, *NotebookTest.model_fields]
    (tmp_path / "nbtrack.yaml").write_text(text.partition("```yaml\n")[2].partition("```")[0])
    assert load_tests_spec(tmp_path)[0].of("train.ipynb").params == {"rows": 500}


def test_every_picture_is_shown_and_taken_by_a_test():
    shown = {name for page in PAGES for name in re.findall(r"!\[[^\]]+\]\((?:docs/)?img/([\w-]+)\.png\)", page.read_text())}
    assert shown == {path.stem for path in (ROOT / "docs" / "img").iterdir()}
    tests = "".join(path.read_text() for path in (ROOT / "tests" / "browser").glob("test_*.py"))
    assert [name for name in sorted(shown) if f'"{name}"' not in tests and f'"{name}.png"' not in tests] == []
