"""Jenkins: it reads the JUnit XML and archives the folder; its own steps show them."""

from __future__ import annotations

from collections.abc import Mapping

from nbtrack.ci.providers.plain import Plain


class Jenkins(Plain):
    """A build of Jenkins; in a multibranch pipeline it knows what a change goes to."""

    name = "jenkins"

    def __init__(self, env: Mapping[str, str]) -> None:
        super().__init__()
        self._env = env

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Jenkins | None:
        return cls(env) if env.get("JENKINS_URL") and env.get("BUILD_ID") else None

    def base(self) -> str:
        target = self._env.get("CHANGE_TARGET", "")
        return f"origin/{target}" if target else ""

    def link(self) -> str:
        return self._env.get("BUILD_URL", "")
