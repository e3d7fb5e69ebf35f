"""The mean-variance games with relative wealth and a random horizon, for the engine of all games.

The wealth dX = (r X + (b - r) pi) dt + nu pi dW + sigma pi dW_0 of an agent is judged against the
average wealth Xbar of all: at wealth x, and while the horizon tau of hazard rate lambda has not
struck, by (alpha + beta x) E Z - gamma/2 Var Z with Z = X - theta Xbar at tau. Nobody can commit to
a strategy. A crowd of agents is one game, an agent against given averages of the others another.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import sympy as sp

from eqsolve.derivations.mean_variance.parameters import AVERAGES, PARAMETERS
from eqsolve.game import (
    Ansatz,
    Crowd,
    Game,
    Horizon,
    Law,
    Letter,
    Model,
    Moment,
    Notion,
    Player,
    Preference,
    State,
    Vocabulary,
    nonnegative,
    parameter,
    positive,
    real,
)
from eqsolve.notated.restated import Restated
from eqsolve.symbols import NONNEGATIVE, POSITIVE, REAL, Domain

x, y, m, pi = sp.symbols("x y m pi")
r, b, nu, sigma, theta, gamma, alpha, beta, n = sp.symbols("r b nu sigma theta gamma alpha beta n")
lam, B, weight = sp.symbols("lambda B weight")
kappa, m_b, m_s, m_2 = sp.symbols("kappa m_b m_s m_2")
OWN = (b, nu, sigma, theta, gamma, alpha, beta, lam)
a, c, d, h20, h11, h02, h10, h01, h00 = sp.symbols("a c d h20 h11 h02 h10 h01 h00")
p1, p2, p3 = sp.symbols("p1 p2 p3")

WEALTH = State(x, r * x + B * pi, {"W": nu * pi, "W_0": sigma * pi})
#: The sets that domains of letters are.
_SETS: dict[Domain, sp.Set] = {REAL: real, NONNEGATIVE: nonnegative, POSITIVE: positive}


def described(*rows: tuple[str, str, str, str, Domain]) -> list[Letter]:
    """Rows of the family's table of parameters for the vocabulary of a game."""
    return [
        parameter(sp.Symbol(name), meaning, _SETS[domain], unit=unit)
        for name, _, meaning, unit, domain in rows
    ]


_NAMES = (*(name for name, *_ in PARAMETERS), "x", "m")
SETS = {
    name: dict(zip(_NAMES, row.split(), strict=True))
    for name, row in {
        "S1": "0.03 0.12 0.2 0.2 0.5 2 1 0.5 0.6 1 1",
        "S2": "0.02 0.10 0.25 0.15 0.3 1.5 1 0.2 0.4 1 1",
        "S3": "0.04 0.15 0.3 0.2 0.8 3 0.5 1 0.8 1 1",
    }.items()
}


def _preference(z: sp.Expr) -> Preference:
    """Mean and variance of the relative wealth z."""
    mean, square = Moment("G", z), Moment("H", z**2)
    return Preference(
        (mean, square),
        (alpha + beta * x) * mean.symbol - gamma / 2 * (square.symbol - mean.symbol**2),
    )


def _ansatz(others: sp.Expr, own: sp.Expr = x) -> Ansatz:
    """Polynomials in own wealth and that of the others over the number of agents."""
    return Ansatz(
        {
            "G": a * own + c * others + d,
            "H": h20 * own**2
            + h11 * own * others
            + h02 * others**2
            + h10 * own
            + h01 * others
            + h00,
        },
        feedback={pi: p1 * own + p2 * others + p3},
    )


def crowd(
    notion: Notion = "given",
    size: int | None = None,
    types: bool = False,
    weight: sp.Symbol = weight,
) -> Model:
    """The game of ``size`` agents or of a continuum of them, alike or of types of their own."""
    finite = size is not None
    weighted = finite and types
    others = m - x * (weight if weighted else 1 / n) if finite else m
    # one agent has nobody who reacts
    least = 1 if notion == "given" else 2
    return Model(
        Game(
            "relative-wealth",
            states=(WEALTH,),
            players=(Player("agent", (pi,), _preference(x - theta * m)),),
            horizon=Horizon(lam),
            laws=(Law(m, x, given=("W_0",)),),
            crowd=Crowd(
                "agent",
                n if finite else None,
                own=OWN if types else (),
                weights=weight if weighted else None,
            ),
            definitions={B: b - r},
            notion=notion,
        ),
        # in deviations from the mean, a planner's equations of both follow each other
        _ansatz(others, x - m if notion == "planner" else x),
        Vocabulary(
            *described(*PARAMETERS),
            *((parameter(n, "number of agents", sp.Range(least, sp.oo)),) if finite else ()),
            *(
                (parameter(weight, "weight in the average", positive, latex="w"),)
                if weighted
                else ()
            ),
            Letter(x, "wealth", unit="wealth"),
            Letter(m, "average wealth", latex=r"\bar x", unit="wealth"),
            Letter(pi, "amount in the stock", latex=r"\pi", unit="wealth"),
            Letter(B, "excess drift of the stock", unit="1/time"),
        ),
        title="mean-variance investment with relative wealth over a random horizon",
        source="the paper, sections 2.3 and 3, and its closed-loop counterpart",
        cases={name: row | ({"n": "10"} if finite else {}) for name, row in SETS.items()},
    )


