"""The table ALL_GAMES x VERBS: what every generic test walks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from eqsolve import registry
from eqsolve.errors import BrokenGameError
from eqsolve.game import Model
from eqsolve.game.structure import structure
from eqsolve.verbs import VERBS, capabilities

__all__ = ["ALL_GAMES", "VERBS", "Row"]

TYPES = "-p mu=[.08,.05] -p nu=[.2,.15] -p sigma=[.15,.25] -p theta=[.5,.8] -p delta=[1,2]"
AGENT = "-p b_{0}=.12 -p nu_{0}=.2 -p sigma_{0}=.2 -p theta_{0}=.{0} -p gamma_{0}=2 -p alpha_{0}=1"
#: Parameters of the games whose files have no named sets.
GIVEN = {
    "merton": "-p r=.03 -p B=.09 -p s=.3 -p g=2 -p T=1",
    "lacker-zariphopoulou-cara": f"{TYPES} -p T=1.5",
    # at delta = 1 the file's power utility divides by zero
    "lacker-zariphopoulou-crra": f"{TYPES} -p T=1".replace("delta=[1,2]", "delta=[2,3]"),
    **dict.fromkeys(
        ("two-agent", "heterogeneous"),
        "-p r=.03 "
        + " ".join(f"{AGENT.format(k)} -p beta_{k}=.5 -p lambda_{k}=.6" for k in (1, 2)),
    ),
}
#: Structures of a file besides its default, as options, where the file offers them.
OPTIONS = {"notion": ("--notion", ("open-loop", "planner")), "size": ("--size", ("3",))}


@dataclass(frozen=True)
class Row:
    """A game in one structure, with parameters for it.

    Attributes
    ----------
    name : the game.
    how : the options of its structure.
    given : the options of its parameters.
    verbs : for every verb True, or the reason why it does not take the game.
    declared : whether it is declared by ``eqsolve.game``, not of the mean-variance family.
    case : the named set that ``given`` names, where it names one.
    """

    name: str
    how: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    verbs: Mapping[str, bool | str] = field(default_factory=dict)
    declared: bool = True
    case: Mapping[str, object] = field(default_factory=dict)

    @property
    def plain(self) -> tuple[str, ...]:
        """The parameters one by one."""
        return tuple(part for k, v in self.case.items() for part in ("-p", f"{k}={v}"))

    def __str__(self) -> str:
        return " ".join((self.name, *self.how[1::2]))


def _rows() -> Iterator[Row]:
    for found in registry.games():
        assert not isinstance(found, BrokenGameError), found
        model: Any = found.model
        if found.name in GIVEN:
            given = tuple(GIVEN[found.name].split())
        else:
            given = ("--set", next(iter(model.cases)))
        able = capabilities(found)
        declared = isinstance(model, Model)
        case = next(iter(model.cases.values()), {})
        yield Row(found.name, (), given, able, declared, case)
        for name in structure(found.exported) if declared else ():  # type: ignore[arg-type]
            option, values = OPTIONS.get(name, ("", ()))
            for value in values:
                # two types of players are two players
                few = "2" if option == "--size" and found.name in GIVEN else value
                yield Row(found.name, (option, few), given, able)


ALL_GAMES = tuple(_rows())
