"""Points at which doubles do not decide how many solutions are admissible, decided exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqsolve.errors import InputError
from eqsolve.solve.solve import settled
from eqsolve.status import Status
from eqsolve.studies.roots.branching import Branches, Branching

#: Most points that are decided one by one.
MOST = 2000
#: Statuses that leave it open which solutions are admissible.
OPEN = (Status.DEGENERATE, Status.UNRESOLVED)


def decide(
    branching: Branching,
    branches: Branches,
    numbers: Mapping[str, NDArray[np.float64]],
    others: Mapping[str, object],
) -> tuple[Branches, Status, str]:
    """Decide in balls where doubles do not, as far as there are not too many such points.

    Parameters
    ----------
    branching, branches : the game's, and what doubles found.
    numbers : of every parameter the doubles, which broadcast to the points; they are taken as
        they are stored.
    others : what is no parameter, as it was given.

    Returns
    -------
    All solutions, ``near`` where it is still not decided; the status, OK if it is decided
    everywhere; and a sentence, empty if doubles decided everywhere.
    """
    places = [tuple(map(int, place)) for place in np.argwhere(branches.near)]
    if not places:
        return branches, Status.OK, ""
    size = branches.near.size
    told = f"At {len(places)} of {size} points doubles do not decide which solutions are admissible"
    if len(places) > MOST:
        text = f"{told}, and more than {MOST} are not decided one by one."
        return branches, Status.UNRESOLVED, text
    mesh = {k: np.broadcast_to(v, branches.near.shape) for k, v in numbers.items()}
    made = _Copy(branches)
    reasons: Counter[tuple[Status, str]] = Counter()
    for place in places:
        values = {k: Fraction(float(v[place])) for k, v in mesh.items()}
        try:
            _, answer, _ = settled(branching.program, {**others, **values})
        except InputError as error:
            reasons[Status.INVALID_INPUT, error.message] += 1
            continue
        if answer.status in OPEN or len(answer.roots) > branches.roots.shape[-1]:
            reasons[Status(answer.status), answer.message] += 1
            continue
        made.put(place, answer.roots, branching.root.name)
        doubles = {k: np.array([float(v)]) for k, v in values.items()}
        for number, root in enumerate(answer.roots):
            own = {**doubles, **{k: np.array([v]) for k, v in root.items() if _real(v)}}
            made.attracting[place][number] = branching.attracts(own)
    open_ = sum(reasons.values())
    if not open_:
        return made.branches(), Status.OK, f"{told}; they were decided one by one, in balls."
    (status, message), _ = reasons.most_common(1)[0]
    decided = f"; {len(places) - open_} were decided one by one" if open_ < len(places) else ""
    return made.branches(), status, f"{told}{decided}. At {open_} it is not decided: {message}"


def solutions(
    branching: Branching, values: Mapping[str, Fraction], others: Mapping[str, object]
) -> list[float] | None:
    """The unknown of every solution at a point, None where that is not decided."""
    try:
        _, answer, _ = settled(branching.program, {**others, **values})
    except InputError:
        return None
    found = [root.get(branching.root.name) for root in answer.roots]
    if answer.status in OPEN or not all(map(_real, found)):
        return None
    return [float(value) for value in found if value is not None]


def _real(value: Any) -> bool:
    return isinstance(value, float)


class _Copy:
    """Solutions whose entries are replaced at single points."""

    def __init__(self, found: Branches) -> None:
        self.found = found
        self.roots, self.admissible = found.roots.copy(), found.admissible.copy()
        self.attracting, self.reached = found.attracting.copy(), found.reached.copy()
        self.near = found.near.copy()
        self.quantities = {name: values.copy() for name, values in found.quantities.items()}

    def put(
        self, place: tuple[int, ...], roots: tuple[Mapping[str, Any], ...], unknown: str
    ) -> None:
        """Take the solutions of an answer at a point."""
        for table in (self.roots, *self.quantities.values()):
            table[place] = np.nan
        self.admissible[place] = self.attracting[place] = False
        self.reached[place], self.near[place] = -1, False
        for number, root in enumerate(roots):
            values = {**root, **root.get("outputs", {})}
            self.roots[place][number] = values.get(unknown, np.nan)
            for name, table in self.quantities.items():
                table[place][number] = values.get(name, np.nan)
            self.admissible[place][number] = root["admissible"]
            if root["selected"]:
                self.reached[place] = number

    def branches(self) -> Branches:
        """The solutions as they are now."""
        return replace(
            self.found,
            roots=self.roots,
            quantities=self.quantities,
            admissible=self.admissible,
            attracting=self.attracting,
            reached=self.reached,
            near=self.near,
        )