def alone() -> Model:
    """One agent against given averages: drift and noise of the others' wealth are parameters."""
    return Model(
        Game(
            "given-averages",
            states=(
                WEALTH,
                State(y, r * y + m_b, {"W_0": m_s, "others": sp.sqrt(m_2)}),
            ),
            players=(Player("agent", (pi,), _preference(kappa * x - theta * y)),),
            horizon=Horizon(lam),
            definitions={B: b - r, kappa: 1 - theta / n},
        ),
        _ansatz(y),
        Vocabulary(
            *described(*PARAMETERS),
            parameter(n, "number of agents", sp.Range(1, sp.oo)),
            *described(*AVERAGES),
            Letter(x, "wealth", unit="wealth"),
            Letter(y, "the others' wealth over the number of agents", unit="wealth"),
            Letter(pi, "amount in the stock", latex=r"\pi", unit="wealth"),
            Letter(B, "excess drift of the stock", unit="1/time"),
            Letter(kappa, "weight of the own wealth", latex=r"\kappa"),
        ),
        title="mean-variance investment against given averages of the competitors",
        source="the paper, section 2.2",
        cases={
            "S1": dict(
                zip(
                    "r b nu sigma theta gamma alpha beta lambda n m_b m_s m_2 x y".split(),
                    "0.03 0.12 0.2 0.2 0.5 2 1 0.5 0.6 10 0.05 0.1 0.01 1 0.9".split(),
                    strict=True,
                )
            )
        },
    )


def with_roots(found: Model) -> Model:
    """The model with what the paper says of every root of an agent.

    The limit of finite horizons has the largest ``B p1``. ``D2`` is the hazard rate less the growth
    rate of own squared wealth, (2.46), and ``Delta`` the determinant of (2.67).
    """
    s2, e1 = nu**2 + sigma**2, lam - r
    d1, d2 = e1 - B * p1, lam - 2 * (r + B * p1) - s2 * p1**2
    delta = B**2 * (d1 - d2) + d1 * e1 * s2
    return replace(found, limit=B * p1, outputs={"p1": p1, "D2": d2, "Delta": delta})


def different() -> Model:
    """Agents with parameters of their own."""
    return with_roots(crowd("given", 2, types=True))


def family(size: int | None = None, types: bool = False) -> Model:
    """The crowd in the words of the paper: ``y`` is the others' wealth over ``n``."""
    found = with_roots(crowd("given", size, types))
    s2 = nu**2 + sigma**2
    required = {
        f"the volatilities {nu} and {sigma} must not both be 0: the stock would have no risk": s2,
        f"the parameters {alpha} and {beta} must not both be 0: the mean would have no weight": (
            alpha + beta
        ),
    }
    if size is not None:
        weight_of_own = f"the own weight kappa = 1 - {theta}/{n} must not be 0"
        required[f"{weight_of_own}: choose {theta} != {n}"] = n - theta
    assert found.game.crowd is not None
    return replace(
        found,
        vocabulary=Vocabulary(*found.vocabulary, Letter(y, "the others' wealth", unit="wealth")),
        coordinates={m: y + found.game.crowd.share * x},
        required=required,
        beside={"noncompetitive": {theta: sp.S.Zero}},
    )


def response(size: int | None = 2, types: bool = False) -> Model:
    """One agent against averages over the others that are parameters."""
    found = family(size, types)
    assert found.game.crowd is not None
    share = found.game.crowd.share
    frozen = {m_b: B * pi, m_s: sigma * pi}
    if share != 0:
        # in a continuum the own noises of the others average out
        frozen[m_2] = share * nu**2 * pi**2
    given = (row for row in described(*AVERAGES) if row.symbol in frozen)
    return replace(
        found, vocabulary=Vocabulary(*found.vocabulary, *given), frozen=frozen, beside={}
    )


#: What the response of an agent of a crowd is in the words of the games written by hand.
RESPONSE = {"p1": "p1", "p2": "p2", "q3": "p3", "Qb": "p3[B*pi]", "Qs": "p3[pi*sigma]"}
ROOTS = ("p1", "D2", "Delta")
#: Everybody has wealth 1.
STATE = {x: sp.S.One, y: x * (1 - 1 / n)}
ALONE = Restated(alone, response=RESPONSE, own=response, state=STATE, roots=ROOTS)
#: The average of all squared wealths contains the own one, which the family keeps apart.
_all, _square = sp.symbols("H.m.xx m.xx")
MANY = Restated(
    crowd,
    squares={_square: x**2 / n + y**2 / (1 - 1 / n)},
    response=RESPONSE,
    moments={"hq": _all, "h20": h20 + _all / n},
    own=partial(family, 2),
    state=STATE,
    roots=ROOTS,
)
CONTINUUM = Restated(
    crowd,
    continuum=True,
    response=RESPONSE,
    own=family,
    state={x: sp.S.One, y: x},
    roots=ROOTS,
)
APART = Restated(different, response=RESPONSE, averages={"M_b": "E[B*pi]", "M_s": "E[pi*sigma]"})
