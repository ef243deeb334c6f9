"""Gate `latency`: how fast the run's model answers, and what memory it takes, in a process of its own under a load that is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from nbtrack.gates import frames
from nbtrack.gates.gate import CannotTellError, Found, GateSpec, Subject, Text
from nbtrack.reads import words


class LatencyGate(GateSpec):
    """A model must answer in time, and fit into memory."""

    kind: Literal["latency"]
    p95_ms: float | None = Field(None, gt=0)
    """Milliseconds within which 95 of 100 requests must be answered."""
    memory_mb: float | None = Field(None, gt=0)
    """Megabytes (millions of bytes) that the model may add to a process, loaded and under load."""
    model: Text = ""
    """Name of the run's model; empty means the only one."""
    data: Text = ""
    """Rows to ask with, as a `data` gate takes them; empty means those kept with the model."""
    features: tuple[Text, ...] = ()
    """Columns the model gets; none means those its signature names, else all."""
    rows: int = Field(1, ge=1)
    """Of one request."""
    requests: int = Field(200, ge=20)
    """How many are measured."""
    warmup: int = Field(10, ge=0)
    """How many before them are not."""
    clients: int = Field(1, ge=1, le=64)
    """Threads that ask at the same time."""
    timeout_s: float = Field(300, gt=0)
    """Seconds the whole may take."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.p95_ms is None and self.memory_mb is None:
            raise ValueError("a latency gate needs p95_ms or memory_mb")
        return self

    def check(self, subject: Subject) -> Found:
        subject.tell(f"latency: {self._load()}")
        with subject.model(self.model) as folder:
            seen = self._measured(folder, subject)
        latency = [f"p50 {seen['p50_ms']:.3g} ms", f"p95 {seen['p95_ms']:.3g} ms", f"slowest {seen['slowest_ms']:.3g} ms"]
        details = (
            ("load", self._load()), ("latency", ", ".join(latency)), ("memory", f"{seen['loaded_mb']:.4g} MB loaded, {seen['peak_mb']:.4g} MB at most"),
            ("machine", f"{os.cpu_count()} CPUs, one process"),
        )  # fmt: skip
        slow = self.p95_ms is not None and not seen["p95_ms"] <= self.p95_ms
        large = self.memory_mb is not None and not seen["peak_mb"] <= self.memory_mb
        wanted = ", ".join(
            [*([f"p95 ≤ {self.p95_ms:g} ms"] if self.p95_ms is not None else []), *([f"memory ≤ {self.memory_mb:g} MB"] if self.memory_mb is not None else [])]
        )
        measured = seen["p95_ms"] if self.p95_ms is not None else seen["peak_mb"]
        why = f"p95 {words.number(seen['p95_ms'])} ms, {words.number(seen['peak_mb'])} MB, {self._load()}"
        mend = "" if not (slow or large) else "Take a smaller model, or fewer rows a request." + (" Measure again where nothing else runs." if slow else "")
        return Found(not (slow or large), measured, wanted, why, mend, details)

    def _load(self) -> str:
        clients = f"{self.clients} clients" if self.clients > 1 else "one client"
        return f"{self.requests} requests of {self.rows} row{'s' if self.rows > 1 else ''} by {clients} after {self.warmup} to warm up"

    def _measured(self, model: Path, subject: Subject) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="nbtrack-load-") as place:
            facts = {name: getattr(self, name) for name in ("rows", "requests", "warmup", "clients")}
            facts |= {"model": str(model), "data": "", "features": list(self.features), "answer": str(Path(place) / "answer.json")}
            if self.data:
                table = frames.frame(self.data, subject)
                if table.empty:
                    raise CannotTellError(f"{self.data} has no rows to ask with.", mend="Name other data.")
                facts["data"] = str(Path(place) / "data.pkl")
                table.to_pickle(facts["data"])
            command = [sys.executable, "-W", "ignore", "-m", "nbtrack.gates.load", json.dumps(facts)]
            try:
                done = subprocess.run(command, capture_output=True, timeout=self.timeout_s, check=False, cwd=subject.folder)
            except subprocess.TimeoutExpired as cause:
                mend = "Give it more, timeout_s, or ask for fewer requests."
                raise CannotTellError(f"{self._load()} took longer than {self.timeout_s:g} s.", mend=mend) from cause
            try:
                answer: dict[str, Any] = json.loads(Path(facts["answer"]).read_text())
            except (OSError, ValueError) as cause:
                last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["nothing"]
                raise CannotTellError(
                    f"The process that loads the model ended with {done.returncode} and said: {words.clean(last[0])}", mend="See SIGKILL as a want of memory."
                ) from cause
        if "error" in answer:
            raise CannotTellError(str(answer["error"]), mend=str(answer["mend"]))
        return answer
