"""The linear-quadratic regulator with any number of states, controls and noises.

dx = (A x + B u) dt + S dW; the least of E int e^(-rho t) (x'Q x + u'R u + 2 x'N u)/2 dt, for ever
or up to T with x'F x/2 at the end (Anderson and Moore, Optimal Control: Linear Quadratic Methods,
Prentice Hall 1990). The value is x'P x/2 + c and the control u = -K x, P the stabilizing solution
of an algebraic Riccati equation, or the solution of a differential one. The entries of the matrices
are parameters: A_1_2 is in row 1 and column 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import sympy as sp

from eqsolve.errors import InputError
from eqsolve.game import (
    Ansatz,
    Game,
    Horizon,
    Letter,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    nonnegative,
    parameter,
    positive,
)

Rows = Sequence[Sequence[Fraction]]

MEANING = {
    "A": "drift by the state",
    "B": "drift by the control",
    "Q": "cost of the state",
    "R": "cost of the control",
    "N": "cost of state and control together",
    "S": "loading on the noise",
    "F": "cost of the state at the end",
}


def model(
    A: Rows | None = None,
    B: Rows | None = None,
    Q: Rows | None = None,
    R: Rows | None = None,
    N: Rows | None = None,
    S: Rows | None = None,
    F: Rows | None = None,
    rho: Fraction | None = None,
    horizon: bool = False,
) -> Model:
    """The regulator of the matrices' dimensions; ``horizon`` says whether T and F are given.

    Without N there is no cross term, without S no noise, and with a horizon the discount rate
    ``rho`` may be left out. Without any matrix there are two states, controls and noises.
    """
    given = {k: v for k, v in zip(MEANING, (A, B, Q, R, N, S, F)) if v is not None}
    states, controls, noises = 2, 2, 2
    if given:
        states, controls = len(given.get("A", ())), len((*given.get("B", ()), ())[0])
        noises = len((*given.get("S", ()), ())[0])
    shapes = {
        "A": (states, states),
        "B": (states, controls),
        "Q": (states, states),
        "R": (controls, controls),
        "N": (states, controls),
        "S": (states, noises),
    } | ({"F": (states, states)} if horizon else {})
    for letter, rows in given.items():
        _check(letter, rows, shapes)
    used = [k for k in shapes if k in given or not given or k not in "NS"]
    entries = {k: sp.zeros(*shape) for k, shape in shapes.items()}
    entries |= {k: _matrix(k, *shapes[k]) for k in used}
    discounted = rho is not None or not horizon
    x, u = (sp.Matrix(sp.symbols(f"{k}_1:{n + 1}")) for k, n in (("x", states), ("u", controls)))
    P = sp.Matrix(states, states, lambda i, j: sp.Symbol(f"P_{min(i, j) + 1}_{max(i, j) + 1}"))
    K = _matrix("K", controls, states)
    c, T, discount = sp.symbols("c T rho")
    drift = entries["A"] * x + entries["B"] * u
    running = x.dot(entries["Q"] * x) + u.dot(entries["R"] * u) + 2 * x.dot(entries["N"] * u)
    payoff = x.dot(entries["F"] * x) if horizon else sp.S.Zero
    return Model(
        Game(
            "lq-regulator",
            states=tuple(
                State(x[i], drift[i], {f"W_{k + 1}": v for k, v in enumerate(row) if v != 0})
                for i, row in enumerate(entries["S"].tolist())
            ),
            players=(
                Player(
                    "regulator",
                    tuple(u),
                    expected(running / 2, payoff / 2, sense="minimize"),
                    discount=discount if discounted else sp.S.Zero,
                ),
            ),
            horizon=Horizon(end=T) if horizon else Horizon(),
        ),
        Ansatz({"J": x.dot(P * x) / 2 + c}, feedback=dict(zip(u, -K * x))),
        Vocabulary(
            *(
                parameter(v, f"{MEANING[k]}, row {i + 1}, column {j + 1}", latex=_entry(k, i, j))
                for k in used
                for i, row in enumerate(entries[k].tolist())
                for j, v in enumerate(row)
            ),
            *((parameter(discount, "discount rate", nonnegative),) if discounted else ()),
            *((parameter(T, "horizon", positive),) if horizon else ()),
            *(Letter(symbol, "state") for symbol in x),
            *(Letter(symbol, "control") for symbol in u),
        ),
        title="linear-quadratic regulator",
        source="Anderson and Moore, Optimal Control: Linear Quadratic Methods, Prentice Hall 1990",
        selection="stabilizing",
        cases={"default": DEFAULT} if not given and not horizon else {},
        reference={"default": REFERENCE} if not given and not horizon else {},
    )


def _matrix(letter: str, rows: int, columns: int) -> sp.Matrix:
    return sp.Matrix(rows, columns, lambda i, j: sp.Symbol(f"{letter}_{i + 1}_{j + 1}"))


def _entry(letter: str, row: int, column: int) -> str:
    return f"{letter}_{{{row + 1},{column + 1}}}"


def _check(letter: str, rows: Rows, shapes: dict[str, tuple[int, int]]) -> None:
    if letter not in shapes:
        raise InputError(
            f"{letter} is given without a horizon.",
            game="lq-regulator",
            stage="structure",
            remedy="Give T as well, or leave it out.",
        )
    height, width = shapes[letter]
    if len(rows) != height or any(len(row) != width for row in rows) or height * width == 0:
        raise InputError(
            f"{letter} is not a matrix of {height} rows and {width} columns.",
            game="lq-regulator",
            stage="structure",
            remedy="A is square, B has a row for each state and a column for each control, Q and "
            "F are like A, R is square, N like B, and S has a row for each state.",
        )


DEFAULT = {
    f"{letter}_{i}_{j}": value
    for letter, values in {
        "A": ("0", "1", "-1", "-0.2"),
        "B": ("0", "0.5", "1", "0.3"),
        "Q": ("1", "0.2", "0.2", "0.5"),
        "R": ("1", "0.1", "0.1", "2"),
        "N": ("0.1", "0", "0", "0.2"),
        "S": ("0.3", "0", "0.1", "0.2"),
    }.items()
    for (i, j), value in zip(((1, 1), (1, 2), (2, 1), (2, 2)), values)
} | {"rho": "0.2"}
REFERENCE = {
    "P_1_1": "0.988991406702347",
    "P_1_2": "0.262813682008897",
    "P_2_2": "0.701887176811613",
    "c": "0.349681015910814",
}
