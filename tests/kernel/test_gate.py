"""`%track gate` in a real kernel."""


def test_a_run_of_the_notebook_is_held_against_its_gates_and_the_kernel_stays_light(kernel):
    (kernel.folder / "nbtrack.yaml").write_text(
        "gates:\n  good: {kind: metric, metric: score, threshold: 0.5}\n  stamp: {kind: reproducible, severity: warning}\n"
    )
    kernel.run("%%track fit\nscore = sum([0.25, 0.5])")
    reply = kernel.run("%track gate fit")
    assert reply.status == "ok", reply.traceback
    assert "good   0.75 (wanted score ≥ 0.5)" in reply.result
    assert kernel.run("import sys\n'mlflow' in sys.modules, 'pandera' in sys.modules").result == "(False, False)"
    assert {view.name: view.tags["nbtrack.gates"] for view in kernel.runs()} == {"fit": "passed"}
    wrong = kernel.run("%track gate fit --gate x")
    assert "has no option '--gate'" in wrong.stderr + wrong.traceback and "--gates" in wrong.stderr + wrong.traceback
