"""System metrics while a cell runs."""

import time


def system(run):
    return {name: it for name, it in run.metrics.items() if name.startswith("system/")}


def test_a_long_cell_is_sampled_and_the_sampling_ends_with_it(kernel):
    kernel.run("import os, time\nos.environ['NBTRACK_SYSTEM_S'] = '0.2'")
    reply = kernel.run("%%track\nblock = bytearray(200_000_000)\nfor i in range(30):\n    sum(range(10_000))\n    time.sleep(0.1)\nscore = 1")
    found = system(kernel.runs()[0])
    assert {name.removeprefix("system/") for name in found} >= {
        "cpu_utilization_percentage", "system_memory_usage_megabytes", "system_memory_usage_percentage", "disk_usage_percentage", "disk_usage_megabytes",
        "disk_available_megabytes", "process_memory_megabytes", "process_cpu_percentage",
    }  # fmt: skip
    assert found["system/cpu_utilization_percentage"].count > 1
    assert 0 <= found["system/cpu_utilization_percentage"].lowest <= found["system/cpu_utilization_percentage"].highest <= 100
    assert found["system/process_memory_megabytes"].last > 200
    assert "system/" not in "".join(reply.html + reply.shown)
    assert "system/" in kernel.run("%track show").shown[0]
    assert "system/" not in kernel.run("%track runs").result
    time.sleep(0.5)
    assert system(kernel.runs()[0]) == found
    assert kernel.runs()[0].notices == ()


def test_a_short_cell_has_none(kernel):
    kernel.run("import os, time\nos.environ['NBTRACK_SYSTEM_S'] = '0.2'")
    kernel.run("%%track\nx = 1")
    kernel.run("time.sleep(1.5)")
    assert system(kernel.runs()[0]) == {}


def test_they_can_be_switched_off_and_left_out_by_name(kernel):
    kernel.run("import os, time\nos.environ['NBTRACK_SYSTEM_S'] = '5'")
    kernel.run("%%track --no system/disk* \ntime.sleep(1.6)")
    kernel.run("%%track --capture -system\ntime.sleep(1.6)")
    kernel.run("os.environ['NBTRACK_SYSTEM_S'] = '0'")
    kernel.run("%%track\ntime.sleep(1.6)")
    runs = kernel.runs()
    assert [bool(system(run)) for run in runs].count(True) == 1
    names = [name for run in runs for name in system(run)]
    assert "system/cpu_utilization_percentage" in names
    assert not any("disk" in name for name in names)


def test_an_interrupted_cell_is_sampled_no_more(kernel):
    kernel.run("import os, time\nos.environ['NBTRACK_SYSTEM_S'] = '0.1'")
    msg = kernel.send("%%track\ntime.sleep(60)")
    deadline = time.monotonic() + 60
    while not kernel.runs() or not system(kernel.runs()[0]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kernel.manager.interrupt_kernel()
    assert kernel.answer(msg).ename == "KeyboardInterrupt"
    found = system(kernel.runs()[0])
    time.sleep(0.5)
    assert system(kernel.runs()[0]) == found


def test_one_thread_samples_for_all_cells_and_ends_with_the_extension(kernel, until):
    count = "import threading\nsum(thread.name == 'nbtrack-system' for thread in threading.enumerate())"
    kernel.run("import os\nos.environ['NBTRACK_SYSTEM_S'] = '5'")
    for _ in range(3):
        kernel.run("%%track\nx = 1")
    assert kernel.run(count).result == "1"
    kernel.run("%unload_ext nbtrack")
    until(lambda: kernel.run(count).result == "0")
