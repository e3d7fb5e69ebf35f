"""The tests need an installation that knows every package and entry point of setup.cfg."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from configparser import ConfigParser
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

from documents import watched

SETUP = Path(__file__).resolve().parents[1] / "setup.cfg"
LONG = Path(__file__).with_name("data") / "long.txt"


def pytest_configure() -> None:
    """Stop at once where setup.cfg has grown since the editable installation was made."""
    # what a shell starts in the background ignores it, and so would whatever tests start
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the rows of ``data/long.txt`` as ``full``; a line that names no test is an error."""
    lines = LONG.read_text(encoding="utf-8").splitlines()
    long = {line for line in lines if not line.startswith("#")}
    for item in items:
        if item.nodeid in long:
            item.add_marker("full")
    whole = not any("::" in argument for argument in config.args)
    files = {item.nodeid.partition("::")[0] for item in items}
    gone = {line for line in long if line.partition("::")[0] in files}
    gone -= {item.nodeid for item in items}
    if whole and gone:
        raise pytest.UsageError(f"{LONG.name}: there is no test {', '.join(sorted(gone))}")


def pytest_collection_finish() -> None:
    """Let the collector pass over what stays: 7 per cent of the time of some tests became 2."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session")
def _watched() -> Iterator[list[str]]:
    """Enters once: to look for the commands' modules before every test took longer than most."""
    with watched() as faults:
        yield faults


@pytest.fixture(autouse=True)
def faults_of_documents(_watched: list[str]) -> Iterator[list[str]]:
    """JSON that a command prints to a test satisfies its schema."""
    _watched.clear()
    yield _watched
    assert _watched == []
