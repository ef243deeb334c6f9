"""Kernels that are forked from a template: nothing in them is other than in a kernel of its own, but that they begin at once."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from nbtrack.entities import State
from nbtrack.pipelines import notebook as notebooks
from nbtrack.pipelines.code import Sources
from nbtrack.pipelines.kernels import Kernels, Kind, how_it_died, silently
from nbtrack.pipelines.processes import TOKEN
from nbtrack.pipelines.warm.ahead import loaded_ahead

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")
DATA = ("numpy", "pandas", "sklearn.linear_model")
_FACTS = """
import json, os, random, signal, sys, threading
token = [it for it in open("/proc/self/environ", errors="replace").read().split("\\0") if it.startswith("NBTRACK_KERNEL=")][0]
own = {"NBTRACK_KERNEL", "JPY_PARENT_PID"}
facts = json.dumps({
    "env": {name: value for name, value in os.environ.items() if name not in own},
    "token": token == f"NBTRACK_KERNEL={os.environ['NBTRACK_KERNEL']}" and len(token) > 40,
    "parent": os.environ["JPY_PARENT_PID"],
    "group": os.getpgid(0) == os.getsid(0) == os.getpid(),
    "argv": [os.path.basename(it) for it in sys.argv], "orig": sys.orig_argv[1:3], "path": sys.path, "main": sys.modules["__main__"].__name__,
    "signals": {name: str(signal.getsignal(getattr(signal, name))).partition(" at ")[0] for name in ("SIGINT", "SIGTERM", "SIGCHLD", "SIGPIPE", "SIGHUP")},
    "wakeup": signal.set_wakeup_fd(-1), "stdin": os.read(0, 1) == b"", "umask": os.umask(0o22), "gc": __import__("gc").isenabled(),
    "threads": sorted(str(it.name) for it in threading.enumerate()), "encodings": [sys.stdout.encoding, sys.getfilesystemencoding()],
    "warnings": sorted(str(it) for it in __import__("warnings").filters), "hooks": [sys.excepthook.__name__, len(sys.meta_path)],
    "heavy": sorted(it for it in ("numpy", "pandas", "mlflow", "torch", "matplotlib", "sklearn") if it in sys.modules),
})
"""
_OPTIONS = """
import numpy, pandas, json
from sklearn import get_config
names = [name for line in pandas.describe_option(_print_desc=False).splitlines() if line and not line[0].isspace() for name in [line.split(" ")[0]]]
options = json.dumps({
    "pandas": {name: str(pandas.get_option(name)) for name in names if "." in name}, "numpy": str(numpy.get_printoptions()),
    "errors": numpy.geterr(), "sklearn": str(get_config()), "blas": numpy.ones((400, 400)).dot(numpy.ones((400, 400))).sum(),
})
"""


@pytest.fixture
def kernels():
    made = Kernels({})
    taken, take = [], made.take
    made.take = lambda *wanted: taken.append(take(*wanted)) or taken[-1]
    yield made
    for kernel in taken:
        made.end(kernel, is_polite=False)
    made.close()


def ask(kernels, kernel, code, expression):
    error, value = kernels.run(silently(kernel.client, code, expression))
    assert not error, error
    return ast.literal_eval(value)


def begin(kernels, count, kind, tmp_path):
    """So many kernels that are forked."""
    kernels.expect([kind] * max(3, count), count)
    return [kernels.take(kind, {}, tmp_path) for _ in range(count)]


def is_forked(kernel):
    return any("warm.template" in word for word in psutil.Process(kernel.pid).cmdline())


@pytest.mark.parametrize("modules", [(), DATA], ids=["nothing", "data"])
def test_a_forked_kernel_is_as_one_of_its_own(kernels, tmp_path, modules):
    plain = kernels.take(Kind("python3"), {}, Path(os.environ.get("TMPDIR", "/tmp")))
    first, second = begin(kernels, 2, Kind("python3", modules), tmp_path)
    assert is_forked(first) and is_forked(second) and not is_forked(plain)
    loaded = json.loads(ask(kernels, first, _FACTS, "facts"))["heavy"]
    assert loaded == sorted({it.partition(".")[0] for it in modules})
    ask(kernels, plain, "".join(f"import {it}\n" for it in modules), "None")
    wanted, found = (json.loads(ask(kernels, it, _FACTS, "facts")) for it in (plain, first))
    assert found == wanted
    assert found["token"] and found["group"] and found["parent"] == str(os.getpid())
    if modules:
        wanted, found = (json.loads(ask(kernels, it, _OPTIONS, "options")) for it in (plain, first))
        assert [it for it in wanted["pandas"].items() if found["pandas"].get(it[0]) != it[1]] == []
        assert found == wanted
    draw = "import random, uuid, os\n" + ("import numpy\nmore = numpy.random.random()" if modules else "more = 0")
    drawn = [ask(kernels, it, draw, "[random.random(), more or random.random(), os.urandom(4).hex(), str(uuid.uuid4())]") for it in (first, second)]
    assert all(left != right for left, right in zip(*drawn, strict=True))
    for it in (plain, first, second):
        assert kernels.end(it) == []
    assert not any(psutil.pid_exists(it.pid) and psutil.Process(it.pid).status() != psutil.STATUS_ZOMBIE for it in (first, second))


def test_what_a_forked_kernel_starts_is_found_and_how_it_died_is_told(kernels, tmp_path):
    first, second = begin(kernels, 2, Kind("python3"), tmp_path)
    code = "import os, subprocess, time\nchild = subprocess.Popen(['sleep', '600'], start_new_session=True).pid\nforked = os.fork()\nif not forked: time.sleep(600)"
    pids = ask(kernels, first, code, "[child, forked]")
    assert sorted(kernels.end(first)) and not any(psutil.pid_exists(it) and psutil.Process(it).status() != psutil.STATUS_ZOMBIE for it in pids)
    os.kill(second.pid, signal.SIGKILL)
    while kernels.run(alive(second)):
        time.sleep(0.02)
    assert "SIGKILL" in kernels.run(how_it_died(second))
    kernels.end(second, is_polite=False)


async def alive(kernel):
    return await kernel.manager.is_alive()


_LAST_WORDS = """
import atexit, concurrent.futures, pathlib, sys, threading, time
def write(name, after_s=0): time.sleep(after_s); pathlib.Path(name).write_text("")
class Last:
    def __del__(self): open("deleted", "w").close()
