"""YAML files for schedulers that read it."""

from __future__ import annotations

from typing import Any

import yaml

from nbtrack.exports.jobs import Plan


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types
    """Lists stand below their keys, indented, and nothing is an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def text_of(plan: Plan, scheduler: str, data: Any, *notes: str) -> str:
    """The file's text, with a comment that says where it comes from."""
    head = [f"{plan.name}: made from {plan.target.file} by nbtrack export {scheduler}; make it anew rather than change it.", *notes]
    comment = "".join(f"# {' '.join(line.split())}\n" for line in head)
    return comment + str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000))
