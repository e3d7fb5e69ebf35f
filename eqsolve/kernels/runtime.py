"""What generated kernels call: roots, and integration of differential equations in doubles.

Functions take preallocated arrays of doubles and raise nothing; a failure is a value that is not
finite.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]

#: Columns of the extrapolation table: order 2 * COLUMNS in the step.
COLUMNS = 7
#: Local error of a step, relative to ``1 + |u|``.
TOLERANCE = 1e-13
#: Magnitude from which a solution may explode, and the part of the length within which it does.
LARGE, POLE = 1e10, 1e-6
#: Statuses of an integration, as ``eqsolve.numerics.status.Status`` has them.
EXPLODES, UNRESOLVED = 8, 10
MOST_STEPS = 20000
#: What a candidate returns that does not exist.
NO_ROOT = -1
EPSILON = 2.0**-53
#: Where coupled coefficients come to rest: local error of a step, most steps, and most that one
#: may change; rates from which Newton's method takes over, and how far it may go. All relative to
#: ``1 + |u|``, and rates to the pace of the linearized flow: nothing depends on the unit of time.
COARSE, COARSE_STEPS, JUMP = 1e-5, 400, 0.5
SLOW, NEAR = 1e-3, 1e-2
#: Rates from which Newton's method is tried in a precise integration; distances from a point that
#: does not attract at which the flow rests there, or certainly goes past it.
TRIED, RESTING, PASSING = 1e-6, 1e-15, 1e-9
#: Roots with imaginary parts below this may be two real ones that rounding took apart.
NEARLY_REAL = 1e-4


def own(of: Any) -> Callable[[Any], Any]:
    """Compile a function that is made for another one, under a name of its own.

    Machine code that is read from disk is linked by names: functions made by one maker for
    different kernels would be taken for each other.
    """
    maker = of.py_func

    def compiled(function: Any) -> Any:
        function.__qualname__ = f"{function.__name__}_{maker.__module__}_{maker.__name__}"
        return njit(error_model="numpy")(function)

    return compiled


@njit(cache=True, error_model="numpy")
def root_cosh(square: float, s: float) -> float:
    """``cosh(sqrt(square) s)`` for squares of either sign."""
    if square >= 0.0:
        return math.cosh(math.sqrt(square) * s)
    return math.cos(math.sqrt(-square) * s)


@njit(cache=True, error_model="numpy")
def root_sinh(square: float, s: float) -> float:
    """``sinh(sqrt(square) s) / sqrt(square)`` for squares of either sign, ``s`` at 0."""
    z = square * s * s
    if abs(z) < 1e-3:
        return s * (1.0 + z / 6.0 * (1.0 + z / 20.0 * (1.0 + z / 42.0 * (1.0 + z / 72.0))))
    if square > 0.0:
        root = math.sqrt(square)
        return math.sinh(root * s) / root
    root = math.sqrt(-square)
    return math.sin(root * s) / root


@njit(cache=True, error_model="numpy")
def explosion_time(square: float, slope: float) -> float:
    """The first zero of ``cosh(D s / 2) - slope sinh(D s / 2) / D`` with ``D^2 = square``."""
    if square > 0.0:
        root = math.sqrt(square)
        return 2.0 / root * math.atanh(root / slope) if slope > root else math.inf
    if square == 0.0:
        return 2.0 / slope if slope > 0.0 else math.inf
    root = math.sqrt(-square)
    return (math.pi / 2.0 - math.atan(slope / root)) * 2.0 / root


@njit(cache=True, error_model="numpy")
def value_at(coefficients: Vector, x: float) -> tuple[float, float]:
    """A polynomial, leading coefficient first, and its derivative."""
    value, slope = 0.0, 0.0
    for c in coefficients:
        slope = slope * x + value
        value = value * x + c
    return value, slope


@njit(cache=True, error_model="numpy")
def rounding(coefficients: Vector, x: float) -> float:
    """A bound of the rounding error of ``value_at``, of coefficients that are rounded, too."""
    total = 0.0
    for c in coefficients:
        total = total * abs(x) + abs(c)
    return 4.0 * coefficients.size * EPSILON * total


@njit(cache=True, error_model="numpy")
def real_roots(coefficients: Vector) -> tuple[Vector, Vector]:
    """The simple real roots in order, and where doubles do not decide whether there are any.

    A simple root is shown by a change of sign beyond rounding. Of every other root that is nearly
    real the real part is among the doubtful ones.
    """
    degree = coefficients.size - 1
    found, doubtful = np.empty(degree), np.empty(degree)
    if degree == 1:
        found[0] = -coefficients[1] / coefficients[0]
        return found, doubtful[:0]
    if degree == 2:
        a, b, c = coefficients[0], coefficients[1], coefficients[2]
        inside = b * b - 4.0 * a * c
        doubt = 16.0 * EPSILON * (b * b + abs(4.0 * a * c))
        if abs(inside) <= doubt:
            doubtful[0] = -0.5 * b / a
            return found[:0], doubtful[:1]
        if inside < 0.0:
            return found[:0], doubtful[:0]
        q = -0.5 * (b + math.copysign(math.sqrt(inside), b))
        found[0], found[1] = min(q / a, c / q), max(q / a, c / q)
        return found, doubtful[:0]
    count = doubts = 0
    for z in np.roots(coefficients.astype(np.complex128)):
        if abs(z.imag) > NEARLY_REAL * (1.0 + abs(z.real)):
            continue
        x = z.real
        for _ in range(4):
            value, slope = value_at(coefficients, x)
            if slope != 0.0 and math.isfinite(value / slope):
                x -= value / slope
        sure, new, width = False, True, 1e-10
        while not sure and width < 1e-4:
            width *= 10.0
            reach = width * (1.0 + abs(x))
            low, _ = value_at(coefficients, x - reach)
            high, _ = value_at(coefficients, x + reach)
            sure = low * high < 0.0 and abs(low) > rounding(coefficients, x - reach)
            sure = sure and abs(high) > rounding(coefficients, x + reach)
        for k in range(count):
            if abs(found[k] - x) <= 2.0 * width * (1.0 + abs(x)):
                new = False
        if sure and new:
            found[count] = x
            count += 1
        else:
            doubtful[doubts] = z.real
            doubts += 1
    return np.sort(found[:count]), doubtful[:doubts]


@njit(cache=True, error_model="numpy")
def root_of(coefficients: Vector, start: float, pick: int) -> float:
    """A real root of a polynomial, by its number, or where the motion from ``start`` ends.

    ``du/ds = polynomial(u)`` is monotone: it ends at the next root in the direction of its first
    rate. Infinite if there is no such root, not a number if doubles do not decide.
    """
    first = 0
    while first < coefficients.size and coefficients[first] == 0.0:
        first += 1
    poly = coefficients[first:]
    if poly.size < 2 or not np.all(np.isfinite(poly)):
        return math.nan
    roots, doubtful = real_roots(poly)
    if pick >= 0:
        if doubtful.size > 0:
            return math.nan
        return float(roots[pick]) if pick < roots.size else math.inf
    rate, _ = value_at(poly, start)
    if rate == 0.0:
        return start
    if not abs(rate) > rounding(poly, start):
        return math.nan
    direction = 1.0 if rate > 0.0 else -1.0
    best = math.inf
    for x in roots:
        distance = (x - start) * direction
        if 0.0 <= distance < best:
            best = distance
    for x in doubtful:
        # between the start and the root, within what a double root is off
        if -1e-3 * (1.0 + abs(x)) <= (x - start) * direction <= best + 1e-3 * (1.0 + abs(x)):
            return math.nan
    return start + direction * best


def decider(candidate: Any, choices: Any, alone: bool) -> Any:
    """A function that decides among the solutions of one point; see ``eqsolve.solve.decide``.

    The limit of finite horizons is taken if it is an equilibrium. Else another solution is, if it
    is the only one; without any, the status is theirs if they have the same.

    Parameters
    ----------
    candidate : fills the results of one solution, ``pick`` the numbers of its roots or -1 for the
        limit, and returns its status.
    choices : number of roots of each polynomial.
    alone : whether the roots of polynomials are all that is chosen.
    """
    total = 1
    for number in choices:
        total *= int(number)
    chosen = choices.size > 0
    ok, unplayable, invalid, none = 0, 2, 6, 1

    @own(candidate)
    def decide(point: Vector, given: Any, out: Vector) -> int:
        pick = np.full(choices.size, -1, dtype=np.int64)
        status = candidate(point, given, pick, out)
        if status == ok or status == unplayable or status == invalid:
            return int(status)
        if not alone:
            return UNRESOLVED
        if not chosen:
            return int(status)
        trial = np.empty(out.size)
        admissible, kind, mixed, final = 0, -1, False, ok
        for number in range(total):
            rest = number
            for i in range(choices.size):
                pick[i] = rest % choices[i]
                rest //= choices[i]
            trial[:] = np.nan
            status = candidate(point, given, pick, trial)
            if status == NO_ROOT:
                continue
            if status == UNRESOLVED:
                return UNRESOLVED
            if status == ok or status == unplayable:
                # what is selected may still be nobody's strategy
                admissible, final = admissible + 1, status
                out[:] = trial
                continue
            mixed = mixed or (kind >= 0 and kind != status)
            kind = status
        if admissible == 1:
            return int(final)
        if admissible > 1:
            return UNRESOLVED
        return none if kind < 0 or mixed else kind

    return decide


def integrator(rates: Any) -> Any:
    """A function that integrates ``du/ds = rates(s, u, p)`` in place from 0 to a length.

    It returns a status: 0 if it got there. Extrapolated midpoint rule (Gragg, Bulirsch and Stoer)
    of a fixed order with adaptive steps. A large unknown explodes if it changes by its own size
    within much less time than is left.
    """

    @own(rates)
    def midpoint(
        s: float, u: Vector, p: Vector, h: float, count: int, work: Vector, out: Vector
    ) -> None:
        part = h / count
        before, now, slope = work[0], work[1], work[2]
        before[:] = u
        rates(s, u, p, slope)
        now[:] = u + part * slope
        for k in range(1, count):
            rates(s + k * part, now, p, slope)
            before += 2.0 * part * slope
            for i in range(u.size):
                before[i], now[i] = now[i], before[i]
        rates(s + h, now, p, slope)
        out[:] = 0.5 * (now + before + part * slope)

    @own(rates)
    def integrate(u: Vector, p: Vector, length: float) -> int:
        size = u.size
        table = np.empty((COLUMNS, size))
        work = np.empty((3, size))
        new = np.empty(size)
        s, h = 0.0, length / 8.0
        for _ in range(MOST_STEPS):
            if s >= length:
                return 0
            h = min(h, length - s)
            for j in range(COLUMNS):
                midpoint(s, u, p, h, 2 * (j + 1), work, table[j])
                for k in range(j - 1, -1, -1):
                    ratio = (j + 1.0) / (k + 1.0)
                    factor = 1.0 / (ratio * ratio - 1.0)
                    for i in range(size):
                        table[k, i] = table[k + 1, i] + (table[k + 1, i] - table[k, i]) * factor
                if j == COLUMNS - 2:
                    new[:] = table[0]
            error = 0.0
            for i in range(size):
                scaled = abs(table[0, i] - new[i]) / (1.0 + abs(table[0, i]))
                error = scaled if not scaled <= error else error
            if error <= TOLERANCE:
                u[:] = table[0]
                s += h
                for i in range(size):
                    if abs(u[i]) > LARGE:
                        rates(s, u, p, new)
                        ahead = abs(u[i] / new[i])
                        if ahead < POLE * length:
                            return EXPLODES if length - s > 2.0 * ahead else UNRESOLVED
            grown = 0.9 * (TOLERANCE / error) ** (1.0 / (2 * COLUMNS - 1)) if error > 0.0 else 4.0
            h *= min(4.0, max(0.1, grown)) if math.isfinite(error) else 0.1
            if h < 1e-12 * length:
                return UNRESOLVED
        return UNRESOLVED

    return integrate


@njit(cache=True, error_model="numpy")
def factor(matrix: Vector, order: Any) -> bool:
    """Gaussian elimination in place with the largest pivots; False if one is zero."""
    size = order.size
    for k in range(size):
        best = k
        for i in range(k + 1, size):
            if abs(matrix[i, k]) > abs(matrix[best, k]):
                best = i
        order[k] = best
        if not abs(matrix[best, k]) > 0.0:
            return False
        if best != k:
            for j in range(size):
                matrix[k, j], matrix[best, j] = matrix[best, j], matrix[k, j]
        inverse = 1.0 / matrix[k, k]
        for i in range(k + 1, size):
            matrix[i, k] *= inverse
            for j in range(k + 1, size):
                matrix[i, j] -= matrix[i, k] * matrix[k, j]
    return True


@njit(cache=True, error_model="numpy")
def substitute(matrix: Vector, order: Any, right: Vector) -> None:
    """Solve with a matrix that ``factor`` has worked on, in place."""
    size = order.size
    for k in range(size):
        right[k], right[order[k]] = right[order[k]], right[k]
    for k in range(size):
        for i in range(k + 1, size):
            right[i] -= matrix[i, k] * right[k]
    for k in range(size - 1, -1, -1):
        for j in range(k + 1, size):
            right[k] -= matrix[k, j] * right[j]
        right[k] /= matrix[k, k]


@njit(cache=True, error_model="numpy")
def relative(change: Vector, u: Vector) -> float:
    """The largest change relative to ``1 + |u|``; not finite if one is not."""
    largest = 0.0
    for i in range(u.size):
        part = abs(change[i]) / (1.0 + abs(u[i]))
        largest = part if not part <= largest else largest
    return largest


@njit(cache=True, error_model="numpy")
def norm(matrix: Vector) -> float:
    """The largest sum of magnitudes in a row; not finite if one is not."""
    largest = 0.0
    for i in range(matrix.shape[0]):
        total = 0.0
        for j in range(matrix.shape[1]):
            total += abs(matrix[i, j])
        largest = total if not total <= largest else largest
    return largest


def settler(rates: Any, jacobian: Any) -> Any:
    """A function that follows ``du/ds = rates(s, u, p)`` in place to where it comes to rest.

    It returns whether it does: after the flow has slowed down, Newton's method takes over. Where
    the flow goes is followed by steps that are linearly implicit, and grow as it slows down. Only
    if that does not end at a point that attracts what is near (close to the boundary of what
    another one attracts, say) the flow is integrated to full precision.
    """
    integrate = integrator(rates)

    @own(rates)
    def newton(u: Vector, p: Vector, slope: Vector, matrix: Vector, order: Any) -> bool:
        """Newton's method; whether it ends, without going far."""
        moved = 0.0
        for _ in range(8):
            rates(0.0, u, p, slope)
            jacobian(u, p, matrix)
            if not factor(matrix, order):
                return False
            substitute(matrix, order, slope)
            for i in range(u.size):
                u[i] -= slope[i]
            largest = relative(slope, u)
            moved += largest
            if not moved < NEAR:
                return False
            if largest < 1e-14:
                return True
        return largest < 1e-12

    @own(rates)
    def approach(u: Vector, p: Vector) -> bool:
        """Whether the flow certainly ends at an attracting point, to which ``u`` is moved.

        The method is Rodas3 (Sandu and others, Atmospheric Environment 31, 1997) of order 3, with
        its embedded error estimate.
        """
        size = u.size
        matrix = np.empty((size, size))
        work = np.empty((6, size))
        order = np.empty(size, dtype=np.int64)
        slope, first, second, third, fourth, new = work
        h = 0.0
        for _ in range(COARSE_STEPS):
            rates(0.0, u, p, slope)
            jacobian(u, p, matrix)
            fastest, pace = relative(slope, u), norm(matrix)
            if not (math.isfinite(fastest) and math.isfinite(pace) and pace > 0.0):
                return False
            if fastest < SLOW * pace:
                new[:] = u
                if newton(new, p, second, matrix, order):
                    u[:] = new
                    jacobian(u, p, matrix)
                    return attracts(matrix)
                jacobian(u, p, matrix)
            h = 0.1 / pace if h == 0.0 else h
            for i in range(size):
                for j in range(size):
                    matrix[i, j] = -matrix[i, j]
                matrix[i, i] += 2.0 / h
            if not factor(matrix, order):
                return False
            first[:] = slope
            substitute(matrix, order, first)
            for i in range(size):
                second[i] = slope[i] + 4.0 / h * first[i]
            substitute(matrix, order, second)
            for i in range(size):
                new[i] = u[i] + 2.0 * first[i]
            rates(0.0, new, p, third)
            for i in range(size):
                third[i] += (first[i] - second[i]) / h
            substitute(matrix, order, third)
            for i in range(size):
                new[i] += third[i]
            rates(0.0, new, p, fourth)
            for i in range(size):
                fourth[i] += (first[i] - second[i] - 8.0 / 3.0 * third[i]) / h
            substitute(matrix, order, fourth)
            error = relative(fourth, u)
            for i in range(size):
                new[i] += fourth[i]
                first[i] = new[i] - u[i]
            jump = relative(first, u)
            if not math.isfinite(error):
                h *= 0.1
            elif error <= COARSE and jump > JUMP:
                # these steps are accurate beyond a pole of a Riccati equation, where no limit is
                h *= 0.5
            else:
                if error <= COARSE:
                    u[:] = new
                h *= min(6.0, max(0.1, 0.9 * (COARSE / max(error, 1e-300)) ** (1.0 / 3.0)))
            if np.max(np.abs(u)) > LARGE:
                return False
            if h * pace < 1e-9:
                return False
        return False

    @own(rates)
    def rest(u: Vector, p: Vector) -> bool:
        size = u.size
        slope = np.empty(size)
        slope[:] = u
        if approach(u, p):
            return True
        u[:] = slope
        trial = np.empty(size)
        matrix = np.empty((size, size))
        order = np.empty(size, dtype=np.int64)
        length, closest = 0.0, math.inf
        for _ in range(60):
            rates(0.0, u, p, slope)
            jacobian(u, p, matrix)
            pace = norm(matrix)
            if not (math.isfinite(pace) and pace > 0.0):
                return False
            trial[:] = u
            slow = relative(slope, u) < TRIED * pace
            if slow and newton(trial, p, slope, matrix, order):
                jacobian(trial, p, matrix)
                if attracts(matrix):
                    u[:] = trial
                    return closest > PASSING
                # a point that does not attract is the end only if the flow comes to rest there
                distance = relative(trial - u, u)
                if distance < RESTING:
                    u[:] = trial
                    return True
                closest = min(closest, distance)
            length = 1.0 / pace if length == 0.0 else 1.5 * length
            if integrate(u, p, length) != 0:
                return False
        return False

    return rest


