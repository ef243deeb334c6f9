"""sacred: `log_scalar` puts into a queue, a heartbeat every 10 seconds takes it to the run's file.

Not through its QueueObserver: that one calls `log_metrics` in a way that only the MongoDB observer understands (0.8.7), and retries for ever.
"""

import importlib.metadata
import json
import queue
import threading
import warnings

warnings.simplefilter("ignore")
from sacred import SETTINGS, Experiment  # noqa: E402  it warns while it is imported
from sacred.observers import FileStorageObserver  # noqa: E402

SETTINGS.CAPTURE_MODE = "no"
SETTINGS.HOST_INFO.INCLUDE_GPU_INFO = False
SETTINGS.DISCOVER_SOURCES = "none"
SETTINGS.DISCOVER_DEPENDENCIES = "none"
_run = None
_end = threading.Event()
_thread = None


def start(folder):
    """sacred wants the whole program inside its main function; it gets a thread that waits there."""
    global _run, _thread
    experiment = Experiment("bench", save_git_info=False)
    experiment.observers.append(FileStorageObserver(str(folder / "sacred")))
    started = queue.Queue()

    @experiment.main
    def main(_run):
        started.put(_run)
        _end.wait()

    _thread = threading.Thread(target=experiment.run, daemon=True)
    _thread.start()
    _run = started.get(timeout=60)


def log(value):
    _run.log_scalar("loss", value)


def finish():
    _end.set()
    _thread.join()


def survivors(folder):
    found = []
    for path in (folder / "sacred").glob("*/metrics.json"):
        found += json.loads(path.read_text()).get("loss", {}).get("values", [])
    return found


def version():
    return importlib.metadata.version("sacred")
