"""Names left out for good, a notebook at a time."""

from nbtrack.journal import excluded


def test_names_are_kept_for_one_notebook(home):
    assert excluded.of(home, "/a.ipynb") == ()
    excluded.keep(home, "/a.ipynb", ("loss", "tmp_*"))
    assert excluded.of(home, "/a.ipynb") == ("loss", "tmp_*")
    assert excluded.of(home, "/b.ipynb") == ()
    excluded.keep(home, "/a.ipynb", ())
    assert excluded.of(home, "/a.ipynb") == ()


def test_a_spoilt_file_excludes_nothing(home):
    excluded.keep(home, "/a.ipynb", ("loss",))
    [file] = (home.root / "excluded").iterdir()
    for content in (b"", b"{", b"[]", b'{"names": 3}', b"\xff"):
        file.write_bytes(content)
        assert excluded.of(home, "/a.ipynb") == ()