@njit(cache=True, error_model="numpy")
def growth(matrix: Vector, start: Vector) -> float:
    """The largest real part of the eigenvalues of the part of a matrix that ``start`` reaches."""
    size = matrix.shape[0]
    reached = np.zeros(size, dtype=np.bool_)
    for i in range(size):
        reached[i] = np.any(start[i] != 0.0)
    grown = True
    while grown:
        grown = False
        for i in range(size):
            for j in range(size):
                if reached[i] and not reached[j] and matrix[i, j] != 0.0:
                    reached[j] = True
                    grown = True
    count = 0
    part = np.zeros((size, size), dtype=np.complex128)
    places = np.zeros(size, dtype=np.int64)
    for i in range(size):
        if reached[i]:
            places[count] = i
            count += 1
    if count == 0:
        return 0.0
    for i in range(count):
        for j in range(count):
            value = matrix[places[i], places[j]]
            if not math.isfinite(value):
                return math.nan
            part[i, j] = value
    return float(np.max(np.linalg.eigvals(part[:count, :count].copy()).real))


@njit(cache=True, error_model="numpy")
def attracts(matrix: Vector) -> bool:
    """Whether all eigenvalues of a matrix have negative real parts."""
    size = matrix.shape[0]
    if size == 1:
        return bool(matrix[0, 0] < 0.0)
    if size == 2:
        trace = matrix[0, 0] + matrix[1, 1]
        return bool(trace < 0.0 and matrix[0, 0] * matrix[1, 1] > matrix[0, 1] * matrix[1, 0])
    return growth(matrix, np.ones((size, 1))) < 0.0


