"""`%track compare` in a kernel."""


def test_runs_are_compared_below_the_cell(kernel):
    for lr in (0.1, 0.2):
        kernel.run(f"%%track fit\nlr = {lr}\nlosses = []\nfor epoch in range(10):\n    loss = 1 / (1 + epoch * lr)\n    losses.append(loss)")
    reply = kernel.run("%track compare fit --metric loss")
    assert reply.status == "ok", reply.traceback
    assert "has the lowest loss" in reply.shown[0]
    assert "<caption>" in reply.html[0]
    assert len(reply.shown) == 2  # table and picture
    grouped = kernel.run('%track compare "fit" and lr<0.3 --group lr')
    assert grouped.status == "ok", grouped.traceback
    assert "lr=0.1" in grouped.shown[0]


def test_a_person_at_a_console_does_not_wait_for_what_only_files_keep(kernel):
    for lr in (0.1, 0.2):
        kernel.run(f"%%track fit\nlr = {lr}\nacc = lr")
    assert "<caption>" in kernel.run("%track compare fit", can_ask=True).html[0]
    loaded = "import sys; 'nbdime' in sys.modules"  # differences of notebooks are read with it, which takes more than a second to load
    assert kernel.run(loaded).result == "False"
    kernel.run("%track compare fit")
    assert kernel.run(loaded).result == "True"


def test_what_cannot_be_compared_is_told(kernel):
    assert "No runs." in kernel.run("%track compare").shown[0]
    assert "at character" in kernel.run("%track compare lr<").stderr + kernel.run("%track compare lr<").traceback
    assert "no option '--metrik'" in kernel.run("%track compare --metrik acc").stderr
