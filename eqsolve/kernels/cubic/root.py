"""The loops that find a root of a cubic for the points of a tile, to the last digit.

They carry out what ``eqsolve.kernels.arithmetic.lanes`` says; each is short.
"""

from __future__ import annotations

from collections.abc import Sequence

from eqsolve.kernels.tiles import Line, Straight, line, renamed
from eqsolve.status import Status

#: The discriminant of the two less isolated roots must exceed this part of its terms. They then
#: have 8 digits, and their number is certain.
DISCRIMINANT = 2.0**-16
#: Rounding errors of the coefficients may be magnified in the root by this factor.
MAGNIFICATION = 2.0**10
#: Corrections to the selected root, relative to it, from which the last one is exact to an ulp.
FIRST, SECOND = 2.0**-30, 2.0**-36


def root_loops(
    root: str,
    coefficients: Sequence[str],
    terms: Sequence[str],
    direction: str,
    margin: Straight,
    one_only: str,
    prefix: str = "",
) -> list[Straight]:
    """The loops that give the admissible root outermost in a direction.

    Parameters
    ----------
    root : its name, in the margin too.
    coefficients, terms : names of the cubic's coefficients and of the magnitudes of their terms,
        from the highest degree.
    direction : its sign counts.
    margin : code of what is positive where a root is admissible; its conditions are that number and
        that its sign is certain.
    one_only : the flag that leaves several admissible roots undecided.
    prefix : begins the names that are assigned, besides the root.
    """
    cubic, sizes = ", ".join(coefficients), ", ".join(terms)

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
    divided, certain, width = own("divided"), own("certain"), f"math.fabs({better})"
    three = own("divided", "other", "last").split(", ")
    select, margins = [], []
    for number, name in enumerate(three):
        given = {g: f"{prefix}{g}_{number}" for g in margin.gives}
        part = renamed(margin, {**given, root: name})
        select += part.lines
        margins.append(f"({', '.join(part.conditions)})")
    found = own("picked", "clear", "none")
    clear, none = found.split(", ")[1:]
    arguments = f"{direction}, ({', '.join(three)}), {discriminant} > 0.0"
    select.append(line(found, f"chosen({arguments}, ({', '.join(margins)}), {one_only})"))
    size = own("size")
    return [
        Straight([call(first, "approached", cubic)]),
        Straight([call(isolated, "isolated", cubic, first)]),
        Straight(
            [call(f"{divided}, {quotient}, {certain}", "deflated", cubic, isolated)], [certain]
        ),
        Straight(
            [
                call(
                    f"{other}, {last}, {discriminant}, {size}",
                    "quadratic",
                    *(coefficients[0], linear, product, inverse),
                )
            ],
            [f"math.fabs({discriminant}) > {DISCRIMINANT} * {size}"],
        ),
        Straight(select, [clear], [(none, int(Status.NO_ADMISSIBLE_ROOT))]),
        Straight(
            [
                call(f"{better}, {slope}, {over}, {step}", "improved", cubic, picked),
                call(own("terms"), "cubic", sizes, width),
            ],
            [
                f"{own('terms')} <= {MAGNIFICATION} * ({width} * math.fabs({slope}))",
                f"math.fabs({step}) <= {FIRST} * {width}",
            ],
        ),
        Straight(
            [call(f"{root}, {again}", "polished", cubic, better, over)],
            [f"math.fabs({again}) <= {SECOND} * math.fabs({root})"],
        ),
    ]