def crossing_of(function: Any) -> Any:
    """A function that finds a zero of ``function(x, p)`` next to 0, where that is defined.

    What it returns is not finite if it finds none.
    """

    @own(function)
    def crossing(p: Vector) -> float:
        low = high = 0.0
        start = function(0.0, p)
        if start == 0.0:
            return 0.0
        if not math.isfinite(start):
            return math.nan
        step = 1e-3
        found = False
        other_low, other_high = step, step
        for _ in range(400):
            if not found:
                value = function(high + other_high, p)
                if not math.isfinite(value):
                    other_high *= 0.5
                elif value * start <= 0.0:
                    low, high, found = high, high + other_high, True
                else:
                    high += other_high
                    other_high *= 1.5
            if not found:
                value = function(low - other_low, p)
                if not math.isfinite(value):
                    other_low *= 0.5
                elif value * start <= 0.0:
                    low, high, found = low - other_low, low, True
                else:
                    low -= other_low
                    other_low *= 1.5
            if found:
                break
        if not found:
            return math.nan
        left = function(low, p)
        for _ in range(200):
            middle = 0.5 * (low + high)
            if middle == low or middle == high:
                break
            value = function(middle, p)
            if value * left > 0.0:
                low, left = middle, value
            else:
                high = middle
        return 0.5 * (low + high)

    return crossing


