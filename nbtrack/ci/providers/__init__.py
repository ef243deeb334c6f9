"""The systems that run jobs, and which one runs this."""

from __future__ import annotations

from collections.abc import Mapping

from nbtrack import plugins
from nbtrack.ci.provider import Provider
from nbtrack.ci.providers.github import GitHub
from nbtrack.ci.providers.gitlab import GitLab
from nbtrack.ci.providers.jenkins import Jenkins
from nbtrack.ci.providers.plain import Plain

GROUP = "nbtrack.ci_providers"
BUILT_INS: dict[str, type[Provider]] = {"github": GitHub, "gitlab": GitLab, "jenkins": Jenkins}
"""In the order in which they are asked; strangers' are asked before them."""


def detect(env: Mapping[str, str]) -> Provider:
    """The provider of this job; a plain one where none knows it."""
    found, broken = plugins.load(GROUP)
    notes = [f"The provider {name} is left out: {why}." for name, why in broken.items()]
    for it in [*found.values(), *BUILT_INS.values()]:
        provider: Provider | None = it.of(env)
        if provider is not None:
            provider.notes.extend(notes)
            return provider
    plain = Plain()
    plain.notes.extend(notes)
    return plain
