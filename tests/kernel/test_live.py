"""The live view of a cell that takes long."""

import queue
import time

import pytest

LOOP = """
import time
for epoch in range({steps}):
    loss = 1 / (1 + epoch)
    time.sleep(0.1)
print("done")
42"""


@pytest.fixture
def outputs(kernel):
    """Runs a cell and returns every output message with the second it came: `outputs(code, cell_id)`."""

    def outputs(code, cell_id=None, after_s=3.0):
        asked, found, idle_at = kernel.send(code, cell_id), [], None
        while idle_at is None or time.monotonic() < idle_at + after_s:
            try:
                message = kernel.client.get_iopub_msg(timeout=after_s if idle_at else 120)
            except queue.Empty:
                break
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                idle_at = time.monotonic()
            elif message["msg_type"] in ("display_data", "update_display_data", "stream", "execute_result", "error"):
                found.append((message["msg_type"], message["content"]))
        return found

    return outputs


def lives(found):
    """Messages of the live view: those with a display id."""
    return [(kind, content) for kind, content in found if content.get("transient", {}).get("display_id")]


def test_a_long_cell_shows_where_it_is_and_ends_as_a_picture(kernel, outputs):
    kernel.run("import os; os.environ['NBTRACK_LIVE_S'] = '0.5'")
    began = time.monotonic()
    found = outputs("%%track fit" + LOOP.format(steps=40), "cell-1")
    shown = lives(found)
    assert shown[0][0] == "display_data"
    assert all(kind == "update_display_data" for kind, _ in shown[1:])
    assert len({content["transient"]["display_id"] for _, content in shown}) == 1
    texts = [content["data"]["text/plain"] for _, content in shown]
    assert any("of 40" in text and "left" in text and "steps/s" in text for text in texts), texts
    assert any("<svg" in content["data"].get("text/html", "") for _, content in shown)
    assert "image/png" in shown[-1][1]["data"]
    assert len(shown) <= 5 * (time.monotonic() - began) + 2
    assert [content["text"] for kind, content in found if kind == "stream"] == ["done\n"]
    assert [content["data"]["text/plain"] for kind, content in found if kind == "execute_result"] == ["42"]
    assert kernel.runs()[0].notices == ()


def test_a_short_cell_shows_none(kernel, outputs):
    assert lives(outputs("%%track fit\nx = 1", "cell-1", 1.0)) == []


def test_without_a_front_end_only_the_picture_at_the_end_is_shown(kernel, outputs):
    kernel.run("import os; os.environ['NBTRACK_LIVE_S'] = '0.5'")
    shown = lives(outputs("%%track fit" + LOOP.format(steps=10)))
    assert [(kind, "image/png" in content["data"]) for kind, content in shown] == [("display_data", True)]


@pytest.mark.parametrize("line", ["%%track fit --quiet", "%%track fit"])
def test_quiet_cells_and_setting_nought_show_none(kernel, outputs, line):
    kernel.run(f"import os; os.environ['NBTRACK_LIVE_S'] = '{'0.5' if 'quiet' in line else '0'}'")
    assert lives(outputs(line + LOOP.format(steps=10), "cell-1", 1.0)) == []


def test_what_capture_takes_does_not_hold_the_view(kernel, outputs):
    kernel.run("import os; os.environ['NBTRACK_LIVE_S'] = '0.5'")
    assert lives(outputs("%%track fit\n%%capture out" + LOOP.format(steps=15), "cell-1"))
    assert kernel.run("len(out.outputs), out.stdout").result == "(1, 'done\\n')"


def test_an_interrupted_cell_ends_its_view(kernel, outputs):
    kernel.run("import os, threading, _thread; os.environ['NBTRACK_LIVE_S'] = '0.3'")
    found = outputs("%%track fit\nthreading.Timer(1.5, _thread.interrupt_main).start()" + LOOP.format(steps=100), "cell-1")
    assert [content["ename"] for kind, content in found if kind == "error"] == ["KeyboardInterrupt"]
    assert "image/png" in lives(found)[-1][1]["data"]
    assert kernel.run("import threading; [it.name for it in threading.enumerate() if it.name == 'nbtrack-live']").result == "[]"


def test_a_run_elsewhere_is_followed_until_it_ends(kernel, outputs):
    kernel.run("import subprocess, sys, time")
    script = "import nbtrack, time\nwith nbtrack.track('far'):\n    for step in range(30):\n        nbtrack.log(loss=1/(1+step)); time.sleep(0.1)"
    kernel.run(f"process = subprocess.Popen([sys.executable, '-c', {script!r}])\ntime.sleep(2.5)")
    shown = lives(outputs("%track live far", "cell-2", 6.0))
    assert "running" in shown[0][1]["data"]["text/plain"]
    assert "image/png" in shown[-1][1]["data"]
    kernel.run("process.wait()")
    assert "image/png" in lives(outputs("%track live far", "cell-3", 1.0))[0][1]["data"]
