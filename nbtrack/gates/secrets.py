"""Gate `secrets`: nothing the run keeps holds a password, key or token."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from nbtrack.amounts import counted
from nbtrack.delivery.mask import LARGEST, OURS, Mask
from nbtrack.gates.gate import Found, GateSpec, Subject, Text
from nbtrack.replay import files
from nbtrack.secrets.policy import ALLOW_TAG, MODE_TAG, allow_text

_SHOWN = 5


class SecretsGate(GateSpec):
    """The run must hold no secret, not even one that is struck out on its way to MLflow."""

    kind: Literal["secrets"]
    allow: tuple[Text, ...] = ()
    """What is no secret: a value, or a kind such as `high-entropy-string`. What the run and the baseline let pass, passes here too."""

    def check(self, subject: Subject) -> Found:
        mask = Mask()
        view = subject.view
        for name, value in view.tags.items():
            if name != MODE_TAG:  # that nothing is masked on the way does not mean that nothing is there
                mask.hear(name, value)
        if self.allow:
            mask.hear(ALLOW_TAG, allow_text(self.allow, view.tags.get(ALLOW_TAG, "")))
        for name, value in view.params.items():
            mask.text(value, f"param {name}", name)
        for name, value in view.tags.items():
            mask.text(value, f"tag {name}", name)
        for place, texts in (("note", view.notes), ("traceback", (view.traceback,)), ("reason", (view.reason,))):
            for text in texts:
                mask.text(text, place)
        count = 0
        with tempfile.TemporaryDirectory(prefix="nbtrack-gate-") as folder:
            for it in view.artifacts:
                if it.size_bytes > LARGEST and not it.path.startswith(OURS):
                    continue
                target = Path(folder) / "file"
                files.copy(subject.home, it, target)
                mask.file(target, it.path)
                target.unlink()
                count += 1
        found = [f"{kind} in {place}" for kind, place in mask.found]
        told = "; ".join(found[:_SHOWN]) + (f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
        looked = f"{counted(len(view.params), 'param')}, {counted(len(view.tags), 'tag')} and {counted(count, 'file')} looked through"
        return Found(
            not found, float(len(found)), "no secrets", told or looked,
            "Take them out of the code (environment variables, a vault) and change them; what is none: allow." if found else "", (("looked at", looked),),
        )  # fmt: skip
