"""The name and the version under which eqsolve is distributed: what pip installs."""

#: The package and the command are called eqsolve; on the public index that name is another's.
NAME = "eqsolve-games"
VERSION = "0.2.0"


def version(package: str) -> str:
    """The version of an installed package, or of this one under its own name.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If there is no such package.
    """
    from importlib import metadata  # it imports much, and most commands do without

    return VERSION if package == "eqsolve" else metadata.version(package)


def extra(name: str) -> str:
    """What pip is to install for an optional part."""
    return f"{NAME}[{name}]"
