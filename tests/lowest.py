"""Print the lowest versions that setup.cfg admits, as constraints of pip; for `make lowest`."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

SETUP = Path(__file__).resolve().parents[1] / "setup.cfg"
_BOUND = re.compile(r"([A-Za-z0-9_.-]+)>=([0-9.]+)")


def constraints(setup: Path = SETUP) -> list[str]:
    """``name==version`` for every requirement of the package and of its extras.

    Raises
    ------
    ValueError
        If a requirement other than an extra of the package itself has no lower bound.
    """
    config = ConfigParser()
    config.read(setup, encoding="utf-8")
    own = config["metadata"]["name"]
    groups = (config["options"]["install_requires"], *config["options.extras_require"].values())
    found = set()
    for line in (line for group in groups for line in group.split("\n") if line):
        if line.startswith(f"{own}["):
            continue
        bound = _BOUND.fullmatch(line)
        if bound is None:
            raise ValueError(
                f"{line!r} in {setup.name} has no lower bound of the form NAME>=VERSION"
            )
        found.add("==".join(bound.groups()))
    return sorted(found, key=str.lower)


if __name__ == "__main__":
    print("\n".join(constraints()))