@njit(cache=True, error_model="numpy")
def eliminate(matrix: Any, errors: Any, right: Vector, solution: Vector) -> bool:
    """Solve a small linear system in place; False if a pivot could be zero.

    ``errors`` bounds the errors of the entries, and grows with what is subtracted from them.
    """
    size = right.size
    for k in range(size):
        best = k
        for i in range(k + 1, size):
            if abs(matrix[i, k]) - errors[i, k] > abs(matrix[best, k]) - errors[best, k]:
                best = i
        if not abs(matrix[best, k]) > errors[best, k]:
            return False
        for j in range(size):
            matrix[k, j], matrix[best, j] = matrix[best, j], matrix[k, j]
            errors[k, j], errors[best, j] = errors[best, j], errors[k, j]
        right[k], right[best] = right[best], right[k]
        for i in range(k + 1, size):
            factor = matrix[i, k] / matrix[k, k]
            doubt = (errors[i, k] + abs(factor) * errors[k, k]) / (abs(matrix[k, k]) - errors[k, k])
            for j in range(k, size):
                errors[i, j] += abs(factor) * errors[k, j] + doubt * (
                    abs(matrix[k, j]) + errors[k, j]
                )
                matrix[i, j] -= factor * matrix[k, j]
            right[i] -= factor * right[k]
    for k in range(size - 1, -1, -1):
        total = right[k]
        for j in range(k + 1, size):
            total -= matrix[k, j] * solution[j]
        solution[k] = total / matrix[k, k]
    return True


_PLACES, _PARTS = np.polynomial.legendre.leggauss(24)
#: A rule for integrals from 0 to 1: Gauss-Legendre on eight panels.
NODES = np.concatenate([(2 * panel + 1 + _PLACES) / 16.0 for panel in range(8)])
WEIGHTS = np.concatenate([_PARTS / 16.0] * 8)


def quadrature_of(function: Any) -> Any:
    """A function that integrates ``function(x, p)`` from 0 to a length."""

    @own(function)
    def quadrature(p: Vector, length: float) -> float:
        total = 0.0
        for x, w in zip(NODES, WEIGHTS):
            total += w * length * function(x * length, p)
        return total

    return quadrature
