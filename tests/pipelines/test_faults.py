"""What goes wrong around stages: no room on the disk, kernels that are not there or speak no Python, and where to go on from."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

import nbtrack
from nbtrack.entities import State

COMMAND = [sys.executable, "-c", "from nbtrack.cli import main; main()"]


@pytest.fixture
def pipeline(tmp_path):
    """Writes `nbtrack.yaml`; gives what runs a command beside it."""

    def pipeline(text):
        (tmp_path / "nbtrack.yaml").write_text(textwrap.dedent(text))

        def call(*words, code=0):
            done = subprocess.run([*COMMAND, *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=250)
            assert done.returncode == code, done.stdout + done.stderr
            return json.loads(done.stdout) if "--json" in words and done.stdout else done.stdout + done.stderr

        return call

    return pipeline


def phases(found):
    return {it: row["phase"] for it, row in found["stages"].items()}


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own that holds 4 MB."""
    place = tmp_path / "small"
    place.mkdir()
    if sys.platform != "linux" or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


_FILL = "with open('small/out.bin', 'wb') as out:\n    for _ in range(100): out.write(os.urandom(100_000))"


def test_a_full_disk_fails_the_stage_with_the_reason_and_leaves_nothing_half_made(notebook, pipeline, small_disk, tmp_path):
    notebook("big.ipynb", "import os", _FILL, parameters="n = 1")
    run = pipeline("stages: {big: {notebook: big.ipynb, outputs: {out: small/out.bin}}, other: {notebook: fine.ipynb}}")
    notebook("fine.ipynb", "x = 1")
    found = run("run", "--keep-going", "--json", code=1)
    assert phases(found) == {"big": "failed", "other": "done"}
    assert "No space left on device" in found["stages"]["big"]["reason"]
    assert nbtrack.run(found["stages"]["big"]["run_id"]).state is State.FAILED
    assert not (small_disk / "out.bin").exists()


def test_where_the_cache_has_no_room_the_pipeline_goes_on_without_it(notebook, pipeline, small_disk, tmp_path):
    (small_disk / "state").mkdir()
    (tmp_path / ".nbtrack").symlink_to(small_disk / "state", target_is_directory=True)
    notebook("big.ipynb", "import os\nopen('out.bin', 'wb').write(os.urandom(8_000_000))")
    notebook("last.ipynb", "import nbtrack, os\nnbtrack.output('size', os.path.getsize('out.bin'))")
    run = pipeline(
        "stages: {big: {notebook: big.ipynb, outputs: {out: out.bin}}, last: {notebook: last.ipynb, inputs: [out.bin], outputs: {size: {value: int}}}}"
    )
    told = run("run")
    assert "2 done" in told and "is not kept in" in told and "No space left on device" in told
    assert (tmp_path / "out.bin").stat().st_size == 8_000_000


def test_a_kernel_that_is_not_installed_is_told_with_its_line_before_anything_runs(notebook, pipeline, home):
    notebook("a.ipynb", "x = 1", kernel="ir-elsewhere", language="R")
    notebook("b.ipynb", "x = 1")
    run = pipeline("stages:\n  a: {notebook: a.ipynb}\n  b:\n    notebook: b.ipynb\n    environment:\n      kernel: pyhton3\n")
    for words in (("check",), ("run",)):
        told = run(*words, code=3)
        assert "nbtrack.yaml:2" in told and "'ir-elsewhere', which is not installed" in told and "nbtrack.yaml:6" in told and "python3" in told
    assert "1 done" in run("run", "b", "--executor", "local", code=3) or not list(home.run_ids())