last = Last()
last.itself = last
atexit.register(write, "at exit")
threading.Thread(target=write, args=("thread", 0.3)).start()
concurrent.futures.ThreadPoolExecutor(1).submit(write, "pool", 0.3)
left = open("left open", "w")
left.write("kept")
sys.kept = open("kept open", "w")
sys.kept.write("kept")
"""


def test_a_forked_kernel_that_ends_has_done_what_an_interpreter_does_at_its_end(kernels, tmp_path):
    (kernel,), place = begin(kernels, 1, Kind("python3"), tmp_path), tmp_path / "here"
    place.mkdir()
    ask(kernels, kernel, f"import os; os.chdir({str(place)!r})\n{_LAST_WORDS}", "None")
    assert is_forked(kernel) and kernels.end(kernel) == []
    assert {it.name for it in place.iterdir()} == {"deleted", "at exit", "thread", "pool", "left open", "kept open"}
    assert (place / "left open").read_text() == (place / "kept open").read_text() == "kept"


def test_what_needs_a_process_of_its_own_gets_one(kernels, tmp_path):
    kernels.expect([Kind("python3")] * 3, 0)
    for env, is_warm in (({"PYTHONHASHSEED": "7"}, False), ({"LD_LIBRARY_PATH": "/nowhere"}, False), ({"COLOUR": "blue"}, True)):
        kernel = kernels.take(Kind("python3"), env, tmp_path)
        name, value = next(iter(env.items()))
        assert (is_forked(kernel), ask(kernels, kernel, "import os", f"os.environ[{name!r}]")) == (is_warm, value)
        kernels.end(kernel)


def test_where_a_module_leaves_a_thread_kernels_are_forked_without_it(kernels, tmp_path, monkeypatch):
    (tmp_path / "busy.py").write_text("import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()")
    (tmp_path / "broken.py").write_text("1 / 0")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for name in ("busy", "broken"):
        others = Kernels({})
        try:
            (kernel,) = begin(others, 1, Kind("python3", (name,)), tmp_path)
            assert is_forked(kernel) and ask(others, kernel, "import sys", f"{name!r} in sys.modules") is False
            others.end(kernel)
        finally:
            others.close()


@pytest.mark.parametrize(
    ("sources", "files", "found"),
    [
        (["import pandas as pd\nfrom sklearn.linear_model import Ridge", "import torch, json"], {}, ["pandas", "sklearn.linear_model"]),
        (["import matplotlib.pyplot as plt"], {}, ["matplotlib.figure"]),
        (["import os\nos.environ['OMP_NUM_THREADS'] = '1'\nimport numpy"], {}, []),
        (["%env OMP_NUM_THREADS=1\nimport numpy"], {}, []),
        (["!pip install -q pandas\nimport pandas"], {}, []),
        (["import helper", "import numpy"], {"helper.py": "import os\nos.environ['OMP_NUM_THREADS'] = '1'"}, []),
        (["import helper", "import numpy"], {"helper.py": "x = 1"}, ["numpy"]),
        (["import numpy"], {"numpy.py": "x = 1"}, []),
        (["import matplotlib, numpy"], {"matplotlibrc": "figure.dpi: 10"}, []),
    ],
)
def test_a_module_is_loaded_ahead_where_the_notebook_cannot_tell(notebook, tmp_path, sources, files, found):
    path = notebook("a.ipynb", *sources)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    there = loaded_ahead(notebooks.read(path), (tmp_path,), Sources())
    assert [it for it in there if it in (*found, "numpy", "pandas", "torch")] == found


def test_a_pipeline_forks_its_kernels_and_captures_as_ever(notebook, tmp_path, home):
    import nbtrack

    cell = "import os\nprint(open('/proc/self/cmdline').read())\nfor step in range(30): loss = x / (step + 1)\nnbtrack_out = os.getcwd()"
    notebook("a.ipynb", cell, parameters="x = 1")
    (tmp_path / "nbtrack.yaml").write_text("stages: {a: {notebook: a.ipynb, matrix: {m: [1, 2, 3, 4]}, params: {x: '${matrix.m}'}}}")
    done = subprocess.run(
        [sys.executable, "-c", "from nbtrack.cli import main; main()", "run", "--jobs", "2", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for stage, row in json.loads(done.stdout)["stages"].items():
        view = nbtrack.run(row["run_id"])
        assert view.state is State.FINISHED and view.metrics["loss"].count == 30 and view.params["x"] == stage[-2]
        text = subprocess.run(
            [sys.executable, "-c", "from nbtrack.cli import main; main()", "logs", stage], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert "warm.template" in text.stdout


def test_nothing_outlives_a_runner_that_is_killed(tmp_path):
    code = (
        "import os, sys, time\nfrom pathlib import Path\nfrom nbtrack.pipelines.kernels import Kernels, Kind\nkernels = Kernels({})\n"
        "kernels.expect([Kind('python3')] * 3, 0)\nkernel = kernels.take(Kind('python3'), {}, Path.cwd())\nprint(kernel.pid, flush=True)\ntime.sleep(600)"
    )
    runner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    kernel = psutil.Process(int(runner.stdout.readline()))
    template = kernel.parent()
    assert kernel.environ()[TOKEN] != template.environ()[TOKEN] and template.ppid() == runner.pid
    runner.kill()
    runner.communicate()
    assert psutil.wait_procs([kernel, template], timeout=60)[1] == []
