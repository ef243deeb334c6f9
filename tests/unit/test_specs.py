"""Files of specs: every mistake with its line, and nothing executed or exhausted by reading one."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from nbtrack import specs
from nbtrack.errors import SpecError


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    epochs: int = 1
    inner: dict[str, "Part"] | None = None


def read(tmp_path, text):
    path = tmp_path / "nbtrack.yaml"
    path.write_text(text)
    return specs.read(path)


def problems(tmp_path, text, kind=dict[str, Part], loc=("parts",)):
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text).check(kind, loc)
    assert str(tmp_path / "nbtrack.yaml") in str(caught.value)
    return caught.value.problems


def test_all_mistakes_are_told_at_once_each_with_its_line(tmp_path):
    text = "# a comment\nparts:\n  a:\n    name: x\n    epochs: many\n\n  b:\n    nmae: y\n    inner:\n      c: {name: z, epoch: 3}\n"
    assert problems(tmp_path, text) == (
        (5, "parts.a.epochs", "it should be a valid integer, unable to parse string as an integer, not 'many'"),
        (7, "parts.b", "'name' is missing"),
        (8, "parts.b.nmae", "there is no 'nmae' here; did you mean 'name'?"),
        (10, "parts.b.inner.c.epoch", "there is no 'epoch' here; did you mean 'epochs'?"),
    )


def test_what_is_right_is_read(tmp_path):
    found = read(tmp_path, "parts:\n  a: {name: x, epochs: 3}\n").check(dict[str, Part], ("parts",))
    assert found["a"].epochs == 3


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a: 1\nb: [1,\n", 3, "expected"),
        ("a: 1\nb: 2\na: 3\n", 3, "'a' is there twice, first on line 1"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "could not determine a constructor"),
        ("a: \x00\n", 0, "this is no YAML"),
        ("a: &a [*a]\n", 1, "too deep"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(tmp_path, text, line, why):
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text)
    assert caught.value.line == line and why in str(caught.value)


def test_a_file_made_to_exhaust_its_reader_is_refused(tmp_path):
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{it}: &a{it} [{', '.join([f'*a{it - 1}'] * 9)}]\n" for it in range(1, 9))
    with pytest.raises(SpecError, match="too many values"):
        read(tmp_path, text)
    with pytest.raises(SpecError, match=r"too deep|nested too deeply"):
        read(tmp_path, "[" * 500 + "]" * 500)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(SpecError, match="cannot be read"):
        specs.read(tmp_path)
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match=r"x.yaml:1: this is no UTF-8"):
        specs.read(tmp_path / "x.yaml")


def test_the_nearest_file_upwards_is_found(tmp_path):
    (tmp_path / "nbtrack.yaml").write_text("")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert specs.find(tmp_path / "a" / "b") == tmp_path / "nbtrack.yaml"
    (tmp_path / "a" / "nbtrack.yml").write_text("")
    assert specs.find(tmp_path / "a" / "b") == tmp_path / "a" / "nbtrack.yml"


def test_each_mistake_is_a_sentence():
    error = SpecError(Path("n.yaml"), [(1, "", "there is no 'a'; did you mean 'b'?"), (2, "c", "it is missing")])
    assert str(error) == "n.yaml:1: there is no 'a'; did you mean 'b'?\nn.yaml:2: c: it is missing.\nCorrect those lines."
