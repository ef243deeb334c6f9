"""Where the order of a directory counts is found, and where it does not is passed over."""

from __future__ import annotations

import ast

import pytest

from nbtrack.notebooks.listings import HERE, listings_of


def found(code, own=()):
    return listings_of(ast.parse(code).body, own)


@pytest.mark.parametrize(
    "code",
    [
        "w = len(glob.glob('*.ipynb')[0])",
        "os.listdir('.')[0]",
        "next(Path('.').iterdir())",
        "for it in os.scandir('.'): use(it)",
        "for root, dirs, files in os.walk('.'): use(files)",
        "a, *b = glob('*')",
        "files = glob('*.csv')\ndf = pd.concat([pd.read_csv(f) for f in files])",
        "files = list(Path('.').glob('*'))\nuse(files[-1])",
        "names = [f for f in os.listdir() if f.endswith('.csv')]\nother = names\nother[0]",
        "files = sorted(f)\nfiles = os.listdir()\nprint(files)",
        "d = {f: read(f) for f in os.listdir()}",
        "w = list(map(read, os.listdir())).pop()",
    ],
)
def test_the_order_of_a_directory_is_found(code):
    assert HERE in found(code).used


@pytest.mark.parametrize(
    "code",
    [
        "files = sorted(glob.glob('*'))\nfor f in files: use(f)",
        "files = glob.glob('*')\nfiles.sort()\nfiles[0]",
        "for f in sorted(list(Path('.').iterdir())): use(f)",
        "n = len([f for f in os.listdir('.') if f[0] != '.'])",
        "total = sum(os.path.getsize(f) for f in glob.glob('*'))",
        "is_there = 'x' in os.listdir('.')",
        "names = set(os.listdir('.')) - known",
        "last = max(glob.glob('*.pt'), key=os.path.getmtime)",
        "for f in glob.glob('*.tmp'): os.remove(f)",
        "for node in ast.walk(tree): use(node)",
        "def f(): return os.listdir('.')[0]",
    ],
)
def test_where_order_does_not_count_nothing_is_found(code):
    assert HERE not in found(code).used


def test_a_listing_of_an_earlier_cell_is_named():
    assert "files" in found("first = files[0]").used
    assert "files" not in found("files = sorted(files)\nfirst = files[0]").used
    assert "files" not in found("first = files[0]", own={"files"}).used


def test_names_of_listings_are_handed_on():
    assert found("a = os.listdir()\nb = [f for f in files]\nc = sorted(files)").of({"files"}) == {"a", "b"}
    assert found("b = [f for f in files]").of(set()) == set()
