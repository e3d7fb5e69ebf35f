"""Growth and outcome of what players of several types play, where controls are affine in states.

Every player's states are written out; of a continuum, the averages over the types, beside one
player of each. Under affine controls the generator maps polynomials of the states to polynomials:
a player's expectations grow like the exponential of the matrix by which it maps those monomials
that the own payoff reaches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import arb, arb_mat

from eqsolve.program.letters import Environment
from eqsolve.rows import Types
from eqsolve.solve.everybody import JOINT, Everybody, Feedback, identity
from eqsolve.solve.growth import largest_real_part

#: A polynomial in the states of all players: coefficients by the sorted numbers of the factors.
Polynomial = dict[tuple[int, ...], arb]

#: A polynomial in a player's own letters: exponents and coefficients.
Terms = list[tuple[tuple[int, ...], arb]]

#: Highest degree of the polynomials that are followed.
DEGREE = 2


class NotFollowed(Exception):
    """Expectations in play are not followed; the message is a sentence."""


@dataclass(frozen=True)
class Seat:
    """Somebody whose states are written out: a player, or the average of a type."""

    type: int
    player: bool


class Play:
    """All players at their feedback.

    Parameters
    ----------
    everybody : the responses of all types.
    feedback : their controls in states.

    Raises
    ------
    NotFollowed
        If players are too many to be written out, or drifts and loadings are not affine.
    """

    def __init__(self, everybody: Everybody, feedback: Sequence[Feedback]) -> None:
        self.everybody, self.feedback = everybody, feedback
        self.types, self.laws = everybody.types, everybody.responses.laws
        if everybody.responses.motion is None:
            raise NotFollowed(everybody.responses.unfollowed)
        self.motion = everybody.responses.motion
        seats = _seats(self.types)
        if len(seats) > JOINT + len(self.types.weights):
            raise NotFollowed(f"Beyond {JOINT} players the growth of expectations is not examined.")
        self.seats = seats
        self.size = len(everybody.states)
        #: the largest real part of the generator on the monomials that are reached together
        self._growth: dict[frozenset[tuple[int, ...]], arb] = {}

    def growth(self, k: int) -> arb:
        """How fast the expectations of a player of a type grow, less the rate of discounting.

        Raises
        ------
        NotFollowed
            If they are no polynomials of the states of degree two.
        """
        basis, matrix = self._reached(k)
        reached = frozenset(basis)
        if reached not in self._growth:
            self._growth[reached] = largest_real_part(matrix)
        return self._growth[reached] - self._rate(k)

    def squares(self, k: int) -> arb:
        """The growth rate of the products of two states that a player's expectations depend on."""
        basis, matrix = self._reached(k)
        second = [i for i, powers in enumerate(basis) if len(powers) == 2]
        part = [matrix[i, j] for i in second for j in second]
        return largest_real_part(arb_mat(len(second), len(second), part))

    def outcome(
        self,
        k: int,
        places: Sequence[Environment],
        functions: Sequence[Polynomial] | None = None,
    ) -> tuple[arb, arb | None]:
        """The preference of a player of a type, and the largest rate of gain from a deviation.

        All players of a type are at its states. The rate is None where gains are not bounded.

        Parameters
        ----------
        k : the type.
        places : the states of all types.
        functions : what every moment of the preference is expected to be; None where nothing
            moves in time, and these follow.

        Raises
        ------
        NotFollowed
            As for ``growth``.
        """
        player = self._player(k)
        values = {**self.everybody.values[k], **places[k]}
        point = [places[seat.type][s] for seat in self.seats for s in self.everybody.states]
        functions = self._expected(k) if functions is None else functions
        numbers = dict(zip(self.motion.moments, (_at(f, point) for f in functions)))
        slopes = self.motion.slopes.within({**values, **numbers})

        def gain(shifts: Sequence[int]) -> arb:
            moved = self._forms(player, shifts)
            running = [pair[1] for pair in self._payoffs(player, moved)]
            motion = self._moving(moved)
            total = arb(0)
            for slope, function, rate in zip(slopes, functions, running):
                change = [(c, self._generator(f, *motion)) for f, c in function.items()]
                total += slope * (_at(_sum(change), point) + _at(rate, point))
            return total

        (objective,) = self.motion.preference.within({**values, **numbers})
        sign = self.motion.sign
        return objective, _best(lambda s: sign * gain(s), len(self.everybody.controls))

    def _expected(self, k: int) -> list[Polynomial]:
        """What every moment of a type is expected to be where nothing moves in time."""
        payoffs = self._payoffs(self._player(k), self._played)
        basis, matrix = self._reached(k)
        (hazard,) = self.motion.hazard.within(self.everybody.values[k])
        system = identity(len(basis)) * self._rate(k) - matrix.transpose()
        functions: list[Polynomial] = []
        for pay, running in payoffs:
            right = [hazard * pay.get(f, arb(0)) + running.get(f, arb(0)) for f in basis]
            try:
                solved: Any = system.solve(arb_mat(len(basis), 1, right))
            except ZeroDivisionError:
                raise NotFollowed(
                    "The expectations in play cannot be told from infinite."
                ) from None
            functions.append({f: solved[i, 0] for i, f in enumerate(basis)})
        return functions

    def slopes(self, k: int) -> tuple[list[tuple[int, ...]], Any]:
        """How what a type expects moves in the time to go, and the monomials that it depends on.

        Returns
        -------
        The monomials, and a function of the coefficients of one moment and of its number, which
        returns their derivatives.

        Raises
        ------
        NotFollowed
            As for ``growth``.
        """
        rows = self.reached(k)[1]
        basis, values = list(rows), self.everybody.values[k]
        (hazard,), rate = self.motion.hazard.within(values), self._rate(k)
        payoffs = self._payoffs(self._player(k), self._played)

        def moved(number: int, expected: Sequence[Any]) -> list[Any]:
            pay, running = payoffs[number]
            found = []
            for f, own in zip(basis, expected):
                total = hazard * pay.get(f, arb(0)) + running.get(f, arb(0)) - rate * own
                for g, value in zip(basis, expected):
                    if f in rows[g]:
                        total = total + rows[g][f] * value
                found.append(total)
            return found

        return basis, moved

    def due(self, k: int, basis: Sequence[tuple[int, ...]]) -> list[list[arb]]:
        """The payoffs of a type at the end of the horizon, moment by moment, by monomial."""
        pairs = self._payoffs(self._player(k), self._played)
        return [[pay.get(f, arb(0)) for f in basis] for pay, _ in pairs]

    # -- polynomials ----------------------------------------------------------------------------

    def _player(self, k: int) -> int:
        """The seat of a player of a type."""
        return next(i for i, seat in enumerate(self.seats) if seat.type == k and seat.player)

    @cached_property
    def _played(self) -> list[dict[str, Polynomial]]:
        return self._forms()

    def reached(self, k: int) -> tuple[list[Polynomial], dict[tuple[int, ...], Polynomial]]:
        """What a type is paid, and the generator of every monomial that this reaches.

        Raises
        ------
        NotFollowed
            As for ``growth``.
        """
        pairs = self._payoffs(self._player(k), self._played)
        payoffs = [p for pair in pairs for p in pair]
        return payoffs, self._followed(self._played, payoffs)

    def _reached(self, k: int) -> tuple[list[tuple[int, ...]], arb_mat]:
        """The monomials that the payoffs of a type reach, and the matrix of the generator."""
        rows = self.reached(k)[1]
        basis = list(rows)
        entries = [rows[f].get(g, arb(0)) for f in basis for g in basis]
        return basis, arb_mat(len(basis), len(basis), entries)

    def _rate(self, k: int) -> arb:
        rate: arb = self.motion.rate.within(self.everybody.values[k])[0]
        return rate

    @cached_property
    def _laws(self) -> list[list[Terms]]:
        """What is averaged, by type and law."""
        return [self.motion.laws.within(values) for values in self.everybody.values]

    def _averages(self, k: int) -> list[int]:
        """The seats whose average is that over all players of a type."""
        if not self.types.counts[k]:
            return [k]
        return [i for i, seat in enumerate(self.seats) if seat.type == k]

    def _forms(self, moved: int = -1, shifts: Sequence[int] = ()) -> list[dict[str, Polynomial]]:
        """States, controls and laws of every seat; the controls of one shifted."""
        everybody, size = self.everybody, self.size
        found: list[dict[str, Polynomial]] = []
        for i, seat in enumerate(self.seats):
            row: dict[str, Polynomial] = {
                s: {(i * size + j,): arb(1)} for j, s in enumerate(everybody.states)
            }
            play = self.feedback[seat.type]
            for c, control in enumerate(everybody.controls):
                form: Polynomial = {(): play.constant[c]}
                if i == moved:
                    form[()] = form[()] + shifts[c]
                for j in range(size):
                    _add(form, (i * size + j,), play.own[c][j])
                    for other in range(len(self.types.weights)):
                        among = self._averages(other)
                        part = play.averages[c][other][j] / len(among)
                        for a in among:
                            _add(form, (a * size + j,), part)
                row[control] = form
            found.append(row)
        laws: dict[str, Polynomial] = {}
        for number, law in enumerate(self.laws):
            total: list[tuple[arb, Polynomial]] = []
            for k, weight in enumerate(everybody.weights):
                among = self._averages(k)
                for a in among:
                    inner = self._polynomial(self._laws[k][number], {**found[a], **laws})
                    if self.types.counts[k] == 0 and _degree(inner) > 1:
                        raise NotFollowed(f"The law of {law.text} is not followed.")
                    total.append((weight / len(among), inner))
            laws[law.name] = _sum(total)
        for row in found:
            row |= laws
        return found

    def _polynomial(self, terms: Terms, forms: Mapping[str, Polynomial]) -> Polynomial:
        """A polynomial in a player's own letters as one in everybody's states."""
        parts = []
        for exponents, number in terms:
            part: Polynomial = {(): arb(1)}
            for letter, exponent in zip(self.motion.drifts.letters, exponents):
                for _ in range(exponent):
                    part = _product(part, forms[letter])
            parts.append((number, part))
        return _sum(parts)

    def _payoffs(
        self, player: int, forms: Sequence[Mapping[str, Polynomial]]
    ) -> list[tuple[Polynomial, Polynomial]]:
        """Payoff and running part of every moment of a player."""
        values = self.everybody.values[self.seats[player].type]
        pairs = zip(self.motion.payoffs.within(values), self.motion.running.within(values))
        own = forms[player]
        return [(self._polynomial(p, own), self._polynomial(r, own)) for p, r in pairs]

    def _moving(
        self, forms: Sequence[Mapping[str, Polynomial]]
    ) -> tuple[list[Polynomial], list[dict[tuple[str, int], Polynomial]]]:
        """Drift and loadings of every state; the noises of a seat's own bear its number."""
        drifts: list[Polynomial] = []
        loadings: list[dict[tuple[str, int], Polynomial]] = []
        for i, seat in enumerate(self.seats):
            values = self.everybody.values[seat.type]
            drifts += [self._polynomial(d, forms[i]) for d in self.motion.drifts.within(values)]
            rows: list[dict[tuple[str, int], Polynomial]] = [{} for _ in range(self.size)]
            loads = self.motion.loadings.within(values)
            for (state, noise), load in zip(self.motion.places, loads):
                common = noise in self.motion.given
                if common or seat.player:
                    place = noise, -1 if common else i
                    rows[state][place] = self._polynomial(load, forms[i])
            loadings += rows
        if any(_degree(p) > 1 for p in (*drifts, *(p for row in loadings for p in row.values()))):
            raise NotFollowed("Drifts or loadings in play are not affine in the states.")
        return drifts, loadings

    def _generator(
        self,
        monomial: tuple[int, ...],
        drifts: Sequence[Polynomial],
        loadings: Sequence[Mapping[tuple[str, int], Polynomial]],
    ) -> Polynomial:
        """The expected change of a monomial of degree at most two per unit of time."""
        if len(monomial) == 1:
            return drifts[monomial[0]]
        if not monomial:
            return {}
        i, j = monomial
        parts = [
            (arb(1), _product({(i,): arb(1)}, drifts[j])),
            (arb(1), _product({(j,): arb(1)}, drifts[i])),
        ]
        parts += [
            (arb(1), _product(load, loadings[j][noise]))
            for noise, load in loadings[i].items()
            if noise in loadings[j]
        ]
        return _sum(parts)

    def _followed(
        self,
        forms: Sequence[Mapping[str, Polynomial]],
        start: Iterable[Polynomial],
    ) -> dict[tuple[int, ...], Polynomial]:
        """The monomials that polynomials reach, with the generator of each."""
        motion = self._moving(forms)
        rows: dict[tuple[int, ...], Polynomial] = {}
        pending = [f for p in start for f in p]
        while pending:
            f = pending.pop()
            if f in rows:
                continue
            if len(f) > DEGREE:
                raise NotFollowed("Payoffs of a degree above two are not followed.")
            rows[f] = self._generator(f, *motion)
            pending += [g for g in rows[f] if g not in rows]
        return rows


