"""The name and the version under which eqsolve is distributed: what pip installs."""

#: The package and the command are called eqsolve; on the public index that name is another's.
NAME = "eqsolve-games"
VERSION = "0.2.0"


def extra(name: str) -> str:
    """What pip is to install for an optional part."""
    return f"{NAME}[{name}]"
