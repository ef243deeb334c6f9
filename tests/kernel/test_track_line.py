"""What `%track` and its words do in a real kernel."""

import os
import subprocess
import sys

import nbformat

from nbtrack.magics.commands import COMMANDS
from nbtrack.magics.grammar import OPTIONS


def test_log_param_tag_and_note_reach_an_ended_run_and_say_which(kernel):
    kernel.run("%%track ended\npass")
    assert "ended" in kernel.run("%track log acc=0.5 f1=0.4").stdout
    assert "ended" in kernel.run("%track param lr=0.1").stdout
    assert "ended" in kernel.run("%track tag a=b").stdout
    assert "ended" in kernel.run("%track note looks good").stdout
    run = kernel.runs()[0]
    assert (run.metrics["acc"].last, run.params["lr"], run.tags["a"], run.notes) == (0.5, "0.1", "b", ("looks good",))


def test_a_variable_that_is_no_setting_is_told_where_nbtrack_is_loaded(kernel):
    kernel.run("%unload_ext nbtrack\nimport os\nos.environ['NBTRACK_QUIT'] = '1'")
    assert "Did you mean NBTRACK_QUIET?" in kernel.run("%load_ext nbtrack").stderr


def test_a_note_without_words_is_refused(kernel):
    kernel.run("%%track fit\npass")
    assert "Write %track note TEXT" in kernel.run("%track note").stderr
    assert kernel.run("%track note ' '").stdout == ""
    kernel.run("%track note good --run fit")
    assert kernel.runs()[0].notes == ("good",)


def test_rm_and_unrm_move_a_run_to_the_trash_and_back(kernel):
    kernel.run("%%track gone\npass")
    kernel.run("%track rm gone")
    assert kernel.run("%track runs").result == "No runs."
    kernel.run("%track unrm gone")
    assert "gone" in kernel.run("%track runs").result


def test_runs_filter_and_show(kernel):
    for lr in ("0.1", "0.5"):
        kernel.run(f"%%track fit{lr[-1]}\nlr = {lr}")
    assert "fit5" not in kernel.run("%track runs lr<0.3").result
    assert "fit1" in kernel.run("%track runs lr<0.3").result
    assert "params" in kernel.run("%track show fit1").shown[0]
    assert "Did you mean 'fit5'?" in kernel.run("%track show fit55").stderr
    assert "Did you mean lr?" in kernel.run("%track runs --columns lrr").stderr
    assert "whole number" in kernel.run("%track log acc=1 --step some").stderr


def test_every_option_and_command_completes_and_nothing_else_is_offered(kernel):
    assert _matches(kernel, "%%track -") == _matches(kernel, "%track on x -") == set(OPTIONS)
    assert _matches(kernel, "%%track --") == {option for option in OPTIONS if option.startswith("--")}
    assert _matches(kernel, "%%track name --ex") == {"--experiment"}
    assert _matches(kernel, "%track ") == set(COMMANDS)
    assert _matches(kernel, "%track sh") == {"show"}
    assert _matches(kernel, "%track log --") == {"--run", "--step"}
    assert _matches(kernel, "%track restore x --") == {"--cell", "--recipe", "--executed", "--document", "--env", "--model", "--data", "--to"}
    assert _matches(kernel, "%track reproduce x --env ") == {"current", "same", "fresh"}
    assert _matches(kernel, "%track runs --") == {"--columns", "--all-columns"}


def test_values_of_options_complete(kernel):
    kernel.run("accuracy = 0.5")
    kernel.run("%%track first -e trials -m accuracy\npass")
    assert "accuracy" in _matches(kernel, "%%track -m acc")
    assert "In" not in _matches(kernel, "%%track -m ")
    assert _matches(kernel, "%%track --goal m") == {"max:", "min:", "max:accuracy", "min:accuracy"}
    assert _matches(kernel, "%%track --goal max:a") == {"max:accuracy"}
    assert _matches(kernel, "%%track -e t") == {"trials"}
    assert _matches(kernel, "%%track --models ") == {"final", "all", "none"}
    assert (
        _matches(kernel, "%%track --parent f")
        == _matches(kernel, "%track show f")
        == _matches(kernel, "%track log --run f")
        == _matches(kernel, "%track diff f")
        == {"first"}
    )
    assert "accuracy" in _matches(kernel, "acc")


def test_help_tells_every_option_and_command(kernel):
    for asked in ("%%track", "%track"):
        kernel.client.inspect(asked, len(asked))
        told = kernel.client.get_shell_msg(timeout=60)["content"]["data"]["text/plain"]
        assert [word for word in (*OPTIONS, *(f"%track {command}" for command in COMMANDS)) if word not in told] == []


def test_every_wrong_line_stops_the_cell_and_says_what_is_right(kernel):
    for line, mend in (
        ("-m", "Write -m NAME"), ("a b", 'Put quotes around a name with spaces: "a b"'), ("-t foo", "Write -t foo=VALUE"),
        ("--goal best:acc", "Write --goal max:NAME"), ("'", "Close the quote"), ("--updat", "Did you mean --update?"), ("-z", "Did you mean"),
    ):  # fmt: skip
        assert mend in kernel.run(f"%%track {line}\nran = True").stderr, line
    assert kernel.run("'ran' in globals()").result == "False"
    assert kernel.runs() == []


def test_the_status_names_store_and_journal(kernel):
    status = kernel.run("%track").result
    assert "mlflow.db" in status
    assert str(kernel.home.root) in status


def _matches(kernel, code):
    """The texts a front end would offer in place of the whole word before the cursor."""
    kernel.client.complete(code, len(code))
    content = kernel.client.get_shell_msg(timeout=60)["content"]
    kept = code[: content["cursor_start"]]
    return {f"{kept}{match}".split()[-1] for match in content["matches"]}


def test_a_file_that_ipython_runs_unseen_is_told_of(kernel_env, tmp_path):
    """`ipython FILE` executes its cells silently: no hook tells of them."""
    cells = [nbformat.v4.new_code_cell(text) for text in ("%load_ext nbtrack", "%%track one\nlr = 0.1", "%track on many", "print('end', lr)")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "file.ipynb")
    argv = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", str(tmp_path / "file.ipynb")]
    done = subprocess.run(argv, env={**os.environ, **kernel_env}, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert "end 0.1" in done.stdout
    assert "tracking as many" in done.stdout
    assert "IPython does not tell of the cells of a file" in done.stdout
    assert done.stderr.count("this cell is not tracked") == 1