def _seats(types: Types) -> list[Seat]:
    """All players, or the averages of a continuum's types and a player of each."""
    if all(types.counts):
        return [Seat(k, True) for k, count in enumerate(types.counts) for _ in range(count)]
    kinds = range(len(types.weights))
    return [Seat(k, False) for k in kinds] + [Seat(k, True) for k in kinds]


def _best(gain: Any, size: int) -> arb | None:
    """The largest gain of a quadratic function of shifts over no shift; None if not bounded."""
    zero = [0] * size

    def at(*steps: tuple[int, int]) -> arb:
        shifts = zero.copy()
        for place, step in steps:
            shifts[place] += step
        value: arb = gain(shifts)
        return value

    rest = at()
    slopes = [(at((i, 1)) - at((i, -1))) / 2 for i in range(size)]
    bends = [
        [at((i, 1), (j, 1)) - at((i, 1)) - at((j, 1)) + rest for j in range(size)]
        for i in range(size)
    ]
    matrix = arb_mat(size, size, [-b for row in bends for b in row])
    try:
        shift: Any = matrix.solve(arb_mat(size, 1, slopes))
    except ZeroDivisionError:
        return None
    return sum((s * shift[i, 0] for i, s in enumerate(slopes)), arb(0)) / 2


def _add(polynomial: Polynomial, monomial: tuple[int, ...], value: arb) -> None:
    if value != 0:
        polynomial[monomial] = polynomial.get(monomial, arb(0)) + value


def _product(first: Polynomial, second: Polynomial) -> Polynomial:
    found: Polynomial = {}
    for f, a in first.items():
        for g, b in second.items():
            _add(found, tuple(sorted((*f, *g))), a * b)
    return found


def _sum(parts: Iterable[tuple[arb, Polynomial]]) -> Polynomial:
    found: Polynomial = {}
    for weight, polynomial in parts:
        for f, value in polynomial.items():
            _add(found, f, weight * value)
    return found


def _degree(polynomial: Polynomial) -> int:
    return max(map(len, polynomial), default=0)


def _at(polynomial: Polynomial, point: Sequence[arb]) -> arb:
    total = arb(0)
    for f, value in polynomial.items():
        term = value
        for i in f:
            term = term * point[i]
        total += term
    return total
