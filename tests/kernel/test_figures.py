"""Figures and streams of a tracked cell, by a real kernel."""

import json

import pytest

from nbtrack.journal import blobs


@pytest.fixture
def artifacts(kernel, until):
    """Runs a cell and gives the artifacts of its run by path, once all that was left for later is there."""

    def artifacts(code, holds=lambda paths: True):
        reply = kernel.run(code)
        assert reply.status == "ok", reply.traceback
        kernel.run("from nbtrack.capture import background\nbackground.soon('later', int).result()")
        run = kernel.runs()[0]
        assert run.notices == ()
        return {it.path: blobs.get_bytes(kernel.home, it.blob) for it in run.artifacts}

    return artifacts


def rows(found):
    return [(row["path"], row["title"], row["order"], row["kind"]) for row in json.loads(found["figures/index.json"])]


def figures(found):
    return sorted(path for path in found if path.startswith("figures/") and path != "figures/index.json")


def test_a_shown_figure_is_kept_as_shown_with_its_title(artifacts):
    found = artifacts("%%track\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('Loss of the run')\nplt.show()\nplt.plot([1])\nNone")
    assert figures(found) == ["figures/figure-1.png", "figures/loss-of-the-run.png"]
    assert rows(found) == [("figures/loss-of-the-run.png", "Loss of the run", 1, "figure"), ("figures/figure-1.png", "", 2, "figure")]
    assert found["figures/figure-1.png"].startswith(b"\x89PNG")


def test_a_figure_saved_and_closed_is_kept_also_where_the_cell_imports_matplotlib(artifacts):
    found = artifacts("%%track\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.set_title('T')\nfig.savefig('roc')\nplt.close(fig)")
    assert rows(found) == [("figures/roc.png", "T", 1, "figure")]


def test_saved_and_shown_is_one_figure_and_the_saved_file_is_kept(artifacts, kernel):
    found = artifacts("%%track\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('curve.png', dpi=40)\nplt.show()")
    assert figures(found) == ["figures/curve.png"]
    assert found["figures/curve.png"] == (kernel.folder / "curve.png").read_bytes()


def test_saved_for_print_alone_is_kept_as_shown_too(artifacts):
    found = artifacts("%%track\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('curve.pdf')\nplt.show()")
    assert figures(found) == ["figures/curve.pdf", "figures/curve.png"]
    assert {row[2] for row in rows(found)} == {1}


def test_confusion_matrices_are_kept_as_numbers(artifacts):
    code = """%%track
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
told = [0, 0, 1, 1]
cm = confusion_matrix([0, 1, 1, 1], told)
ConfusionMatrixDisplay(cm, display_labels=["cat", "dog"]).plot()
ConfusionMatrixDisplay.from_predictions([0, 0, 0, 1], told)
None"""
    found = artifacts(code)
    held = {path: json.loads(data) for path, data in found.items() if path.startswith("matrices/")}
    assert held == {
        "matrices/cm.json": {"labels": ["cat", "dog"], "values": [[1, 0], [1, 2]]},
        "matrices/confusion matrix 2.json": {"labels": ["0", "1"], "values": [[2, 1], [0, 1]]},
    }


def test_the_same_picture_twice_is_kept_once(artifacts):
    found = artifacts("%%track\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nfig")
    assert len(figures(found)) == 1


def test_frames_saved_in_a_loop_are_figures_of_their_own(artifacts):
    code = "%%track\nimport matplotlib.pyplot as plt\nfor i in range(3):\n    fig = plt.figure()\n    plt.plot([i, i * i])\n    fig.savefig(f'frame_{i}.png')\n    plt.close(fig)"
    assert figures(artifacts(code)) == [f"figures/frame_{i}.png" for i in range(3)]


def test_a_live_plot_leaves_its_last_state(artifacts):
    code = """%%track
import matplotlib.pyplot as plt
from IPython.display import clear_output
for i in range(3):
    clear_output(wait=True)
    plt.plot(range(i + 1))
    plt.title(f"epoch {i}")
    plt.show()
"""
    assert figures(artifacts(code)) == ["figures/epoch-2.png"]


def test_an_error_in_savefig_shows_no_frame_of_ours(kernel):
    kernel.run("import matplotlib.pyplot as plt")
    plain = kernel.run("plt.plot([1])\nplt.savefig('/nowhere/at/all.png')")
    assert plain.ename == "FileNotFoundError"
    assert "nbtrack" not in plain.traceback
    assert "observed" not in plain.traceback