@pytest.fixture
def bash(tmp_path, monkeypatch):
    """bash_kernel, which runs a shell's code and knows nothing of Python."""
    if find_spec("bash_kernel") is None:
        pytest.skip("bash_kernel is not installed")
    place = tmp_path / "jupyter" / "kernels" / "bash"
    place.mkdir(parents=True)
    spec = {"argv": [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"], "display_name": "Bash", "language": "bash"}
    (place / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))


def test_a_kernel_of_another_language_runs_with_its_params_fails_and_is_cached_as_any(notebook, pipeline, bash, tmp_path):
    notebook("say.ipynb", 'echo "$name says $times" > said.txt', parameters="name=nobody\ntimes=1", kernel="bash", language="bash")
    notebook("fail.ipynb", "ls /nowhere-at-all && true", kernel="bash", language="bash")
    run = pipeline("stages: {say: {notebook: say.ipynb, params: {name: Ann, times: 3}, outputs: [said.txt]}, after: {notebook: fail.ipynb, needs: [say]}}")
    found = run("run", "--json", code=1)
    assert (tmp_path / "said.txt").read_text() == "Ann says 3\n"
    assert phases(found) == {"say": "done", "after": "failed"}
    view = nbtrack.run(found["stages"]["say"]["run_id"])
    assert view.params == {"name": "Ann", "times": "3"} and any("not captured" in it for it in view.notices)
    assert phases(run("run", "say", "--json")) == {"say": "cached"}


def test_a_stage_whose_kernel_has_no_nbtrack_stands_in_its_folder_too(notebook, pipeline, tmp_path, monkeypatch):
    place = tmp_path / "jupyter" / "kernels" / "elsewhere"
    place.mkdir(parents=True)
    hide = "import sys; sys.modules['nbtrack'] = None; from ipykernel.kernelapp import main; main()"
    spec = {"argv": [sys.executable, "-c", hide, "-f", "{connection_file}"], "display_name": "Elsewhere", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    notebook("inner/here.ipynb", "open('here.txt', 'w').write('here')", kernel="elsewhere")
    run = pipeline("stages: {here: {notebook: inner/here.ipynb, outputs: [inner/here.txt]}}")
    assert phases(run("run", "--json")) == {"here": "done"} and (tmp_path / "inner" / "here.txt").read_text() == "here"


def test_names_with_spaces_and_unicode_run_are_cached_and_told(notebook, pipeline, tmp_path):
    write = (
        "import pathlib\nout = pathlib.Path('../daten mit leer/größe 数')\nout.mkdir(parents=True)\n(out / 'ein text.txt').write_text(wort, encoding='utf-8')"
    )
    notebook("ordner ü/mach es.ipynb", write, parameters="wort = ''")
    notebook("ordner ü/lies es.ipynb", "import nbtrack\nnbtrack.output('länge', len(open(datei, encoding='utf-8').read()))", parameters="datei = ''\nwie = ''")
    run = pipeline("""
        name: "größe & 数"
        stages:
          mächen: {notebook: ordner ü/mach es.ipynb, params: {wort: "ж 日"}, outputs: {größe: "daten mit leer/größe 数"}}
          lesen:
            notebook: ordner ü/lies es.ipynb
            matrix: {wie: ["mit leer", "größe=数/[x]"]}
            params: {datei: "${mächen.outputs.größe}/ein text.txt", wie: "${matrix.wie}"}
            outputs: {länge: {value: int}}
    """)
    found = run("run", "--json")
    assert phases(found) == {"mächen": "done", "lesen[wie=mit leer]": "done", "lesen[wie=größe=数/[x]]": "done"}
    assert (tmp_path / "daten mit leer" / "größe 数" / "ein text.txt").read_text("utf-8") == "ж 日"
    assert nbtrack.run(found["run_id"]).name == "größe & 数"
    assert set(phases(run("run", "lesen[wie=größe=数/[x]]", "--json")).values()) == {"cached"}
    assert "lesen[wie=größe=数/[x]]: cached" in run("logs", "lesen") and "größe=数/[x]" in run("status") and "ordner ü" not in run("graph", "--svg")


def test_a_stage_that_takes_more_memory_than_there_is_fails_with_the_reason(notebook, pipeline):
    take = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
    notebook("caught.ipynb", f"{take}much = bytearray(8 << 30)")
    notebook("killed.ipynb", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)  # as the system does when memory runs out")
    run = pipeline("stages: {caught: {notebook: caught.ipynb}, killed: {notebook: killed.ipynb}, fine: {notebook: fine.ipynb}}")
    notebook("fine.ipynb", "x = 1")
    found = run("run", "--keep-going", "--json", code=1)["stages"]
    assert found["caught"]["reason"].startswith("MemoryError") and "SIGKILL, perhaps for want of memory" in found["killed"]["reason"]
    assert found["fine"]["phase"] == "done"
    assert {nbtrack.run(found[it]["run_id"]).state for it in ("caught", "killed")} == {State.FAILED}


_R = "/usr/share/jupyter/kernels/ir/kernel.json"


@pytest.mark.skipif(not Path(_R).exists(), reason="R's kernel is not installed; in Debian: apt-get install r-cran-irkernel")
def test_an_r_notebook_takes_typed_params_and_makes_outputs_and_what_it_raises_is_told(notebook, pipeline, tmp_path):
    fit = "fit <- lm(dist ~ speed, cars[1:rows, ])\nwriteLines(paste(name, nrow(fit$model), is_short), 'said.txt')\nplot(fit$model)"
    notebook("fit.ipynb", fit, parameters='rows <- 10L\nname <- "nobody"\nis_short <- FALSE', kernel="ir", language="R")
    notebook("fail.ipynb", "stop('no such data')", kernel="ir", language="R")
    run = pipeline("stages: {fit: {notebook: fit.ipynb, params: {rows: 20, name: Ann}, outputs: [said.txt]}, after: {notebook: fail.ipynb, needs: [fit]}}")
    found = run("run", "--json", code=1)
    assert phases(found) == {"fit": "done", "after": "failed"} and (tmp_path / "said.txt").read_text() == "Ann 20 FALSE\n"
    assert nbtrack.run(found["stages"]["fit"]["run_id"]).params == {"rows": "20", "name": "Ann", "is_short": "False"}
    assert "no such data" in found["stages"]["after"]["reason"]
    assert phases(run("run", "fit", "--json")) == {"fit": "cached"}
    assert "no int" in run("run", "fit.ipynb", "-p", "rows=many", code=3)


def test_where_to_begin_and_how_far_to_go_can_be_said_and_a_stage_has_its_time(notebook, pipeline, tmp_path):
    for name in ("one", "two", "three", "aside"):
        notebook(f"{name}.ipynb", f"open('log', 'a').write('{name} ')")
    notebook("slow.ipynb", "import time\ntime.sleep(600)")
    run = pipeline("""
        stages:
          one: {notebook: one.ipynb}
          two: {notebook: two.ipynb, needs: [one]}
          three: {notebook: three.ipynb, needs: [two]}
          aside: {notebook: aside.ipynb, needs: [one]}
          slow: {notebook: slow.ipynb, timeout: 2s, when: "${params.slowly}"}
        params: {slowly: false}
    """)
    log = tmp_path / "log"

    def done(*words, code=0):
        log.write_text("")
        found = phases(run("run", *words, "--json", code=code))
        return sorted(log.read_text().split()), found

    assert done()[0] == ["aside", "one", "three", "two"]
    ran, found = done("--from", "two")
    assert (ran, found) == (["three", "two"], {"one": "cached", "two": "done", "three": "done"})
    ran, found = done("two", "--downstream", "--force")
    assert (ran, found["three"]) == (["two"], "cached")
    ran, found = done("one", "--downstream", "--force")
    assert ran == ["one"] and set(found) == {"one", "two", "three", "aside"}
    found = run("run", "slow", "-p", "slowly=true", "--json", code=1)
    assert found["stages"]["slow"]["reason"] == "it took longer than 2 s"
