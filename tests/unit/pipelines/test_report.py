"""The page that is kept of a notebook that was executed."""

from __future__ import annotations

import nbformat
import pytest
from nbconvert import HTMLExporter

from nbtrack.pipelines.report import load_ahead, report_of

new = nbformat.v4
STREAM = new.new_output("stream", text="it says <3\n")
PICTURE = new.new_output("display_data", {"image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="})


@pytest.mark.parametrize("output", [STREAM, PICTURE], ids=["text", "picture"])
def test_it_is_the_page_that_nbconvert_makes(output):
    load_ahead()
    book = new.new_notebook(cells=[new.new_markdown_cell("# Title\n\nA *word*."), new.new_code_cell("print('<')", outputs=[output])])
    page = report_of(nbformat.writes(book).encode()).decode()
    wanted, _ = HTMLExporter(template_name="classic").from_notebook_node(book)
    assert _text(page) == _text(wanted)
    assert page.count("<img") == wanted.count("<img") == page.count("No description has been provided")


def _text(page):
    from bs4 import BeautifulSoup

    return BeautifulSoup(page, "html.parser").body.get_text()
