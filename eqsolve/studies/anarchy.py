"""What competition costs: an equilibrium among players beside what a planner would choose.

The planner of a crowd of players who are alike chooses everybody's feedback and judges by the
average of the players' preferences (``derivation.cooperation``). The price of anarchy is the ratio
of what the average player obtains (Koutsoupias and Papadimitriou 1999; of mean field games Carmona,
Graves and Tan 2019). What all others gain by a player's deviation is the external effect; a tax of
that rate makes the planner's feedback an equilibrium (Pigou 1920).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flint import arb, arb_mat, ctx

from eqsolve.answers import Tabled
from eqsolve.derivation.conditions import balls
from eqsolve.derivation.cooperation import needs_commitment
from eqsolve.derivation.derivation import Derivation, derived, together
from eqsolve.derivation.tax import tax
from eqsolve.errors import InputError
from eqsolve.game import Model
from eqsolve.game.parameters import read
from eqsolve.game.structure import Builder, build, counted, structure
from eqsolve.program.codes import coefficients
from eqsolve.program.make import program
from eqsolve.program.program import monomial
from eqsolve.schemas import SCHEMA
from eqsolve.solve.answer import Answer
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.path import center
from eqsolve.solve.point import BITS
from eqsolve.solve.solve import answered, solve
from eqsolve.studies.commitment import Commitment, commitment

#: The notions in which players compete, the first one where nothing is said.
COMPETING = ("feedback", "given")
#: What is said of a negative gap.
COMMITTED = "The planner cannot commit, and falls short of the equilibrium at this moment."


@dataclass(frozen=True)
class Tax:
    """What a player pays for a unit of each control, to whom the sum is given back.

    A player who pays ``rate * (control - planner's control)`` per unit of time, in units of the
    preference, finds the planner's feedback stationary; with ``maximal`` it is a maximum of the
    gain rate (a minimum, of costs). Negative rates are subsidies.

    Attributes
    ----------
    rate : by control, coefficients by monomial of the states; empty where it is no polynomial.
    at : by control, its value at the state.
    gain : the largest rate at which a player alone gains by leaving the planner's feedback without
        a tax.
    maximal : whether second derivatives of the own gain rate are definite there; this and ``gain``
        are None where the states are not given.
    """

    rate: Mapping[str, Mapping[str, float]]
    at: Mapping[str, float]
    gain: float | None
    maximal: bool | None


@dataclass(frozen=True)
class Anarchy(Tabled):
    """An equilibrium beside the planner's.

    Attributes
    ----------
    game : the game's name.
    nash, planner : the answers.
    minimized : whether the preference is a cost.
    commits : whether the planner's optimum is one for later, too, so that no gap is negative.
    tax : what makes the planner's feedback an equilibrium; None where there is none.
    commitment : what a planner obtains who can commit, where that is asked for.
    """

    game: str
    nash: Answer
    planner: Answer
    minimized: bool
    commits: bool
    tax: Tax | None
    commitment: Commitment | None = None

    @property
    def ok(self) -> bool:
        """Whether there are both."""
        return self.nash.ok and self.planner.ok

    @property
    def status(self) -> str:
        """The status of the equilibrium, or of the planner where that is in order."""
        return (self.planner if self.nash.ok else self.nash).status.label

    @property
    def message(self) -> str:
        """Why there are not both, or what the numbers say."""
        for words, answer in (("equilibrium", self.nash), ("planner", self.planner)):
            if not answer.ok:
                return f"No numbers of the {words}: {answer.message}"
        if None in self.welfare.values():
            return "What players obtain needs their states: give them by --at or in at."
        if self.price is None:
            return "There is no ratio: what players obtain is not positive in both."
        return "" if self.gap >= 0 or self.commits else COMMITTED

    @property
    def welfare(self) -> dict[str, float | None]:
        """What the average player obtains."""
        found = {"nash": self.nash, "planner": self.planner}
        return {name: _obtained(answer) for name, answer in found.items()}

    @property
    def gap(self) -> float:
        """How much more the average player obtains (pays less) with the planner; NaN without."""
        nash, planner = self.welfare.values()
        if nash is None or planner is None:
            return float("nan")
        return nash - planner if self.minimized else planner - nash

    @property
    def price(self) -> float | None:
        """The price of anarchy: of welfare the planner's over the equilibrium's, of costs inverse.

        None where not both are positive.
        """
        nash, planner = self.welfare.values()
        if nash is None or planner is None or min(nash, planner) <= 0:
            return None
        return nash / planner if self.minimized else planner / nash

    @property
    def heading(self) -> str:
        """What was compared, in a line."""
        price = "none" if self.price is None else f"{self.price:.9g}"
        return f"{self.game}: price of anarchy {price} (notion {self.nash.notion})"

    def table(self) -> dict[str, dict[str, float | None]]:
        """The strategies and what is obtained, with the tax."""
        columns = {"nash": self.nash, "planner": self.planner}
        names = dict.fromkeys(name for answer in columns.values() for name in _strategy(answer))
        rows: dict[str, dict[str, float | None]] = {
            name: {column: _strategy(answer).get(name) for column, answer in columns.items()}
            for name in names
        }
        for name, row in rows.items():
            if self.tax is not None:
                control, _, product = name.partition(".")
                row["tax"] = self.tax.rate.get(control, {}).get(product)
        rows["welfare"] = {**self.welfare}
        if self.commitment is not None:
            kept = _strategy(self.commitment.answer)
            for name, row in rows.items():
                row["commitment"] = kept.get(name)
            rows["welfare"]["commitment"] = self.commitment.welfare
        return rows

    def bars(self) -> tuple[str, dict[str, float]]:
        """What the average player obtains."""
        return "welfare", {name: v for name, v in self.welfare.items() if v is not None}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        tax = self.tax
        return {
            "schema": SCHEMA,
            "game": self.game,
            "notion": self.nash.notion,
            "size": self.nash.size,
            "params": dict(self.nash.to_dict()["params"]),
            "status": self.status,
            "message": self.message,
            "minimized": self.minimized,
            "welfare": self.welfare,
            "gap": None if math.isnan(self.gap) else self.gap,
            "price": self.price,
            "nash": self.nash.to_dict(),
            "planner": self.planner.to_dict(),
            "tax": (
                None
                if tax is None
                else {
                    "rate": {c: dict(row) for c, row in tax.rate.items()},
                    "at": dict(tax.at),
                    "gain": tax.gain,
                    "maximal": tax.maximal,
                }
            ),
            "commitment": (
                None
                if self.commitment is None
                else {
                    "welfare": self.commitment.welfare,
                    "weights": dict(self.commitment.weights),
                    "answer": self.commitment.answer.to_dict(),
                }
            ),
        }


@dataclass(frozen=True)
class AnarchyCurve(Tabled):
    """The same along one parameter.

    Attributes
    ----------
    name : the parameter; the symbol of the crowd's size is one.
    rows : its values, each with what was compared there.
    """

    name: str
    rows: tuple[tuple[float, Anarchy], ...]

    @property
    def game(self) -> str:
        """The game's name."""
        return self.rows[0][1].game

    @property
    def heading(self) -> str:
        """What was compared, in a line."""
        first = self.rows[0][1]
        return f"{first.game}: price of anarchy (notion {first.nash.notion}) along {self.name}"

    def table(self) -> dict[str, dict[str, float | str | None]]:
        """Welfare, price of anarchy and tax at the state, with the status, by value."""
        return {repr(value): _row(found) for value, found in self.rows}

    def bars(self) -> tuple[str, dict[str, float]]:
        """The gap between planner and equilibrium by value."""
        found = {f"{self.name} = {value:g}": row.gap for value, row in self.rows}
        return "gap of welfare", {name: gap for name, gap in found.items() if not math.isnan(gap)}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        first = self.rows[0][1]
        return {
            "schema": SCHEMA,
            "game": first.game,
            "notion": first.nash.notion,
            "vary": self.name,
            "rows": [{"at": value, "found": found.to_dict()} for value, found in self.rows],
        }


def _row(found: Anarchy) -> dict[str, float | str | None]:
    welfare = {f"welfare.{name}": value for name, value in found.welfare.items()}
    taxes = {} if found.tax is None else {f"tax.{c}": v for c, v in found.tax.at.items()}
    return {**welfare, "gap": found.gap, "price": found.price, **taxes, "status": found.status}


def along(
    source: Model | Builder,
    name: str,
    points: Iterable[object],
    values: Mapping[str, object],
    **how: Any,
) -> AnarchyCurve:
    """Compare at several values of a parameter; see :func:`anarchy` for the others."""
    rows = []
    for point in points:
        rows.append((float(str(point)), anarchy(source, {**values, name: point}, **how)))
    if not rows:
        raise InputError(f"{name} has no values.", stage="anarchy")
    return AnarchyCurve(name, tuple(rows))


def anarchy(
    source: Model | Builder,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    commit: bool = False,
) -> Anarchy:
    """Solve a game of a crowd as equilibrium and as planner, and compare.

    Parameters
    ----------
    source, values, at, size, continuum : see ``solve``.
    notion : in which players compete: ``feedback`` or ``given``.
    commit : compare with a planner who can commit, too.

    Raises
    ------
    InputError
        If the game has no crowd of players who are alike, or a name or value is not acceptable.
    DerivationError
        If the planner's system does not close with the game's ansatz.
    """
    if notion not in (None, *COMPETING):
        raise InputError(
            f"with the notion {notion!r} players are not compared with a planner.",
            game=source.name if isinstance(source, Model) else source().name,
            stage="notion",
            remedy=f"Choose one of {', '.join(COMPETING)}.",
        )
    chosen = competing(source) if notion is None else notion
    how = {"size": size, "continuum": continuum}
    model = build(source, values, notion=chosen, size=size, continuum=continuum)
    require_crowd(model)
    nash = solve(source, values, at=at, notion=chosen, **how)  # type: ignore[arg-type]
    derivation = planned(source, values, size=size, continuum=continuum)
    made = program(derivation, derivation.model)
    planner = answered(made, values, at=at, size=size)
    (player,) = model.game.players
    tax = None
    if planner.ok:
        tax = _tax(derivation, counted(derivation.model, values, size), at)
    minimized = player.preference.sense == "minimize"
    commits = not needs_commitment(model.game)
    kept = commitment(derivation.model, values, at, size) if commit and planner.ok else None
    return Anarchy(model.name, nash, planner, minimized, commits, tax, kept)


def competing(source: Model | Builder) -> str | None:
    """The notion in which players compete; None where the file offers one only."""
    return COMPETING[0] if "notion" in structure(source) else None


def require_crowd(model: Model) -> None:
    """Refuse a game without a crowd of players who are alike.

    Raises
    ------
    InputError
        With the reason.
    """
    crowd = model.game.crowd
    if crowd is None or crowd.own:
        reason = "its players are not alike" if crowd is not None else "it has no crowd of players"
        raise InputError(
            f"there is no planner: {reason}.",
            game=model.name,
            stage="anarchy",
            remedy="Declare Crowd(player), without parameters of the players' own.",
        )


def planned(
    source: Model | Builder,
    values: Mapping[str, object],
    *,
    size: int | None = None,
    continuum: bool = False,
) -> Derivation:
    """What the planner's conditions give, with the functions of one player.

    The form of the solution is that which the file gives for the planner, where it is one of the
    players' functions; otherwise that of the equilibrium.
    """
    model = build(source, values, notion=competing(source), size=size, continuum=continuum)
    if competing(source) is not None:
        try:
            own = build(source, values, notion="planner", size=size, continuum=continuum)
        except InputError:
            own = None
        if own is not None and needs_commitment(own.game):
            model = own
    planner = replace(model, game=replace(model.game, notion="planner"))
    return derived(planner, together)


def _tax(
    derivation: Derivation, values: Mapping[str, object], at: Mapping[str, object] | None
) -> Tax:
    """The external effect of a player's controls at the planner's feedback."""
    derived_tax = tax(derivation)
    assert derived_tax is not None, "everybody deviates"
    controls, effects = derived_tax.controls, derived_tax.rates
    states = derivation.states
    names = tuple(s.name for s in states)
    with ctx.workprec(BITS):
        numbers = read(derivation.model, values, at)
        point = DerivedPoint(derivation, numbers, derivation.model.selection)
        point.answer()
        known = {**point.balls, **point.coefficients(numbers.time)}
        here = {**known, **point.place}
        rate: dict[str, dict[str, float]] = {}
        for control, effect in zip(controls, effects):
            terms = coefficients(effect, states)
            found = map(center, balls(terms.values(), known))
            if terms:
                rate[control.name] = {monomial(e, names): v for e, v in zip(terms, found)}
        if not {*here} >= set().union(*(e.free_symbols for e in effects)) or not _placed(point):
            return Tax(rate, {}, None, None)
        now = balls(effects, here)
        matrix = arb_mat([balls(derived_tax.matrix[k, :], here) for k in range(len(controls))])
    gain, maximal = _best(matrix, now)
    return Tax(rate, {c.name: center(v) for c, v in zip(controls, now)}, gain, maximal)


def _best(matrix: arb_mat, slopes: list[arb]) -> tuple[float | None, bool]:
    """The largest value of ``slopes d - d matrix d/2``, and whether there is one."""
    size = matrix.nrows()
    minors = [
        arb_mat([[matrix[i, j] for j in range(k)] for i in range(k)]).det()
        for k in range(1, size + 1)
    ]
    if not all(minor > 0 for minor in minors):
        return None, False
    step = matrix.solve(arb_mat([[slope] for slope in slopes]))
    return center(sum((s * step[k, 0] for k, s in enumerate(slopes)), arb(0)) / 2), True


def _placed(point: DerivedPoint) -> bool:
    return {*point.place} >= {*point.derivation.states}


def _strategy(answer: Answer) -> dict[str, float]:
    return {f"{c}.{m}": v for c, table in answer.strategy.items() for m, v in table.items()}


def _obtained(answer: Answer) -> float | None:
    """The average objective over the players at the start, where states are known."""
    value = answer.at.get("J", answer.at.get("V"))
    return None if value is None or not math.isfinite(value) else float(value)
