"""What changed since the attempt before, in a real kernel."""

from __future__ import annotations


def test_from_the_second_attempt_on_the_line_says_what_changed(kernel):
    first = kernel.run("%%track fit -m accuracy\nlr = 0.1\naccuracy = 0.93", cell_id="c")
    assert "changed:" not in first.shown[0]
    second = kernel.run("%%track fit -m accuracy\nlr = 0.01\naccuracy = 0.95", cell_id="c")
    assert "changed: lr 0.1 → 0.01; accuracy 0.93 → 0.95 (better)" in second.shown[0]
    assert "changed: lr 0.1 → 0.01" in second.html[0]
    assert kernel.run("import sys\n'nbdime' in sys.modules").result == "False"
    alone = kernel.run("%%track alone\nother = 1\nacc = 0.5")
    assert alone.status == "ok"
    none = kernel.run("%track changed")
    assert (none.status, "is the first attempt of its cell" in none.stdout) == ("ok", True)
    page = kernel.run("%track changed fit")
    assert "fit" in page.result and "0.01" in page.result
    assert "better" in kernel.run("%track diff fit#1 fit#2").result
    assert "compares two runs" in kernel.run("%track diff fit#1").stderr
