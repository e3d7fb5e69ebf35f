"""Small models for the generic tests, none of them in the package."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from eqsolve.game import (
    Ansatz,
    Clock,
    Crowd,
    Game,
    Horizon,
    Law,
    Model,
    Player,
    State,
    Vocabulary,
    expected,
    parameter,
    positive,
)

x, a, m, v, abar, t = sp.symbols("x a m v abar t")
q, w, k, s, T, rho, n, m0, v0 = sp.symbols("q w k s T rho n m0 v0")
A, B, C, D, E, F, f0, f1, f2 = sp.symbols("A B C D E F f0 f1 f2")

#: dx = a dt + s dW, cost q x^2/2 + a^2/2 discounted at rho: A' = rho A - q + A^2.
TRACKER = Model(
    Game(
        "tracker",
        (State(x, a, {"W": s}),),
        (Player("one", (a,), expected(q * x**2 / 2 + a**2 / 2, sense="minimize"), discount=rho),),
        Horizon(),
    ),
    Ansatz({"J": A * x**2 / 2 + B}, {a: f1 * x}),
    Vocabulary(
        parameter(q, "weight of the state", positive),
        parameter(s, "volatility"),
        parameter(rho, "discount rate", positive),
    ),
    cases={"default": {"q": "1", "s": "1/2", "rho": "1/10"}},
)


def crowd(notion: str = "feedback", size: int | None = None) -> Model:
    """A crowd that tracks its mean and is pushed by its mean control; the planner may explode."""
    finite = size is not None
    second = (Law(v, (x - m) ** 2),) if notion == "planner" else ()
    game = Game(
        "crowd",
        (State(x, a, {"W": s}),),
        (
            Player(
                "member",
                (a,),
                expected(a**2 / 2 + q * x**2 / 2 - w * x * abar, k * x**2 / 2, "minimize"),
            ),
        ),
        Horizon(end=T),
        laws=(Law(m, x), Law(abar, a), *second),
        crowd=Crowd("member", n if finite else None),
        notion=notion,  # type: ignore[arg-type]
    )
    if notion == "planner":
        ansatz = Ansatz({"J": A * m**2 / 2 + B * v / 2 + C}, {a: f1 * (x - m) + f2 * m})
    else:
        ansatz = Ansatz({"J": A * x**2 / 2 + B * x * m + C * m**2 / 2 + D}, {a: f1 * x + f2 * m})
    letters = [parameter(p) for p in (q, w, s, m0)]
    letters += [parameter(p, domain=positive) for p in (T, k, v0)]
    if finite:
        letters.append(parameter(n, "number of players", positive))
    return Model(
        game,
        ansatz,
        Vocabulary(*letters),
        initial={x: (m0, v0)},
        cases={"default": CROWD},
    )


CROWD = {"q": "2", "w": "1.5", "s": "0.5", "T": "1", "k": "0.4", "m0": "0.5", "v0": "0.09"}

b, r, g, jump, lam, u = sp.symbols("b r g jump lam u")

#: Power utility of terminal wealth with a jump of relative size ``jump u`` at rate ``lam``.
JUMPER = Model(
    Game(
        "jumper",
        (State(x, x * (r + b * u), {"W": x * s * u}, {"N": x * u * jump}),),
        (Player("one", (u,), expected(payoff=x ** (1 - g) / (1 - g))),),
        Horizon(end=T),
        clocks=(Clock("N", lam),),
    ),
    Ansatz({"J": A * x ** (1 - g) / (1 - g)}, {u: f0}),
    Vocabulary(
        parameter(r),
        parameter(b),
        parameter(s, domain=positive),
        parameter(g, domain=positive),
        parameter(jump),
        parameter(lam, domain=positive),
        parameter(T, domain=positive),
    ),
    cases={
        "default": {
            "r": "0.03",
            "b": "0.09",
            "s": "0.3",
            "g": "2",
            "jump": "-0.3",
            "lam": "0.1",
            "T": "1",
        }
    },
)

p1, p2, u1, u2, c1, c2, K1, K2, E1, E2, G1, G2, g1, g2, h1, h2 = sp.symbols(
    "p1 p2 u1 u2 c1 c2 K1 K2 E1 E2 G1 G2 g1 g2 h1 h2"
)

#: Two firms whose output moves a sticky price: coupled quadratic equations.
DUOPOLY = Model(
    Game(
        "duopoly",
        (State(x, s * (b - u1 - u2 - x)),),
        (
            Player("first", (u1,), expected(x * u1 - c1 * u1 - u1**2 / 2, name="J1"), discount=r),
            Player("second", (u2,), expected(x * u2 - c2 * u2 - u2**2 / 2, name="J2"), discount=r),
        ),
        Horizon(),
    ),
    Ansatz(
        {"J1": K1 * x**2 / 2 + E1 * x + G1, "J2": K2 * x**2 / 2 + E2 * x + G2},
        {u1: g1 * x + h1, u2: g2 * x + h2},
    ),
    Vocabulary(
        parameter(s, domain=positive),
        parameter(b),
        parameter(c1),
        parameter(c2),
        parameter(r, domain=positive),
    ),
    cases={"default": {"s": "1", "b": "10", "c1": "2", "c2": "1", "r": "0.1"}},
)

mu, nu, sigma, theta, delta = sp.symbols("mu nu sigma theta delta")


def managers(size: int | None = None) -> Model:
    """Exponential utility of wealth against the average, everybody of an own type."""
    finite = size is not None
    own = (mu, nu, sigma, theta, delta)
    game = Game(
        "managers",
        (State(x, mu * a, {"W": nu * a, "B": sigma * a}),),
        (Player("manager", (a,), expected(payoff=-sp.exp(-(x - theta * m) / delta))),),
        Horizon(end=T),
        laws=(Law(m, x, ("B",)),),
        crowd=Crowd("manager", n if finite else None, own=own),
    )
    letters = [parameter(p) for p in own] + [parameter(T, domain=positive)]
    if finite:
        letters.append(parameter(n, domain=positive))
    return Model(
        game, Ansatz({"J": -sp.exp(-(x - theta * m) / delta + C)}, {a: f0}), Vocabulary(*letters)
    )


def herd(notion: str = "given", size: int | None = None, horizon: bool = False) -> Model:
    """A crowd that is pushed by its mean control, which a member may take as given."""
    finite = size is not None
    game = Game(
        "herd",
        (State(x, a, {"W": s, "Z": s / 2}),),
        (
            Player(
                "member",
                (a,),
                expected(
                    a**2 / 2 + q * x**2 / 2 - w * x * abar,
                    k * x**2 / 2 if horizon else sp.S.Zero,
                    "minimize",
                ),
                sp.S.Zero if horizon else rho,
            ),
        ),
        Horizon(end=T if horizon else None),
        laws=(Law(m, x, ("Z",)), Law(abar, a, ("Z",))),
        crowd=Crowd("member", n if finite else None),
        notion=notion,  # type: ignore[arg-type]
    )
    form = A * x**2 / 2 + B * x * m + C * m**2 / 2 + D * x + E * m + F
    letters = [parameter(p) for p in (q, w, s)]
    letters += [parameter(p, domain=positive) for p in ((T, k) if horizon else (rho,))]
    if finite:
        letters.append(parameter(n, "number of players", positive))
    values = HERD | ({"T": "1", "k": "0.4"} if horizon else {"rho": "0.1"})
    return Model(
        game,
        Ansatz({"J": form}, {a: f1 * x + f2 * m + f0}),
        Vocabulary(*letters),
        cases={"default": values | ({"n": "3"} if finite else {})},
    )


HERD = {"q": "2", "w": "0.7", "s": "0.5"}


def number(text: str) -> Fraction:
    """An exact number."""
    return Fraction(text)
