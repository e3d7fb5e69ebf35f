"""Displays to compare with that were derived before, or are derived now and kept.

What was derived before is found by the rules of ``eqsolve.kept``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

from eqsolve import registry
from eqsolve.kept import name_of
from eqsolve.latex.checking.check import Ledger
from eqsolve.latex.checking.kept import Decisions, Kept, encoded
from eqsolve.program import store

if TYPE_CHECKING:
    from eqsolve.latex.checking.check import Displays
    from eqsolve.notated.published import Published

#: Modules and packages of eqsolve whose sources decide what a display is.
SOURCES = (
    *store.SOURCES,
    *("latex", "ledger", "model", "papers", "registry", "writing"),
)


def ledger(load: Callable[[], Iterable[Published]], content: str) -> Displays:
    """The numbered displays of games.

    Parameters
    ----------
    load : the games, whose files are run.
    content : a fingerprint of their files; empty where nothing is kept.
    """

    @cache
    def derived() -> Ledger:
        return Ledger(load())

    name, decided = (name_of(content, {"displays": what}, SOURCES) for what in ("all", "decided"))
    if not name:
        return derived()
    data = store.read(name)
    if data is None:
        try:
            data = encoded(derived())
        except TypeError:
            return derived()
        store.write(name, data)
    for game in data["games"]:
        registry.letters(game)
    known = store.read(decided)

    def keep(answers: dict[str, bool]) -> None:
        store.write(decided, answers)

    return Kept(data, Decisions(known if isinstance(known, dict) else {}, derived, keep))