def test_savefig_is_what_it_was_after_unloading(kernel):
    kernel.run("import matplotlib.pyplot as plt, PIL.Image\nfrom matplotlib.backend_bases import FigureCanvasBase as Canvas")
    kernel.run("%unload_ext nbtrack")
    reply = kernel.run("import sys\n[hasattr(it, '__wrapped__') for it in (Canvas.print_figure, PIL.Image.Image.save)], 'nbtrack' in repr(sys.meta_path)")
    assert reply.result == "([False, False], False)"


def test_plotly_and_altair_are_kept_as_they_came(artifacts):
    pytest.importorskip("plotly")
    pytest.importorskip("altair")
    code = """%%track
import altair as alt
import pandas as pd
import plotly.graph_objects as go
go.Figure(go.Scatter(y=[1, 2]), layout_title_text="By plotly").show("plotly_mimetype")
display(alt.Chart(pd.DataFrame({"x": [1], "y": [2]}), title="By altair").mark_point().encode(x="x", y="y"))
"""
    found = artifacts(code)
    assert [row[1] for row in rows(found)] == ["By plotly", "By altair"]
    assert json.loads(found["figures/by-plotly.json"])["layout"]["title"]["text"] == "By plotly"
    assert any(path.startswith("figures/by-altair.") for path in found)


def test_plotly_saved_as_html_and_shown_is_one_figure(artifacts):
    pytest.importorskip("plotly")
    code = """%%track
import plotly.express as px
fig = px.line(y=[1, 2], title="Sales")
fig.write_html("sales.html", include_plotlyjs="cdn")
fig.show("plotly_mimetype")
"""
    assert figures(artifacts(code)) == ["figures/sales.html"]


def test_pictures_tables_and_sounds_are_kept_and_only_pictures_are_figures(artifacts, kernel):
    pytest.importorskip("pandas")
    code = """%%track
import pandas as pd
from IPython.display import HTML, SVG, Audio
from PIL import Image
display(Image.new("RGB", (4, 4)))
Image.new("RGB", (5, 5), "red").save("red.png")
display(SVG("<svg xmlns='http://www.w3.org/2000/svg'></svg>"))
display(Audio([0.0, 0.1], rate=8000))
display(HTML("<b>no picture</b>"))
pd.DataFrame({"a": [1]})
"""
    found = artifacts(code)
    assert figures(found) == ["figures/audio-1.html", "figures/figure-1.png", "figures/figure-2.svg", "figures/red.png", "figures/table-1.html"]
    assert [row[3] for row in rows(found)] == ["figure", "figure", "audio", "table", "figure"]


def test_cells_of_one_run_share_an_index_and_no_name(kernel, artifacts):
    kernel.run("%track on\nimport matplotlib.pyplot as plt")
    kernel.run("plt.plot([1])\nplt.title('loss')\nplt.show()")
    found = artifacts("plt.plot([1, 2])\nplt.title('loss')\nplt.show()")
    assert figures(found) == ["figures/loss-2.png", "figures/loss.png"]
    assert len({row["number"] for row in json.loads(found["figures/index.json"])}) == 2


def test_figures_are_left_out_where_they_are_not_wanted(kernel, artifacts):
    found = artifacts("%%track --capture -figures\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()")
    assert figures(found) == []


def test_streams_are_kept_with_progress_bars_in_their_last_state(artifacts):
    code = "%%track\nimport sys\nfor i in range(5):\n    print(f'\\r{i}/4', end='', file=sys.stderr, flush=True)\n    print('epoch', i, flush=True)\nprint('done', 1)"
    found = artifacts(code)
    assert found["streams/stdout.txt"] == b"epoch 0\nepoch 1\nepoch 2\nepoch 3\nepoch 4\ndone 1\n"
    assert found["streams/stderr.txt"] == b"4/4"
    index = {row["stream"]: row for row in json.loads(found["streams/index.json"])}
    assert [line for line, _ in index["stdout"]["lines"]][:3] == [0, 1, 2]
    assert index["stdout"]["lines"] == sorted(index["stdout"]["lines"])
    assert not index["stdout"]["is_cut"]


def test_streams_of_cells_of_one_run_stand_below_each_other(kernel, artifacts):
    kernel.run("%track on")
    kernel.run("print('one', end='')")
    kernel.run("2")
    found = artifacts("print('two')")
    assert found["streams/stdout.txt"] == b"one\ntwo\n"


def test_a_silent_cell_has_no_streams_and_a_failed_one_has(kernel, artifacts):
    assert not any(path.startswith("streams/") for path in artifacts("%%track\nx = 1"))
    kernel.run("%%track\nprint('before')\n1/0")
    assert artifacts("1")["streams/stdout.txt"] == b"before\n"
