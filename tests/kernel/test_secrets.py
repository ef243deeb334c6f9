"""Secrets in tracked cells, as the notebook and the store see them."""

from __future__ import annotations

PASSWORD = "hunter2" + "b"


def test_the_runs_line_hides_a_secret_the_journal_keeps_it_and_the_kernel_loads_no_scanner(kernel):
    reply = kernel.run(f'%%track -p db_password\ndb_password = "{PASSWORD}"\nlr = 0.1')
    assert PASSWORD not in reply.html[0] + reply.shown[0]
    assert "db_password=***" in reply.shown[0]
    [run] = kernel.runs()
    assert run.params == {"db_password": PASSWORD, "lr": "0.1"}
    loaded = kernel.run("import sys\n[name for name in sys.modules if name in ('detect_secrets', 'nbtrack.secrets.scanner')]")
    assert loaded.result == "[]"
    assert PASSWORD not in kernel.run("%track show").shown[0]


def test_what_the_line_allows_is_told_to_delivery(kernel):
    kernel.run("%%track --allow-secret aB3aB3aB3 --allow-secret high-entropy-string\nx = 1")
    [run] = kernel.runs()
    assert "high-entropy-string" in run.tags["nbtrack.secrets.allow"]
    assert "aB3aB3aB3" not in str(run.tags)
