"""`make test-versions`: the suite, without browser and database, on every supported Python found, each in a virtual environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("3.11", "3.12", "3.13")


def main() -> int:
    results = {}
    for version in VERSIONS:
        python = find(version)
        if python is None:
            results[version] = "not found"
            continue
        print(f"\nPython {version}: {python}", flush=True)
        results[version] = "passed" if test(version, python, sys.argv[1:]) else "FAILED"
    print("\n" + "\n".join(f"Python {version}: {result}" for version, result in results.items()))
    return int("FAILED" in results.values() or "passed" not in results.values())


def find(version: str) -> Path | None:
    """An interpreter of that version: on PATH, else the newest of pyenv. A name on PATH may be a shim that leads nowhere, so each is asked."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    newest_first = sorted(pyenv.glob(f"{version}.*"), key=lambda folder: [int(part) for part in folder.name.split(".") if part.isdigit()], reverse=True)
    on_path = shutil.which(f"python{version}")
    for candidate in [*([Path(on_path)] if on_path else []), *(folder / "bin" / "python" for folder in newest_first)]:
        try:
            told = subprocess.run([candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True, check=False)
        except OSError:
            continue
        if told.returncode == 0 and told.stdout.strip() == version:
            return candidate
    return None


def test(version: str, python: Path, more: list[str]) -> bool:
    """Whether the suite passes there."""
    venv = ROOT / f".venv-{version}"
    subprocess.run(["make", "--no-print-directory", f"VENV={venv}", f"PYTHON={python}", f"{venv}/.installed-test"], cwd=ROOT, check=True)
    command = [venv / "bin" / "python", "-m", "pytest", "-q", "-m", "not browser and not database and not network", *more]
    is_part = any((ROOT / word.partition("::")[0]).exists() for word in more)
    parts = [[]] if is_part else [[], ["tests/server", "-n", "0"]]  # a process of its own, as in make test
    return all(subprocess.run([*command, *part], cwd=ROOT, check=False).returncode == 0 for part in parts)


if __name__ == "__main__":
    sys.exit(main())
