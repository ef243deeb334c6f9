"""`nbtrack.yaml`: what may stand in it, and where what is wrong stands."""

from __future__ import annotations

import re

import pytest

from nbtrack.errors import SpecError, UsageError
from nbtrack.pipelines.load import find_file
from nbtrack.pipelines.open import check_pipeline
from nbtrack.pipelines.schema import schema

GOOD = """
    params: {rate: 1e-3}
    stages:
      prepare:
        notebook: prepare.ipynb
        outputs: {clean: data/clean.csv, count: {value: int}}
      train:
        notebook: train.ipynb
        matrix: {model: [a, b]}
        params: {lr: "${params.rate}", data: "${prepare.outputs.clean}"}
        outputs: {score: {value: float}, file: "models/${matrix.model}.txt"}
        timeout: 1h30m
        retries: 2
        resources: {memory: 2GiB}
      after:
        notebook: after.ipynb
        needs: [train]
        when: max(${train.outputs.score}) > 0.5 and '${params.rate}' < 1
"""
BOOKS = {"prepare": "", "train": "lr = 0.1\ndata = ''", "after": ""}


def problems(opened, text, **notebooks):
    """Line and text of all that is wrong."""
    with pytest.raises(SpecError) as caught:
        opened(text, **(notebooks or BOOKS))
    return [(line, f"{place}: {told}") for line, place, told in caught.value.problems]


def test_a_pipeline_is_a_graph_of_its_stages_and_matrices(opened):
    graph, _, _ = opened(GOOD, **BOOKS)
    assert {it.id: it.needs for it in graph.nodes.values()} == {
        "prepare": (), "train[model=a]": ("prepare",), "train[model=b]": ("prepare",), "after": ("train[model=a]", "train[model=b]"),
    }  # fmt: skip
    train = graph.nodes["train[model=a]"]
    assert (train.files, train.values, train.spec.timeout, train.spec.retries.times, train.spec.resources.memory) == (
        {"file": "models/a.txt"}, ("score",), 5400.0, 2, 2 << 30,
    )  # fmt: skip


def test_order_is_told_by_the_paths_that_stages_read_and_write(opened):
    text = """
        stages:
          c: {notebook: after.ipynb, inputs: [data]}
          b: {notebook: after.ipynb, inputs: [data/raw.csv], outputs: [data/b.csv]}
          a: {notebook: after.ipynb, outputs: [data/raw.csv]}
    """
    graph, _, _ = opened(text, after="")
    assert list(graph.nodes) == ["a", "b", "c"]
    assert graph.nodes["c"].needs == ("a", "b")


