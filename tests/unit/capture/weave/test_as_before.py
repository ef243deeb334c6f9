"""A cell with taps does what it does without: lines, tracebacks, timing magics, pickles, forks, hostile objects."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import pickle
import subprocess
import sys

import pytest

from nbtrack.capture.weave import taps

TRAIN = "def train(n):\n    for i in range(n):\n        loss = 1 / (i + 1)\n        print(f'loss {loss + i:.3f}')\n    return loss\n"


def woven(shell):
    return shell._nbtrack_session.collector.sources[-1]._spots


def spots_in(shell):
    source = next(it for it in shell._nbtrack_session.collector.sources if it.name == "curves")
    return [spot.name for spot, _ in source._spots]


def lines_of(shell, code):
    """Lines that a tracer sees in the code of cells."""
    seen = []

    def trace(frame, event, argument):
        if "train" in frame.f_code.co_name:
            seen.append((event, frame.f_lineno))
            return trace
        return None

    shell.run_cell(code)
    train = shell.user_ns["train"]
    with contextlib.redirect_stdout(io.StringIO()):
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            train(3)
        finally:
            sys.settrace(before)
    return seen


@pytest.mark.parametrize(
    "code",
    [
        TRAIN,
        "def train(n):\n    for i in range(n):\n        loss = (1 /\n            (i +\n             1))\n        if i % 2:\n            loss = loss + 1\n        n = 3\n    return loss\n",
        "def train(n):\n    out = []\n    for i in range(n):\n        for j in range(2):\n            loss = 1 / (i + j + 1)\n        out.append(\n            loss + 1\n        )\n        x = 1\n",
        "class A: pass\na = A()\ndef train(n):\n    for i in range(n):\n        a.loss = max(1 / (i + 1),\n            0.01)\n",
    ],
)
def test_a_tracer_sees_the_same_lines(shell, plain_shell, code):
    assert lines_of(shell, code) == lines_of(plain_shell, code)
    assert spots_in(shell)


def test_a_traceback_is_the_same(shell, plain_shell):
    code = "for i in range(3):\n    loss = 1 / (2 - i)\n    err = loss * 2\n"
    texts = []
    for it in (shell, plain_shell):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            it.run_cell(code)
        texts.append(out.getvalue())
    assert "ZeroDivisionError" in texts[0]
    assert texts[0] == texts[1]


def test_the_source_of_a_function_is_what_was_typed(shell):
    import inspect

    shell.run_cell(TRAIN)
    assert inspect.getsource(shell.user_ns["train"]) == TRAIN


@pytest.mark.parametrize(
    "code",
    [
        "%timeit -n1 -r1 f()",
        "%%timeit -n1 -r1\nfor i in range(2):\n    loss = 1 / (i + 1)",
        "get_ipython().run_cell('for i in range(2):\\n    loss = 1 / (i + 1)')",
    ],
)
def test_timed_and_nested_code_has_no_taps(shell, code):
    shell.run_cell("def f(): pass")
    with contextlib.redirect_stdout(io.StringIO()):
        shell.run_cell(code).raise_error()
    assert spots_in(shell) == []


@pytest.mark.parametrize("magic", ["%%time", "%%capture out"])
def test_the_body_of_a_magic_that_runs_it_has_taps(curves, magic):
    assert curves("%config Application.verbose_crash=False", f"{magic}\nfor i in range(3):\n    loss = 1 / (i + 1)\n") == {
        "loss": pytest.approx([1, 1 / 2, 1 / 3])
    }


def test_what_a_magic_times_is_printed_with_its_label(curves):
    code = "%%time\nprint(f'test accuracy: {sum(rates) / 3:.1f}')\n"
    assert curves("rates = [0.25, 0.5]", code, options="--capture curves,metrics") == {"test_accuracy": [0.25]}


class Inserts(ast.NodeTransformer):
    def visit_Module(self, node):
        node.body.insert(0, ast.parse("began = True").body[0])
        return ast.fix_missing_locations(node)


class Wraps(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.copy_location(ast.Call(ast.Name("type", ast.Load()), [], []), node) if node.value == "never" else node


class Fails(ast.NodeTransformer):
    def visit(self, node):
        raise ValueError("not today")


@pytest.mark.filterwarnings("ignore:AST transformer")
@pytest.mark.parametrize("theirs", [Inserts, Wraps, Fails])
def test_the_users_own_transformers_come_after_ours_and_stay_as_they_are(shell, curves, theirs):
    own = theirs()
    shell.ast_transformers.append(own)
    assert curves("x = 1", "for i in range(3):\n    loss = 1 / (i + 1)\n") == {"loss": pytest.approx([1, 1 / 2, 1 / 3])}
    assert shell.ast_transformers == ([] if theirs is Fails else [own])  # IPython takes one that fails away


def test_a_cell_changes_the_list_of_transformers_as_without_us(shell, curves):
    shell.run_cell("import ast\nclass T(ast.NodeTransformer): pass\nip = get_ipython()").raise_error()
    shell.run_cell("ip.ast_transformers.append(T())\nfor i in range(1): print('added')").raise_error()
    assert [type(it).__name__ for it in shell.ast_transformers] == ["T"]
    shell.run_cell("ip.ast_transformers.pop()\nfor i in range(1): print('removed')").raise_error()
    assert shell.ast_transformers == []
    shell.run_cell("ip.ast_transformers = [T()]\nfor i in range(1): print('other')").raise_error()
    assert [type(it).__name__ for it in shell.ast_transformers] == ["T"]


@pytest.mark.parametrize("cell", ["x = 1", "1 +", "for i in range(3): 1 / 0", "print('a')", "%%time\nfor i in range(2): print(i)", "import math\nmath.nan"])
def test_between_cells_there_are_no_transformers_of_ours(shell, cell):
    for start in ("", "%%track --quiet\n"):
        shell.run_cell(start + cell)
        assert shell.ast_transformers == []


def test_a_cell_that_names_ours_is_left_alone(shell):
    shell.run_cell(f"for i in range(3):\n    loss = 1 / (i + 1)\n    x = {taps.NAME!r}")
    assert spots_in(shell) == []


def test_functions_work_after_reset_and_after_unload(shell):
    from nbtrack.magics.load import unload

    shell.run_cell("def train(n):\n    for i in range(n):\n        loss = 1 / (i + 1)\n    return loss\n")
    train = shell.user_ns["train"]
    shell.reset(new_session=False)
    assert train(4) == 0.25
    shell.run_cell("x = 1")
    assert shell.user_ns[taps.NAME] is taps.taps
    assert taps.NAME not in shell.run_line_magic("who_ls", "")
    unload(shell)
    assert train(4) == 0.25
    assert taps.NAME not in shell.user_ns
    assert shell.ast_transformers == []


def test_a_recording_tap_pickles_to_what_does_nothing_without_nbtrack():
    them = []
    for shape in taps.Shape:
        tap = taps.Tap(shape)
        for act in (lambda: None, tap.on, lambda tap=tap: tap.see(1.5), tap.keep_last, tap.off):
            act()
            them.append((shape.value, pickle.dumps(taps.taps[tap.index])))
    script = """
