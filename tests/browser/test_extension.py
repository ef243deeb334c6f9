"""The prebuilt extension, as an installed nbtrack brings it."""

from __future__ import annotations

import pytest
from live_lab import command, open_in

import nbtrack


@pytest.mark.browser
@pytest.mark.parametrize("app", ["lab", "notebook7"])
def test_the_extension_loads_and_knows_its_version(app, page, request):
    server = request.getfixturevalue(app)
    server.notebook("empty.ipynb", "1")
    open_in(page, server, "empty.ipynb")
    command(page, "nbtrack:about")
    assert f"Version {nbtrack.__version__}" in page.locator(".jp-Dialog").inner_text()
