"""Which stages a change touched, by git."""

import json

import nbformat
import pytest

from nbtrack.ci.changed import touched
from nbtrack.errors import UsageError
from nbtrack.pipelines.open import Wanted, open_pipeline

STAGES = {
    "prepare": {"notebook": "prepare.ipynb", "inputs": {"raw": "data/rows.csv"}},
    "train": {"notebook": "train.ipynb", "params": {"lr": "${params.lr}"}},
    "report": {"notebook": "report.ipynb"},
}


@pytest.fixture
def project(repository, monkeypatch):
    """A repository whose HEAD is main; later commits are the change's."""
    monkeypatch.chdir(repository.folder)
    sources = {"prepare": "import tools.clean", "train": "# parameters\nlr = 0.1", "report": "%matplotlib inline\nfrom helper import draw"}
    for name, source in sources.items():
        cell = nbformat.v4.new_code_cell(source, id=name, metadata={"tags": ["parameters"]} if "parameters" in source else {})
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), repository.folder / f"{name}.ipynb")
    for path, text in {
        "tools/__init__.py": "",
        "tools/clean.py": "from . import words\n",
        "tools/words.py": "",
        "helper.py": "def draw(): ...\n",
        "other.py": "",
    }.items():
        (repository.folder / path).parent.mkdir(exist_ok=True)
        (repository.folder / path).write_text(text)
    (repository.folder / "data").mkdir()
    (repository.folder / "data" / "rows.csv").write_text("a\n1\n")
    (repository.folder / "data.dvc").write_text("outs:\n- md5: aa.dir\n  path: data\n")
    (repository.folder / ".gitignore").write_text("data/\n.nbtrack/\n")
    repository.commit("nbtrack.yaml", json.dumps({"name": "wine", "params": {"lr": 0.1}, "stages": STAGES}))
    repository.git("checkout", "-qb", "feature")
    return repository


def why(ref="main", profile=""):
    opened = open_pipeline(Wanted(None, profile=profile))
    return dict(touched(opened.graph, opened.books, ref, profile).nodes)


def test_text_beside_the_stages_touches_none(project):
    project.commit("README.md")
    project.commit("other.py", "x = 1\n")
    assert why() == {}


def test_a_notebook_a_module_and_what_is_not_committed_touch_their_stages(project):
    project.commit("train.ipynb", (project.folder / "train.ipynb").read_text().replace("0.1", "0.2"))
    assert why() == {"train": "train.ipynb changed"}
    (project.folder / "tools" / "words.py").write_text("x = 1\n")
    assert why() == {"train": "train.ipynb changed", "prepare": "the module tools/words.py changed"}


def test_a_module_that_was_deleted_touches_who_imports_it(project):
    project.git("rm", "-q", "helper.py", "other.py")
    project.git("commit", "-qm", "gone")
    assert why() == {"report": "the module helper.py was deleted"}
    (project.folder / "tools" / "words.py").unlink()
    assert why()["prepare"] == "the module tools/words.py was deleted"


def test_data_under_dvc_are_known_by_the_file_that_stands_for_them(project):
    project.commit("data.dvc", "outs:\n- md5: bb.dir\n  path: data\n")
    assert why() == {"prepare": "its input raw changed: data.dvc"}


def test_a_param_of_the_file_means_who_names_it_a_section_its_stage_and_defaults_all(project):
    stages = {**STAGES, "report": {"notebook": "report.ipynb", "retries": 1}}
    project.commit("nbtrack.yaml", json.dumps({"name": "wine", "params": {"lr": 0.1}, "stages": stages}))
    assert why() == {"report": "its section in nbtrack.yaml changed"}
    project.commit("nbtrack.yaml", json.dumps({"name": "wine", "params": {"lr": 0.2}, "stages": stages}))
    assert why() == {"report": "its section in nbtrack.yaml changed", "train": "the param lr changed"}
    project.commit("nbtrack.yaml", json.dumps({"name": "wine", "params": {"lr": 0.2}, "stages": stages, "defaults": {"retries": 2}}))
    assert set(why()) == set(STAGES) and why()["prepare"] == "defaults in nbtrack.yaml changed"


def test_both_reasons_are_told_where_a_file_and_a_param_changed(project):
    project.commit("train.ipynb", (project.folder / "train.ipynb").read_text().replace("0.1", "0.2"))
    project.commit("nbtrack.yaml", json.dumps({"name": "wine", "params": {"lr": 0.3}, "stages": STAGES}))
    assert why() == {"train": "train.ipynb changed; the param lr changed"}


def test_the_profile_counts_on_both_sides(project):
    profiles = {"ci": {"params": {"lr": 0.5}}, "night": {"params": {"lr": 0.6}}}
    facts = {"name": "wine", "params": {"lr": 0.1}, "stages": STAGES}
    project.commit("nbtrack.yaml", json.dumps({**facts, "profiles": profiles}))
    project.git("branch", "-f", "main")
    project.commit("README.md")
    assert why(profile="ci") == {}
    project.commit("nbtrack.yaml", json.dumps({**facts, "params": {"lr": 0.2}, "profiles": {**profiles, "night": {}}}))
    assert why(profile="ci") == {} and why() == {"train": "the param lr changed"}
    project.commit("nbtrack.yaml", json.dumps({**facts, "profiles": {"ci": {"params": {"lr": 0.7}}}}))
    assert why(profile="ci") == {"train": "the param lr changed"} and why() == {}


def test_what_the_base_did_since_touches_nothing(project):
    project.commit("README.md")
    project.git("checkout", "-q", "main")
    project.commit("helper.py", "def draw(): return 1\n")
    project.git("checkout", "-q", "feature")
    assert why() == {}
    with pytest.raises(UsageError, match="knows no commit"):
        why("nowhere")
