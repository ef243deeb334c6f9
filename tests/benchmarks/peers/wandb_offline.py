"""wandb with `mode="offline"`: its own process writes the run's file."""

import importlib.metadata
import json
import os
import struct

os.environ.setdefault("WANDB_SILENT", "true")
import wandb

_run = None


def start(folder):
    global _run
    _run = wandb.init(project="bench", mode="offline", dir=folder, settings=wandb.Settings(console="off", x_disable_stats=True))


def log(value):
    _run.log({"loss": value})


def finish():
    _run.finish()


def survivors(folder):
    from wandb.proto import wandb_internal_pb2

    found = []
    for path in folder.glob("wandb/offline-run-*/*.wandb"):
        for data in _records(path.read_bytes()):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            if record.WhichOneof("record_type") == "history":
                found += [json.loads(item.value_json) for item in record.history.item if item.key == "loss" or list(item.nested_key) == ["loss"]]
    return found


def _records(data):
    """Whole records of wandb's file: LevelDB's log format, 32 KiB blocks, after a header of 7 bytes."""
    offset, parts = 7, []
    while offset + 7 <= len(data):
        left = 32768 - offset % 32768
        if left < 7:
            offset += left
            continue
        size, kind = struct.unpack_from("<HB", data, offset + 4)
        if kind == 0 or offset + 7 + size > len(data):
            return
        parts.append(data[offset + 7 : offset + 7 + size])
        offset += 7 + size
        if kind in (1, 4):
            yield b"".join(parts)
            parts = []


def version():
    return importlib.metadata.version("wandb")
