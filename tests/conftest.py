"""The tests need an installation that knows every package and entry point of setup.cfg."""

from __future__ import annotations

from configparser import ConfigParser
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[1] / "setup.cfg"


def pytest_configure() -> None:
    """Stop at once where setup.cfg has grown since the editable installation was made."""
    config = ConfigParser()
    config.read(SETUP, encoding="utf-8")
    missing = [name for name in config["options"]["packages"].split() if not find_spec(name)]
    for group, lines in config["options.entry_points"].items():
        wanted = {line.partition("=")[0].strip() for line in lines.splitlines() if line.strip()}
        missing += sorted(wanted - {entry.name for entry in entry_points(group=group)})
    if missing:
        raise pytest.UsageError(
            f"not installed: {', '.join(missing)}. Renew the installation: make develop, or "
            "python -m pip install --no-deps --no-build-isolation -e ."
        )
