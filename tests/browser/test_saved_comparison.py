"""What a notebook keeps of a comparison, opened again where its kernel is not."""

from __future__ import annotations

import json
import subprocess

import nbformat
import pytest
from live_lab import IDLE, command, open_in, run_all, save

from nbtrack.widgets.kept import KIND, LARGEST

pytestmark = pytest.mark.browser
TRAIN = """%%track {name}
lr, seed = {lr}, {seed}
for epoch in range(20):
    loss = (1 + seed / 50) / (1 + lr * epoch)
acc = 1 - loss
"""
KEPT = "Kept in this notebook"


@pytest.fixture(params=["lab", "notebook7"])
def saved(request, page, word):
    """A notebook that compared four runs, saved, with its kernel still there: the server and the file."""
    server = request.getfixturevalue(request.param)
    cells = [TRAIN.format(name=f"kept-{word}", lr=lr, seed=seed) for lr in (0.1, 0.5) for seed in (1, 2)]
    path = server.notebook(f"saved-{word}.ipynb", "%load_ext nbtrack", *cells, f"%track compare name:kept-{word}")
    open_in(page, server, path.name)
    run_all(page)
    page.locator(".nbtrack-still.nbt-live .nbt-row").first.wait_for()
    assert page.get_by_text(KEPT).count() == 0
    page.locator("img[src^='data:image/png']").first.wait_for(state="attached")  # the stills come once the view stands
    save(page)
    return server, path


def reads(page):
    """The view draws from what was kept: it sorts, filters and shows curves without anybody to ask."""
    view = page.locator(".nbtrack-still:not(.nbt-live)")
    view.get_by_text(KEPT).wait_for()
    view.get_by_label("Filter").fill("lr>.2")
    view.get_by_text("2 of 4 runs").wait_for()
    for name, sign in {"Curves": ".nbt-plot canvas", "Statistics": ".nbt-interval", "What changed": ".nbt-difference", "Table": ".nbt-row"}.items():
        view.get_by_role("tab", name=name).click()
        view.locator(sign).first.wait_for()
        assert view.get_by_role("alert").count() == 0, view.get_by_role("alert").first.inner_text()
    page.locator("img[src^='data:image/png']").first.wait_for(state="hidden")
    assert page.get_by_text("model not found").count() == 0
    assert view.get_by_role("button", name="Move to trash").count() == 0


def test_a_notebook_without_its_kernel_shows_the_same_view(saved, page):
    _, path = saved
    shown, picture = json.loads(path.read_text())["cells"][-1]["outputs"]
    assert (sorted(shown["data"]), sorted(picture["data"])) == ([KIND, "text/html", "text/plain"], ["image/png", "text/plain"])
    assert len(json.dumps(shown["data"][KIND])) <= LARGEST
    # Its kernel starts again under the open view
    page.evaluate("void window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.locator(".nbtrack-still:not(.nbt-live)").get_by_text(KEPT).wait_for()
    # Gone, and the page loaded anew
    page.wait_for_function(IDLE)
    command(page, "kernelmenu:shutdown")
    page.reload()
    reads(page)


@pytest.mark.parametrize("saved", ["lab"], indirect=True)
def test_a_notebook_that_nobody_trusts_shows_it_too_and_runs_nothing(saved, page, word):
    server, path = saved
    notebook = nbformat.read(path, as_version=4)
    kept = notebook.cells[-1].outputs[0].data[KIND]
    kept.data = kept.data.replace(f'"kept-{word}"', '"<img src=x onerror=window.hacked=1>"')
    notebook.cells[-1].outputs[0].data["text/html"] += "<script>window.hacked = 1</script>"
    nbformat.write(notebook, path.with_name(f"stranger-{word}.ipynb"))
    open_in(page, server, f"stranger-{word}.ipynb")
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.model.cells.get(5).trusted") is False
    page.locator(".nbtrack-still").get_by_text(KEPT).wait_for()
    page.locator(".nbt-row", has_text="<img src=x").first.wait_for()
    assert page.evaluate("window.hacked") is None
    # A front end that knows nothing of us
    page.evaluate(f"window.jupyterapp.shell.currentWidget.content.rendermime.removeMimeType('{KIND}')")
    command(page, "docmanager:reload")
    page.locator(".nbtrack-still table caption").wait_for()
    page.locator("img[src^='data:image/png']").wait_for()
    page.wait_for_function(IDLE)


@pytest.mark.parametrize(
    ("words", "shows"),
    [
        (("jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace", "{0}"), "nbtrack.compare('name:{name}')"),
        (("papermill", "{0}", "{0}"), "%track compare name:{name}"),
    ],
    ids=["nbconvert", "papermill"],
)
def test_a_notebook_executed_where_nobody_looked_shows_the_view_when_it_is_opened(words, shows, lab, page, word):
    """The file is a stranger's first; then its owner trusts it."""
    name = f"by-{words[0]}-{word}"
    cells = [TRAIN.format(name=name, lr=lr, seed=seed) for lr in (0.1, 0.5) for seed in (1, 2)]
    path = lab.notebook(f"{name}.ipynb", "%load_ext nbtrack\nimport nbtrack", *cells, shows.format(name=name))
    command_line = [lab.python, "-m", *(it.format(path) for it in words)]
    done = subprocess.run(command_line, env=lab.env, cwd=lab.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    notebook = nbformat.read(path, as_version=4)
    assert "widgets" not in notebook.metadata
    shown, *_ = notebook.cells[-1].outputs
    assert sorted(shown.data) == [KIND, "text/html", "text/plain"]
    is_trusted = f"window.jupyterapp.shell.currentWidget.content.model.cells.get({len(notebook.cells) - 1}).trusted"
    open_in(page, lab, path.name)
    assert page.evaluate(is_trusted) is False
    reads(page)
    subprocess.run([lab.python, "-m", "jupyter", "trust", path], env=lab.env, check=True, capture_output=True)
    open_in(page, lab, path.name)
    assert page.evaluate(is_trusted) is True
    reads(page)
