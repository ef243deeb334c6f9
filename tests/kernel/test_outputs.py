"""Every executed cell's outputs are kept as a front end has them, and nobody notices."""

import json

import nbformat
import pytest
from nbclient import NotebookClient

DUMP = """
import json
entries = get_ipython()._nbtrack_session.ledger.entries
with open("ledger.json", "w") as file:
    json.dump([[entry.source, entry.outputs] for entry in entries], file)
"""

CELLS = {
    "prints and a value": "print('a'); print('b')\n41 + 1",
    "both streams in turn": "import sys\nfor i in range(3):\n    print(i, flush=True)\n    print('e', i, file=sys.stderr, flush=True)",
    "a picture between prints": "from IPython.display import Image, display\nimport base64\nprint('before')\n"
    "display(Image(base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==')))\nprint('after')",
    "an error": "print('so far')\n1/0",
    "broken syntax": "x = = 1",
    "an output that is updated": "handle = display({'n': 1}, display_id='shared')\nhandle.update({'n': 2})\nprint('done')",
    "an update from a later cell": "handle.update({'n': 3})",
    "cleared at once": "from IPython.display import clear_output\nprint('gone')\ndisplay('gone too')\nclear_output()\nprint('kept')",
    "cleared by the next output": "for i in range(3):\n    print('frame', i)\n    clear_output(wait=True)\n    display(i)",
    "nothing after a waiting clear": "print('stays')\nclear_output(wait=True)",
    "a progress bar": "import time\nfor i in range(4):\n    print(f'\\r{i}/3', end='')\nprint()",
    "redirected output": "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n    print('swallowed')\nprint('seen')",
    "captured output": "%%capture caught\nprint('swallowed')\ndisplay(1)\n2",
    "its replay": "caught()",
    "a thread": "import threading\nthread = threading.Thread(target=lambda: print('from a thread'))\nthread.start()\nthread.join()",
    "a child process that inherits": "import subprocess\nsubprocess.run(['echo', 'from a child'])\nNone",
    "a shell line": "!echo from a shell",
    "a silenced value": "41;",
    "html and json": "from IPython.display import HTML, JSON\ndisplay(HTML('<b>x</b>'))\ndisplay(JSON({'a': [1, 2]}))",
    "raw json": "display({'application/json': {'a': 1}, 'text/plain': 'a'}, raw=True, metadata={'m': 1})",
    "top-level await": "import asyncio\nawait asyncio.sleep(0)\nprint('awaited')\n'value'",
    "an exit hook": "get_ipython().events.register('post_execute', hook := lambda: print('post'))",
    "after it": "get_ipython().events.unregister('post_execute', hook)",
}


@pytest.fixture
def execute(tmp_path, kernel_env, monkeypatch):
    """Executes cells by nbclient, which applies messages as front ends do; gives its outputs and what nbtrack kept."""
    for name, value in kernel_env.items():
        monkeypatch.setenv(name, value)

    def execute(cells, coalesce=True):
        sources = ["%load_ext nbtrack", *cells, DUMP]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        client = NotebookClient(notebook, timeout=120, allow_errors=True, coalesce_streams=coalesce, resources={"metadata": {"path": str(tmp_path)}})
        client.execute()
        seen = [[dict(output) for output in cell.outputs] for cell in notebook.cells[1:-1]]
        kept = [outputs for _, outputs in json.loads((tmp_path / "ledger.json").read_text())][1:-1]
        return json.loads(json.dumps(seen)), kept

    return execute


def plain(outputs):
    """nbclient joins streams over other outputs that stand between them; by themselves both sides must agree."""
    texts = {"stdout": "", "stderr": ""}
    for output in outputs:
        if output["output_type"] == "stream":
            texts[output["name"]] += output["text"].replace("\r\n", "\n")
    return texts, [output for output in outputs if output["output_type"] != "stream"]


def test_what_is_kept_is_what_a_front_end_has(execute):
    seen, kept = execute(CELLS.values())
    for name, theirs, ours in zip(CELLS, seen, kept, strict=True):
        assert plain(ours) == plain(theirs), name


def test_tracked_cells_are_kept_alike_without_the_runs_own_line(execute):
    _, kept = execute(["%%track\nprint('a')\n42"])
    assert [(output["output_type"], output.get("text") or output["data"]) for output in kept[0]] == [
        ("stream", "a\n"),
        ("execute_result", {"text/plain": "42"}),
    ]


def test_what_is_kept_is_a_valid_notebook(execute):
    _, kept = execute(CELLS.values())
    cells = [nbformat.v4.new_code_cell("", outputs=[nbformat.from_dict(output) for output in outputs]) for outputs in kept]
    nbformat.validate(nbformat.v4.new_notebook(cells=cells))


def test_streams_stand_in_true_order_between_the_other_outputs(execute):
    _, kept = execute(["print('one')\ndisplay(1)\nprint('two')\ndisplay(2)"])
    assert [output.get("text") or output["data"]["text/plain"] for output in kept[0]] == ["one\n", "1", "two\n", "2"]


def test_output_of_forked_workers_belongs_to_their_cell(execute):
    cell = """
import multiprocessing, time
def work(number):
    print("worker", number, flush=True)
with multiprocessing.get_context("fork").Pool(2) as pool:
    pool.map(work, range(3))
print("parent")
time.sleep(1)
"""
    seen, kept = execute([cell])
    assert plain(kept[0]) == plain(seen[0])
    assert plain(kept[0])[0]["stdout"].count("worker") == 3


def test_what_a_thread_says_late_is_still_kept(execute):
    late = "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.5), print('late'))).start()"
    _, kept = execute([late, "time.sleep(1.5)"])
    assert "late\n" in (plain(kept[0])[0]["stdout"] + plain(kept[1])[0]["stdout"])


def test_a_flood_keeps_its_head_and_tail(execute):
    _, kept = execute(["for i in range(200):\n    print(str(i) * 300_000)\nprint('the end')"], coalesce=False)
    text = plain(kept[0])[0]["stdout"]
    assert len(text) < 1_200_000
    assert text.startswith("000")
    assert text.endswith("the end\n")
    assert "characters left out" in text


def test_unloading_leaves_nothing_behind(kernel):
    reply = kernel.run(
        "%unload_ext nbtrack\nshell = get_ipython()\n"
        "[name for thing in (shell.display_pub.session, shell.display_pub.pub_socket.io_thread) for name in vars(thing) if name in ('send', 'send_multipart')]"
    )
    assert reply.result == "[]"


def test_what_a_child_process_wrote_is_kept_and_counted_also_where_nobody_tracks_the_cell(execute, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)  # with it, ipykernel leaves children their parent's output
    child, text = "import subprocess\nsubprocess.run(['seq', '3000'])\nNone", "".join(f"{number}\n" for number in range(1, 3001))
    count = "import time\ntime.sleep(1)\nfrom nbtrack.capture.outputs import Outputs\nget_ipython()._nbtrack_session.collector.one(Outputs)._size_bytes"
    seen, kept = execute([child, child, child, count])
    assert [plain(it)[0]["stdout"] for it in kept[:3]] == [plain(it)[0]["stdout"] for it in seen[:3]] == [text] * 3
    assert int(kept[3][0]["data"]["text/plain"]) >= 3 * len(text)
