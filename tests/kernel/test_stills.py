"""What is left of a comparison in a notebook that was executed without anybody looking."""

import nbclient
import nbformat
import pytest
from nbconvert import HTMLExporter

CELLS = [
    "%load_ext nbtrack",
    *(f"%%track fit\nlr = {lr}\nlosses = []\nfor epoch in range(8):\n    loss = 1 / (1 + epoch * lr)\n    losses.append(loss)" for lr in (0.1, 0.2)),
    "%track compare fit --metric loss",
    "%track show fit",
    "import nbtrack\nnbtrack.compare().figure('parallel')",
]


@pytest.fixture
def executed(tmp_path, kernel_env, monkeypatch):
    for name, value in kernel_env.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    )
    nbformat.write(notebook, tmp_path / "in.ipynb")
    return tmp_path / "in.ipynb"


def kinds(cell):
    return [set(output.data) for output in cell.outputs if output.output_type in ("display_data", "execute_result")]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("runner", ["nbclient", "papermill"])
def test_table_and_picture_are_in_the_document_and_in_the_page_made_of_it(executed, runner):
    if runner == "nbclient":
        notebook = nbformat.read(executed, as_version=4)
        nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(executed.parent)}}).execute()
    else:
        import papermill

        papermill.execute_notebook(executed, executed.with_name("out.ipynb"), cwd=str(executed.parent), progress_bar=False)
        notebook = nbformat.read(executed.with_name("out.ipynb"), as_version=4)
    nbformat.validate(notebook)
    compared, shown, parallel = notebook.cells[-3:]
    assert kinds(compared) == [{"application/vnd.nbtrack.compare+json", "text/html", "text/plain"}, {"image/png", "text/plain"}]
    assert kinds(shown)[:2] == [{"text/html", "text/plain"}, {"image/png", "text/plain"}]
    assert kinds(parallel) == [{"image/png", "text/plain"}]
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "has the lowest loss" in page
    assert page.count("data:image/png;base64,") >= 3
    assert "widget-view" not in str(notebook)