import pickle, sys
for shape, data in pickle.loads(sys.stdin.buffer.read()):
    tap = pickle.loads(data)
    if shape == "target":
        tap.into = 3
    else:
        assert tap((3,) if shape == "value" else 3) == (3 if shape == "value" else None), shape
print("nbtrack" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-I", "-c", script], input=pickle.dumps(them), capture_output=True, check=False)
    assert (done.stdout.decode().strip(), done.stderr.decode()) == ("False", "")


def test_a_notebook_function_runs_in_a_process_without_nbtrack(shell, tmp_path):
    cloudpickle = pytest.importorskip("cloudpickle")
    shell.run_cell(
        "%%track --capture curves\n" + TRAIN.replace("    for", "    global seen\n    for") + "class A:\n    pass\ntrain(2)\nimport sys\ndata = None"
    )
    for _, tap in next(it for it in shell._nbtrack_session.collector.sources if it.name == "curves")._spots:
        tap.on()
    data = cloudpickle.dumps(shell.user_ns["train"])
    path = os.path.dirname(os.path.dirname(cloudpickle.__file__))
    script = f"import sys; sys.path.insert(0, {path!r})\nimport cloudpickle, pickle\nassert pickle.loads(sys.stdin.buffer.read())(3) == 1 / 3\nprint('nbtrack' in sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", script], input=data, capture_output=True, check=False)
    assert done.stdout.decode().splitlines()[-1:] == ["False"], done.stderr.decode()