def test_a_matrix_meets_a_matrix_where_they_share_a_name(opened):
    text = """
        stages:
          train: {notebook: after.ipynb, matrix: {model: [a, b], seed: [1, 2]}, outputs: {score: {value: float}}}
          test: {notebook: after.ipynb, matrix: {model: [a, b]}, params: {scores: "${train.outputs.score}"}}
    """
    graph, _, _ = opened(text, after="scores = []")
    assert graph.nodes["test[model=a]"].needs == ("train[model=a,seed=1]", "train[model=a,seed=2]")


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("notebook: train.ipynb", "notebok: train.ipynb", 8, "no 'notebok' here; did you mean 'notebook'?"),
        ("notebook: train.ipynb", "notebook: trian.ipynb", 8, "no notebook .*trian.ipynb. Did you mean .*train.ipynb"),
        ("timeout: 1h30m", "timeout: soon", 12, "stages.train.timeout: a time is .*not 'soon'"),
        ("retries: 2", "retries: many", 13, "stages.train.retries"),
        ("memory: 2GiB", "memory: lots", 14, "a size is a number of bytes"),
        ("${params.rate}\", data", "${params.rat}\", data", 10, r"\$\{params.rat\} names nothing. Did you mean 'rate'"),
        ("${prepare.outputs.clean}", "${prepare.outputs.clear}", 10, "declares no output 'clear'. Did you mean 'clean'"),
        ("${prepare.outputs.clean}", "${prepar.outputs.clean}", 10, "names a stage that is not there. Did you mean 'prepare'"),
        ("${prepare.outputs.clean}", "${prepare.clean}", 10, "cannot be read"),
        ("needs: [train]", "needs: [trane]", 17, "needs a stage 'trane' that is not there. Did you mean 'train'"),
        ("models/${matrix.model}.txt", "models/all.txt", 11, r"written by train\[model=a\] and by train\[model=b\].*matrix"),
        ("models/${matrix.model}.txt", "../${matrix.model}.txt", 11, "outside the pipeline's folder"),
        ("models/${matrix.model}.txt", "data/clean.csv/${matrix.model}", 11, "lies in 'data/clean.csv', which prepare writes"),
        ("matrix: {model: [a, b]}", "matrix: {model: [a, a]}", 9, "model has a value twice"),
        ("> 0.5 and", "> 0.5 und", 18, "condition .* cannot be read"),
        ("max(${train", "open(${train", 18, "of functions there are"),
        ("params: {lr:", "params: {lrate: 3, lr:", 10, "no parameter 'lrate'. Did you mean 'lr'"),
        ('params: {lr: "${params.rate}"', "params: {lr: fast", 10, "'lr'.*'fast', which is str, not float"),
        ("rate: 1e-3", "rate: word", 10, "'lr'.*'word', which is str"),
        ("notebook: after.ipynb", "notebook: after.ipynb\n        inputs: [raw.csv]", 17, "input 'raw.csv' is not there, and no stage makes it"),
        ("notebook: prepare.ipynb", "notebook: prepare.ipynb\n        needs: [after]", 4, "wait for each other: prepare -> after -> train"),
        ("notebook: prepare.ipynb", "notebook: prepare.ipynb\n        gates: [good]", 6, "no gate 'good'"),
        ("      after:", "      train:", 15, "'train' is there twice, first on line 7"),
        ("      after:", "      after that:", 15, "'after that' cannot be a name"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_what_was_meant(opened, old, new, line, told):
    assert old in GOOD
    found = problems(opened, GOOD.replace(old, new, 1))
    assert any(it == line and re.search(told, text) for it, text in found), found


def test_everything_that_is_wrong_is_told_at_once(opened):
    text = GOOD.replace("needs: [train]", "needs: [a, b]").replace("${prepare.outputs.clean}", "${x.outputs.y}")
    assert len(problems(opened, text)) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            """
            stages:
              a: {notebok: after.ipynb, gates: [nope], params: {y: 2}}
              b: {notebook: after.ipynb, retries: many, gates: [no], inputs: [nothere.csv]}
            """,
            ["no 'notebok' here", "'notebook' is missing", "no gate 'nope'", "no parameter 'y'", "retries", "no gate 'no'", "input 'nothere.csv' is not there"],
        ),
        (
            """
            stages:
              a: {notebook: after.ipynb, outputs: [o.csv]}
              b: {notebook: missing.ipynb, outputs: [o.csv], inputs: [nothere.csv, o.csv/x], environment: {kernel: ruby}}
              c: {notebook: after.ipynb, params: {x: "${params.no}", y: 2}}
              d: {notebook: after.ipynb, environment: {kernel: perl}, params: {x: "${c.outputs.z}"}}
            """,
            [
                "'o.csv' is written by a and by b",
                "no notebook",
                "input 'nothere.csv'",
                "kernel 'ruby'",
                "kernel 'perl'",
                "params.no",
                "no parameter 'y'",
                "no output 'z'",
            ],
        ),
        (
            """
            stages:
              a: {notebook: after.ipynb, matrix: {m: [1, 1]}, params: {x: "${matrix.m}"}, outputs: {o: "${matrix.m}.csv"}}
              b: {notebook: after.ipynb, params: {x: "${c.outputs.o}"}, inputs: [n1.csv]}
              c: {notebok: 3, outputs: [o]}
            """,
            ["m has a value twice", "no 'notebok' here", "'notebook' is missing"],
        ),
        ("x-all: &all {retries: 2}\nstages:\n  a: {<<: *all, notebook: after.ipynb, params: {y: 2}}", ["no parameter 'y'"]),
        ("stages:\n  a: {notebook: after.ipynb}\n  a: {notebook: after.ipynb}", ["'a' is there twice, first on line 2"]),
        ("stages:\n  a: {notebook: 'after.ipynb}\n  b: {notebook: after.ipynb}\n\n", ["a quote is not closed"]),
        ("stages:\n  обучение модель: {notebook: after.ipynb}", ["cannot be a name, for it holds ' '"]),
    ],
)
def test_no_mistake_hides_another_and_none_is_told_that_is_but_of_another_one(write, text, told):
    with pytest.raises(SpecError) as caught:
        check_pipeline(write(text, after="x = 1"), with_kernels=True)
    found = [f"{place}: {text}" for _, place, text in caught.value.problems]
    assert len(found) == len(told) and all(any(it in text for text in found) for it in told), found
    assert str(caught.value).endswith("\nCorrect those lines." if len(told) > 1 else ".")


