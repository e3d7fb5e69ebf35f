"""The numbers of an extended HJB system, and a user's own problem given by functions or arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eqsolve.errors import InputError
from eqsolve.pde.edge import extension, reals, shown

Array = NDArray[np.float64]

STAGE = "grid"

#: A function of the two states: a number, an array (nx, ny) or a function of two such arrays.
Field = float | ArrayLike | Callable[[Array, Array], ArrayLike]
#: The same at every time: a function of the time and the states, or a field.
TimeField = Field | Callable[[float, Array, Array], ArrayLike]


@dataclass(frozen=True)
class Sampled:
    """What the compiled solver works on.

    Attributes
    ----------
    name : name of the game or problem.
    x, y : nodes, arrays (nx,), (ny,).
    drift : array (4, nx, ny): x constant, x linear in the control, y constant, y linear.
    diffusion : array (9, nx, ny): xx, xy, yy, each constant, linear, quadratic in the control.
    payoff : array (2, nx, ny), the payoffs whose expectations are G and H.
    weight : array (nx, ny), the weight on the mean.
    gamma : aversion to variance.
    hazard : hazard rate, per unit of time.
    source : array (2, nx, ny), running parts of G and H, or None.
    """

    name: str
    x: Array
    y: Array
    drift: Array
    diffusion: Array
    payoff: Array
    weight: Array
    gamma: float
    hazard: float
    source: Array | None

    def call(
        self, function: str, *arguments: object, names: Mapping[str, str] | None = None
    ) -> Any:
        """Call the compiled module with grid, dynamics and payoff first.

        ``names`` are the arguments' names in messages where they differ from those of the module.
        """
        module = extension()
        try:
            return getattr(module, function)(
                self.x, self.y, self.drift, self.diffusion, self.payoff, *arguments
            )
        except module.InvalidInputError as error:
            argument = (names or {}).get(error.argument, error.argument)
            refuse(self.name, argument, error.value, error.remedy)
        except module.GridTooLargeError as error:
            message, _, remedy = str(error).partition(": ")
            raise InputError(
                f"{message}.",
                game=self.name,
                stage=STAGE,
                remedy=f"{remedy[0].upper()}{remedy[1:]}.",
            ) from None

    def objective(self, G: Array, H: Array) -> Array:
        """The value ``weight G - gamma/2 (H - G^2)``."""
        return self.weight * G - 0.5 * self.gamma * (H - G * G)


class Source(Protocol):
    """Whatever has coefficients at the nodes of any grid."""

    @property
    def name(self) -> str:
        """Name in messages."""

    def sample(self, x: Array, y: Array) -> Sampled:
        """Sample the coefficients."""


@dataclass(frozen=True)
class GridProblem:
    """An extended HJB system by its coefficient functions.

    The states follow ``dX = (b_0 + b_1 p) dt + ...`` with a covariance rate quadratic in the
    control ``p``; the agent maximizes ``weight(x, y) G - (risk_aversion(x, y)/2) (H - G^2)`` with
    G, H the expected payoffs at an exponential time, and cannot commit.

    Parameters
    ----------
    drift : ``((bx0, bx1), (by0, by1))``, fields, per unit of time.
    diffusion : ``((axx0, axx1, axx2), (axy0, axy1, axy2), (ayy0, ayy1, ayy2))``, fields.
    payoff : ``(phi_1, phi_2)``, fields.
    weight : field, the weight on the mean.
    risk_aversion : field, positive.
    hazard : hazard rate, positive, per unit of time; without meaning when a time-dependent one is
        given to the solver.
    source : running parts of G and H, fields, or None.
    name : name in messages.

    A field is a number, an array (nx, ny) on the one grid it fits, or a function of two arrays
    (nx, ny) of states.
    """

    drift: Sequence[Sequence[Field]]
    diffusion: Sequence[Sequence[Field]]
    payoff: Sequence[Field]
    weight: Field
    risk_aversion: Field
    hazard: float
    source: Sequence[Field] | None = None
    name: str = "own problem"

    def sample(self, x: Array, y: Array) -> Sampled:
        """Sample the coefficients at the nodes.

        Raises
        ------
        InputError
            If a field does not fit the grid or is not real.
        """
        mesh = np.meshgrid(x, y, indexing="ij")

        def table(name: str, given: Iterable[Iterable[Field]], rows: int, columns: int) -> Array:
            try:
                listed = [list(row) for row in given]
            except TypeError:
                listed = []
            if len(listed) != rows or any(len(row) != columns for row in listed):
                refuse(self.name, name, shown(given), f"{rows} rows of {columns} fields are needed")
            return stack(self.name, name, [f for row in listed for f in row], mesh)

        aversion = stack(self.name, "risk_aversion", [self.risk_aversion], mesh)[0]
        weight = stack(self.name, "weight", [self.weight], mesh)[0]
        if not (aversion > 0).all():
            worst = float(aversion.min())
            refuse(self.name, "risk_aversion", worst, "a positive number is needed at every node")
        gamma = float(aversion.flat[0])
        if not (aversion == gamma).all():
            # policies depend on the ratio only: the objective may be divided by the aversion
            weight, gamma = weight / aversion, 1.0
        return Sampled(
            self.name,
            x,
            y,
            table("drift", self.drift, 2, 2),
            table("diffusion", self.diffusion, 3, 3),
            table("payoff", [self.payoff], 1, 2),
            weight,
            gamma,
            self.hazard,
            None if self.source is None else table("source", [self.source], 1, 2),
        )


def refuse(name: str, argument: str, value: object, remedy: str) -> NoReturn:
    """Raise the InputError that names the argument, its value and what would be accepted."""
    raise InputError(
        f"{argument} is {value}.",
        game=name,
        stage=STAGE,
        remedy=f"{remedy[0].upper()}{remedy[1:]}.",
    ) from None


def stack(
    name: str, argument: str, fields: Sequence[TimeField], mesh: Sequence[Array], *time: float
) -> Array:
    """Values of fields at the nodes, one array (nx, ny) after another."""
    return np.stack([_values(name, argument, field, mesh, *time) for field in fields])


def _values(name: str, argument: str, field: object, mesh: Sequence[Array], *time: float) -> Array:
    given = reals(name, argument, field(*time, *mesh) if callable(field) else field)
    if given.shape not in ((), mesh[0].shape):
        needed = f"a number or an array of shape {mesh[0].shape} is needed"
        refuse(name, argument, f"an array of shape {given.shape}", needed)
    if not np.isfinite(given).all():
        worst = tuple(int(i) for i in np.argwhere(~np.isfinite(given))[0])
        where = f" at index {list(worst)}" if given.ndim else ""
        refuse(name, argument, f"{given[worst]}{where}", "every number must be finite")
    return np.broadcast_to(given.astype(float), mesh[0].shape)


def options_of(given: Mapping[str, object]) -> dict[str, object]:
    """Options without those that were not given."""
    return {key: value for key, value in given.items() if value is not None}
