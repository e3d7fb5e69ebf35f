"""What was made of a game's file before, or is made now and kept as data; the file need not be run.

The entries lie beside the programs, under the same rules: an entry is found by the contents of the
game's file, of the papers and of the sources of eqsolve, and one that was changed is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eqsolve import papers
from eqsolve.program import store

#: The sources that decide what is told of a game: all, and the games beside them.
ALL = (".", "derivations")


def name_of(content: str, what: Mapping[str, Any], sources: tuple[str, ...] = ALL) -> str:
    """The name of an entry; empty where nothing is kept.

    Parameters
    ----------
    content : a fingerprint of the games' files; empty where it is not known.
    what : what is asked of them.
    sources : modules and packages of eqsolve that decide what the entry is.
    """
    attached = papers.content() if content and store.enabled() else ""
    return store.key(f"{content} {attached}", what, sources) if attached else ""


def kept(content: str, what: Mapping[str, Any], make: Callable[[], Any]) -> Any:
    """What JSON can hold of a game: from before, or made now.

    Parameters
    ----------
    content, what : as for :func:`name_of`.
    make : makes it, and may run the file. What it raises is raised, and nothing is kept.
    """
    name = name_of(content, what)
    found = store.read(name) if name else None
    if found is None:
        found = make()
        if name:
            store.write(name, found)
    return found