def test_workers_of_joblib_give_the_same_results(curves):
    found = curves(
        "def train(n):\n    for i in range(n):\n        loss = 1 / (i + 1)\n    return loss",
        "from joblib import Parallel, delayed\nassert Parallel(n_jobs=2, backend='loky')(delayed(train)(n) for n in (2, 4)) == [0.5, 0.25]\ntrain(3)",
    )
    assert found == {"loss": pytest.approx([1, 1 / 2, 1 / 3])}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")
def test_a_forked_child_records_nothing(curves):
    found = curves(
        "import os\ndef train(n):\n    for i in range(n):\n        loss = 1 / (i + 1)\n    return loss",
        "train(3)\nchild = os.fork()\nif not child:\n    train(50)\n    os._exit(0)\nassert os.waitpid(child, 0)[1] == 0\ntrain(2)",
    )
    assert found == {"loss": pytest.approx([1, 1 / 2, 1 / 3]), "loss_2": pytest.approx([1, 1 / 2])}


def test_objects_that_bite_are_not_touched(curves):
    hostile = """
class Bites:
    def _no(self, *a, **k): raise SystemError("touched")
    __float__ = __int__ = __index__ = __eq__ = __repr__ = __str__ = __len__ = __array__ = __bool__ = __iter__ = __add__ = _no
    __hash__ = object.__hash__
    def __getattr__(self, name): raise SystemError(name)
class Prop:
    @property
    def loss(self): raise SystemError("read")
    @loss.setter
    def loss(self, value): self.__dict__["kept"] = value
"""
    found = curves(
        hostile,
        "p = Prop()\nfor i in range(20):\n    loss = Bites()\n    err = Bites() if i % 3 else i * i / 7\n    p.loss = i * i / 7\nassert p.kept == 361 / 7",
    )
    assert found["err"] == pytest.approx([i * i / 7 for i in range(0, 20, 3)])
    assert set(found) == {"err", "loss"}


def test_a_tensor_is_read_at_once_and_its_graph_let_go(curves):
    pytest.importorskip("torch")
    found = curves(
        "import torch, weakref\nw = torch.ones(1, requires_grad=True)\nseen = []",
        "total = torch.zeros(())\nfor i in range(4):\n    loss = (w * (i + 1)).sum()\n    seen.append(weakref.ref(loss))\n    total += loss.detach()\n    print('total', total)\n    loss.backward()\ndel loss\nassert not any(it() for it in seen)",
    )
    assert found == {"loss": [1, 2, 3, 4], "total": [1, 3, 6, 10]}


def test_a_list_of_tensors_is_read_as_numbers_are(curves):
    pytest.importorskip("torch")
    found = curves(
        "import torch\nlosses = [0] * 3\nfor e in range(3):\n    for b in range(4):\n        loss = torch.tensor(b / 4)\n        losses[e] += loss / (e + 1)"
    )
    assert found == {"losses": [1.5, 0.75, 0.5]}


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module beside the notebook, with its name."""
    monkeypatch.setenv("NBTRACK_CAPTURE_MODULES", "yes")
    (tmp_path / "my_training.py").write_text("def train(n):\n    for i in range(n):\n        loss = 1 / (i + 1)\n    return 1 / (loss - 1 / n)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "my_training"
    sys.modules.pop("my_training", None)


def test_a_module_of_the_folder_has_taps_where_it_is_wanted(module, curves, tmp_path):
    code = "import my_training, inspect\ntry:\n    my_training.train(3)\nexcept ZeroDivisionError as e:\n    assert e.__traceback__.tb_next.tb_lineno == 4\nassert inspect.getsource(my_training.train).count(chr(10)) == 4"
    assert curves(code) == {"loss": pytest.approx([1, 1 / 2, 1 / 3])}
    assert not list(tmp_path.glob("__pycache__/my_training*"))


def test_a_module_that_does_not_compile_says_so_itself(module, shell, tmp_path):
    (tmp_path / "my_training.py").write_text("x = 1\ndef (:\n")
    error = shell.run_cell("import my_training").error_in_exec
    assert isinstance(error, SyntaxError)
    assert error.lineno == 2
