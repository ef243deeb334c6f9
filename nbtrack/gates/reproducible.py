"""Gate `reproducible`: the run's stamp, or the verdict of executing its recipe again."""

from __future__ import annotations

from typing import Literal

from nbtrack.gates.gate import CannotTellError, Found, GateSpec, Subject
from nbtrack.reads import words
from nbtrack.replay.verdict import RUN_TAG, VERDICT_TAG, WHY_TAG, Answer


class ReproducibleGate(GateSpec):
    """A clean run from top to bottom must give the same."""

    kind: Literal["reproducible"]
    level: Literal["stamp", "verified", "identical"] = "stamp"
    """`stamp`: nothing speaks against it; `verified`: `nbtrack reproduce` found it the same, within tolerance; `identical`: without any difference."""

    def check(self, subject: Subject) -> Found:
        return self._stamp(subject) if self.level == "stamp" else self._verdict(subject)

    def _stamp(self, subject: Subject) -> Found:
        answer = subject.view.tags.get("nbtrack.stamp", "")
        wanted = "stamp yes"
        if not answer:
            raise CannotTellError("The run has no stamp.", mend="Runs of %%track cells and of %track on have one.", wanted=wanted)
        reasons = [text for _, text in words.reasons(subject.view)]
        why = "; ".join(reasons[:3]) + (f"; and {len(reasons) - 3} more" if len(reasons) > 3 else "")
        passed = answer == "yes"
        return Found(passed, answer, wanted, why if not passed and why else f"the stamp is {answer}", "" if passed else "Run the notebook from top to bottom.")

    def _verdict(self, subject: Subject) -> Found:
        tags = subject.view.tags
        answer = tags.get(VERDICT_TAG, "")
        good = (Answer.IDENTICAL,) if self.level == "identical" else (Answer.IDENTICAL, Answer.WITHIN)
        wanted = " or ".join(good)
        if not answer:
            raise CannotTellError("Nobody executed the run's recipe again.", mend=f"Do it: nbtrack reproduce {subject.view.run_id[:8]}.", wanted=wanted)
        passed = answer in tuple(good)
        why = words.clean(tags.get(WHY_TAG, "")) or f"executed again as {tags.get(RUN_TAG, '')[:8]}: {answer}"
        return Found(passed, answer, wanted, why, "" if passed else f"See what differs: nbtrack reproduce {subject.view.run_id[:8]}.")