def test_a_file_in_another_encoding_is_told_with_its_line(write):
    file = write("stages:\n  a: {notebook: after.ipynb}\n")
    file.write_bytes(file.read_bytes() + "# größe\n".encode("latin-1"))
    with pytest.raises(SpecError, match=r"nbtrack.yaml:3: this is no UTF-8: byte 0xf6"):
        check_pipeline(file)


def test_text_that_is_no_yaml_is_told_with_its_line(opened):
    with pytest.raises(UsageError, match=r"nbtrack.yaml:3: this is no YAML"):
        opened("stages:\n  a: 1\n b: [\n", after="")


def test_a_profile_changes_what_it_names_and_its_mistakes_have_their_lines(opened):
    text = (
        GOOD
        + """
    profiles:
      ci:
        params: {rate: 0.5}
        stages: {train: {matrix: {model: [a]}}}
      bad:
        stages: {train: {retries: no}}
    """
    )
    graph, _, _ = opened(text, "ci", **BOOKS)
    assert (graph.loaded.pipeline.params, len(graph.nodes)) == ({"rate": 0.5}, 3)
    with pytest.raises(SpecError, match=r"nbtrack.yaml:25: stages.train.retries"):
        opened(text, "bad", **BOOKS)
    with pytest.raises(UsageError, match=r"no profile 'c'. Did you mean 'ci'"):
        opened(text, "c", **BOOKS)


def test_defaults_hold_for_stages_that_say_nothing_else(opened):
    text = GOOD + "    defaults: {timeout: 1m, retries: {times: 1, wait: 5s}, tags: {team: a}, cache: false}\n"
    nodes = opened(text, **BOOKS)[0].nodes
    prepare, train = nodes["prepare"].spec, nodes["train[model=a]"].spec
    assert (prepare.timeout, prepare.retries.times, prepare.retries.wait, prepare.tags, prepare.cache) == (60.0, 1, 5.0, {"team": "a"}, False)
    assert (train.timeout, train.retries.times, train.tags) == (5400.0, 2, {"team": "a"})


def test_params_are_set_with_the_type_they_have(opened):
    graph, _, _ = opened(GOOD, params={"rate": "0.5"}, texts=frozenset({"rate"}), **BOOKS)
    assert graph.loaded.pipeline.params == {"rate": 0.5}
    with pytest.raises(UsageError, match=r"no param 'rte'. Did you mean 'rate'"):
        opened(GOOD, params={"rte": 1.0}, **BOOKS)
    with pytest.raises(UsageError, match=r"'rate'.*no float"):
        opened(GOOD, params={"rate": "fast"}, texts=frozenset({"rate"}), **BOOKS)


def test_the_file_is_looked_for_upwards(write, tmp_path):
    file = write(GOOD)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_file(None, below) == file
    with pytest.raises(UsageError, match="no pipeline file"):
        find_file(below / "other.yaml", tmp_path)


def test_the_schema_describes_every_stage_and_accepts_what_the_model_does():
    import jsonschema
    import yaml

    jsonschema.validate(yaml.safe_load(GOOD.replace("1e-3", "0.001")), schema())
    gates = {"good": {"kind": "metric", "metric": "acc", "threshold": 0.9}}
    for at in ({"gates": gates}, {"defaults": {"gates": gates}}, {"stages": {"a": {"notebook": "a.ipynb", "gates": gates}}}):
        jsonschema.validate({"stages": {"a": {"notebook": "a.ipynb"}}} | at, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"gates": {"good": {"kind": "metric", "metrik": "acc"}}, "stages": {"a": {"notebook": "a.ipynb"}}}, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"stages": {"a": {"notebok": "x"}}}, schema())


def test_mistakes_are_told_with_their_columns(write):
    file = write("stages: {a: {notebook: a.ipynb}}", a="x = 1")
    text = "stages:\n  a:\n    notebook: a.ipynb\n    timeout: 3q\n    colour: blue\n  b:\n    notebook: a.ipynb\n    params: {y: 2}\n"
    with pytest.raises(SpecError) as refused:
        check_pipeline(file, text=text)
    assert [(line, span) for (line, _, _), span in zip(refused.value.problems, refused.value.spans, strict=True)] == [(4, (5, 16)), (5, (5, 17)), (8, (14, 18))]
    with pytest.raises(SpecError) as refused:
        check_pipeline(file, text="stages:\n  a:\n    notebook: a.ipynb\n    params: {y: 2}\n")
    assert (refused.value.problems[0][0], refused.value.spans) == (4, ((14, 18),))
    with pytest.raises(SpecError) as refused:
        check_pipeline(file, text="stages:\n  a: [\n")
    assert refused.value.problems[0][0] == 3 and refused.value.mend.startswith("Mind")
    check_pipeline(file)
