"""What machines share without sharing a disk: results in an S3 bucket, and files of stages on their way to Dask's workers and back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

import nbtrack
from nbtrack.entities import State

pytestmark = pytest.mark.timeout(600)
COMMAND = [sys.executable, "-c", "from nbtrack.cli import main; main()"]
_SERVER = """
import time
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(*server.get_host_and_port(), flush=True)
time.sleep(3600)
"""


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """An empty bucket of a server on this machine; gives its URL."""
    if not all(map(find_spec, ("moto", "s3fs"))):
        pytest.skip("moto and s3fs are not installed")
    server = subprocess.Popen([sys.executable, "-W", "ignore", "-c", _SERVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=tmp_path)
    try:
        host, port = server.stdout.readline().split()
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        make = "import s3fs; s3fs.S3FileSystem().mkdir('shared')"
        subprocess.run([sys.executable, "-W", "ignore", "-c", make], check=True, capture_output=True, timeout=100)
        yield "s3://shared/results"
    finally:
        server.kill()
        server.communicate()


def run(folder, *words, code=0):
    done = subprocess.run([*COMMAND, "run", *words, "--json"], cwd=folder, capture_output=True, text=True, check=False, timeout=250)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def phases(found):
    return {it: row["phase"] for it, row in found["stages"].items()}


def listed(code):
    text = f"import s3fs; s3 = s3fs.S3FileSystem(); {code}"
    return subprocess.run([sys.executable, "-W", "ignore", "-c", text], check=True, capture_output=True, text=True, timeout=100).stdout


def test_a_bucket_is_a_cache_that_machines_share(notebook, bucket, tmp_path, monkeypatch):
    notebook("a/make.ipynb", "import os\nos.makedirs('made')\nopen('made/x.txt', 'w').write('x' * n)", parameters="n = 1")
    notebook("a/use.ipynb", "import nbtrack\nnbtrack.output('size', len(open('made/x.txt').read()))")
    first, second = tmp_path / "a", tmp_path / "b"
    (first / "nbtrack.yaml").write_text(
        "name: shared\nremote: " + bucket + "\nstages: {make: {notebook: make.ipynb, params: {n: 3}, outputs: [made]},"
        " use: {notebook: use.ipynb, inputs: [made], outputs: {size: {value: int}}}}"
    )
    shutil.copytree(first, second)
    assert set(phases(run(first)).values()) == {"done"}
    found = run(second)
    assert set(phases(found).values()) == {"cached"} and (second / "made" / "x.txt").read_text() == "xxx"
    listed("[s3.pipe(it, b'damaged') for it in s3.find('shared/results/objects')]")
    third = tmp_path / "c"
    shutil.copytree(first, third, ignore=shutil.ignore_patterns(".nbtrack", "made"))
    assert phases(run(third)) == {"make": "done", "use": "cached"}  # what is damaged is made again
    assert (third / "made" / "x.txt").read_text() == "xxx"
    mended = tmp_path / "mended"
    shutil.copytree(first, mended, ignore=shutil.ignore_patterns(".nbtrack", "made"))
    assert set(phases(run(mended)).values()) == {"cached"}  # and the bucket has it whole again
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    fourth = tmp_path / "d"
    shutil.copytree(first, fourth, ignore=shutil.ignore_patterns(".nbtrack", "made"))
    assert set(phases(run(fourth)).values()) == {"done"}  # and without the bucket all is made here


def test_daskss_workers_need_no_disk_of_this_machine(notebook, bucket, tmp_path, home):
    here, there = tmp_path / "here", tmp_path / "there"
    there.mkdir()
    notebook(
        "here/books/make.ipynb",
        "import helper, pathlib\npathlib.Path('../made').mkdir()\nfor step in range(5): loss = helper.half(step)",
        "open('../made/x.txt', 'w').write(open('../raw.txt').read() * 2)",
    )
    notebook("here/books/use.ipynb", "import nbtrack, os\nnbtrack.output('where', os.getcwd())\nnbtrack.output('text', open('../made/x.txt').read())")
    notebook("here/books/fail.ipynb", "open('half.txt', 'w').write('x')\n1 / 0")
    (here / "books" / "helper.py").write_text("def half(x): return x / 2")
    (here / "raw.txt").write_text("raw")
    (here / "nbtrack.yaml").write_text(
        "stages:\n  make: {notebook: books/make.ipynb, inputs: [raw.txt], outputs: [made]}\n"
        "  use: {notebook: books/use.ipynb, inputs: [made], outputs: {where: {value: str}, text: {value: str}}}\n"
        "  fail: {notebook: books/fail.ipynb, needs: [use]}\n"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("NBTRACK_")} | {"HOME": str(there), "TMPDIR": str(there)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": there, "env": env}
    dask = [sys.executable, "-m", "dask"]
    told = there / "scheduler.json"
    started = [subprocess.Popen([*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", told], **quiet)]
    try:
        while not told.exists():
            assert started[0].poll() is None
            time.sleep(0.1)
        started.append(
            subprocess.Popen([*dask, "worker", "--scheduler-file", told, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard"], **quiet)
        )
        address = json.loads(told.read_text())["address"].removeprefix("tcp://")
        found = run(here, "--executor", f"dask://{address}?files={bucket}", code=1)
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert phases(found) == {"make": "done", "use": "done", "fail": "failed"}, found
    assert (here / "made" / "x.txt").read_text() == "rawraw"
    views = {it: nbtrack.run(row["run_id"]) for it, row in found["stages"].items()}
    assert views["make"].metrics["loss"].last == 2.0 and views["fail"].state is State.FAILED and "ZeroDivisionError" in views["fail"].reason
    assert views["use"].tags["nbtrack.notebook"] == str(here / "books" / "use.ipynb")
    entries = [json.loads(it.read_text()) for it in (here / ".nbtrack" / "cache" / "last").glob("*.json")]
    where = next(it for it in entries if it["node"] == "use")
    assert where["outputs"]["where"]["value"].startswith(str(there)) and where["outputs"]["text"]["value"] == "rawraw"
    assert set(phases(run(here, "use")).values()) == {"cached"}
    assert not list(there.rglob("*.ipynb"))  # and nothing stays there
