"""The loops that find a root of a cubic for the points of a tile, to the last digit.

They carry out what ``eqsolve.kernels.arithmetic.lanes`` says; each is short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eqsolve.kernels.tiles import Line, Straight, line, renamed
from eqsolve.status import Status

#: The discriminant of the two less isolated roots must exceed this part of its terms. They then
#: have 8 digits, and their number is certain.
DISCRIMINANT = 2.0**-16
#: Rounding errors of the coefficients may be magnified in the root by this factor.
MAGNIFICATION = 2.0**10
#: Corrections to the selected root, relative to it, from which the last one is exact to an ulp.
FIRST, SECOND = 2.0**-30, 2.0**-36


@dataclass(frozen=True)
class Cubic:
    """The names of what a cubic is given by.

    Attributes
    ----------
    coefficients, terms : its coefficients and the magnitudes of their terms, from the highest
        degree.
    direction : its sign tells on which side the root is selected.
    """

    coefficients: tuple[str, ...]
    terms: tuple[str, ...]
    direction: str

    def renamed(self, new: Mapping[str, str]) -> Cubic:
        """The same under other names."""
        return Cubic(
            tuple(new.get(name, name) for name in self.coefficients),
            tuple(new.get(name, name) for name in self.terms),
            new.get(self.direction, self.direction),
        )


def root_loops(
    root: str,
    cubic: Cubic,
    margin: Straight,
    one_only: str,
    prefix: str = "",
) -> list[Straight]:
    """The loops that give the admissible root outermost in a direction.

    Parameters
    ----------
    root : its name, in the margin too.
    margin : code of what is positive where a root is admissible; its conditions are that number and
        that its sign is certain.
    one_only : the flag that leaves several admissible roots undecided.
    prefix : begins the names that are assigned, besides the root.
    """
    coefficients, sizes = ", ".join(cubic.coefficients), ", ".join(cubic.terms)

    def own(*names: str) -> str:
        return ", ".join(f"{prefix}root_{name}" for name in names)

    def call(names: str, function: str, *arguments: str) -> Line:
        return line(names, f"lanes.{function}({', '.join(arguments)})")

    first, isolated = own("inverse", "middle", "q", "v", "s"), own("isolated")
    quotient = own("linear", "product")
    linear, product = quotient.split(", ")
    inverse, other, last = own("inverse"), own("other"), own("last")
    discriminant, picked, better = own("discriminant"), own("picked"), own("better")
    slope, over, step, again = own("slope"), own("over"), own("step"), own("again")
    divided, certain, size = own("divided"), own("certain"), own("size")
    width = f"math.fabs({better})"
    three = own("divided", "other", "last").split(", ")
    select, margins = [], []
    for number, name in enumerate(three):
        given = {g: f"{prefix}{g}_{number}" for g in margin.gives}
        part = renamed(margin, {**given, root: name})
        select += part.lines
        margins.append(f"({', '.join(part.conditions)})")
    found = own("picked", "clear", "none")
    clear, none = found.split(", ")[1:]
    arguments = f"{cubic.direction}, ({', '.join(three)}), {discriminant} > 0.0"
    select.append(line(found, f"chosen({arguments}, ({', '.join(margins)}), {one_only})"))
    return [
        Straight([call(first, "approached", coefficients)]),
        Straight([call(isolated, "isolated", coefficients, first)]),
        Straight(
            [call(f"{divided}, {quotient}, {certain}", "deflated", coefficients, isolated)],
            [certain],
        ),
        Straight(
            [
                call(
                    f"{other}, {last}, {discriminant}, {size}",
                    "quadratic",
                    *(cubic.coefficients[0], linear, product, inverse),
                )
            ],
            [f"math.fabs({discriminant}) > {DISCRIMINANT} * {size}"],
        ),
        Straight(select, [clear], [(none, int(Status.NO_ADMISSIBLE_ROOT))]),
        Straight(
            [
                call(f"{better}, {slope}, {over}, {step}", "improved", coefficients, picked),
                call(own("terms"), "cubic", sizes, width),
            ],
            [
                f"{own('terms')} <= {MAGNIFICATION} * ({width} * math.fabs({slope}))",
                f"math.fabs({step}) <= {FIRST} * {width}",
            ],
        ),
        Straight(
            [call(f"{root}, {again}", "polished", coefficients, better, over)],
            [f"math.fabs({again}) <= {SECOND} * math.fabs({root})"],
        ),
    ]
