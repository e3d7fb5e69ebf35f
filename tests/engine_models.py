"""Models for tests of the engine's rooms, with parameters and a state; one for each concept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import sympy as sp

from eqsolve.derivation.derivation import Derivation, derive
from eqsolve.game import (
    Ansatz,
    Clock,
    Crowd,
    Game,
    Horizon,
    Law,
    Letter,
    Model,
    Moment,
    Player,
    Preference,
    State,
    Vocabulary,
    correlation,
    expected,
    parameter,
    positive,
    t,
)
from eqsolve.studies.equilibrium import Equilibrium, equilibrium

x, y, p, m, v = sp.symbols("x y p m v")
a, b, c, d, f, g, h, k, q, s, T, n = sp.symbols("a b c d f g h k q s T n")
rate, reward, rho, lam = sp.symbols("rate reward rho lam")


def letters(text: str, *rows: Letter) -> Vocabulary:
    """Parameters that are positive, and other rows."""
    return Vocabulary(*(parameter(e, domain=positive) for e in sp.symbols(text, seq=True)), *rows)


def regulator() -> Model:
    """One state, random horizon."""
    cost = expected((x**2 + p**2) / 2, sense="minimize")
    return Model(
        Game("regulator", (State(x, p, {"W": s}),), (Player("one", (p,), cost),), Horizon(lam)),
        Ansatz({"J": a * x**2 / 2 + b}, {p: -k * x}),
        letters("s lam"),
    )


def waiting() -> Model:
    """The earlier of a random time whose rate grows and a date, a discount, a drift in time."""
    cost = expected((x**2 + p**2) / 2, x**2, "minimize")
    state = State(x, p + t * x / 10, {"W": s})
    player = Player("one", (p,), cost, rho)
    return Model(
        Game("waiting", (state,), (player,), Horizon(lam + lam * t, T)),
        Ansatz({"J": a * x**2 / 2 + b}, {p: -k * x}),
        letters("s lam rho T"),
    )


def two_controls() -> Model:
    """Two states and two controls that share a cost, fixed horizon."""
    u, w = sp.symbols("u w")
    cost = expected(x**2 + x * y + u**2 + u * w + 2 * w**2, y**2, "minimize")
    states = (State(x, y + u, {"W": s}), State(y, w - x, {"W": s / 2, "Z": s}))
    form = a * x**2 + b * x * y + c * y**2 + d
    return Model(
        Game("two-controls", states, (Player("one", (u, w), cost),), Horizon(end=T)),
        Ansatz({"J": form}, {u: f * x + g * y, w: h * x + k * y}),
        letters("s T"),
    )


def mean_reverting() -> Model:
    """A unit exponential in a square."""
    loads = {"W": rho * q, "Z": q * sp.sqrt(1 - rho**2)}
    utility = x ** (1 - g) / (1 - g)
    states = (State(x, rate * x + s * y * p, {"W": s * p}), State(y, k * (reward - y), loads))
    return Model(
        Game(
            "mean-reverting",
            states,
            (Player("one", (p,), expected(payoff=utility)),),
            Horizon(end=T),
        ),
        Ansatz({"J": utility * sp.exp(a * y**2 / 2 + b * y + c)}, {p: (f + h * y) * x}),
        letters(
            "rate s g k reward q T", parameter(rho, domain=correlation), Letter(x, domain=positive)
        ),
    )


def consumption() -> Model:
    """A real power of a coefficient, discounting, no end."""
    spent = sp.Symbol("spent")
    wealth = State(x, rate * x + reward * p - spent, {"W": s * p})
    utility = expected(spent ** (1 - g) / (1 - g))
    return Model(
        Game("consumption", (wealth,), (Player("one", (p, spent), utility, rho),), Horizon()),
        Ansatz({"J": a**g * x ** (1 - g) / (1 - g)}, {p: f * x, spent: x / a}),
        letters("rate reward s g rho", Letter(x, domain=positive)),
    )


def proportional_aversion() -> Model:
    """Two moments, risk aversion that depends on the state."""
    first, second = Moment("G", x), Moment("H", x**2)
    taste = first.symbol - g / (2 * x) * (second.symbol - first.symbol**2)
    player = Player("one", (p,), Preference((first, second), taste))
    wealth = State(x, rate * x + reward * p, {"W": s * p})
    return Model(
        Game("proportional-aversion", (wealth,), (player,), Horizon(end=T)),
        Ansatz({"G": a * x, "H": h * x**2}, {p: k * x}),
        letters("rate reward s g T", Letter(x, domain=positive)),
    )


def jumps() -> Model:
    """A Poisson clock with two marks; the feedback is implicit."""
    size = sp.Symbol("size")
    marks = ((sp.Rational(1, 3), -sp.Rational(1, 5)), (sp.Rational(2, 3), sp.Rational(1, 10)))
    wealth = State(x, rate * x + reward * p, {"W": s * p}, {"N": p * size})
    player = Player("one", (p,), expected(payoff=x ** (1 - g) / (1 - g)))
    return Model(
        Game("jumps", (wealth,), (player,), Horizon(end=T), clocks=(Clock("N", lam, size, marks),)),
        Ansatz({"J": a * x ** (1 - g) / (1 - g)}, {p: f * x}),
        letters("rate reward s g lam T", Letter(x, domain=positive)),
    )


def duopoly(notion: str = "feedback") -> Model:
    """Two players."""
    names = "u_1 u_2 c_1 c_2 d_1 d_2 K_1 K_2 E_1 E_2 G_1 G_2 k_1 k_2 l_1 l_2"
    u1, u2, c1, c2, d1, d2, K1, K2, E1, E2, G1, G2, k1, k2, l1, l2 = sp.symbols(names)
    price = State(p, s * (a - u1 - u2 - p), {"W": g})
    players = tuple(
        Player(str(i), (u,), expected(p * u - ci * u - di * u**2 / 2, name=f"J{i}"), rate)
        for i, (u, ci, di) in enumerate(((u1, c1, d1), (u2, c2, d2)), 1)
    )
    if notion == "feedback":
        functions = {"J1": K1 * p**2 / 2 + E1 * p + G1, "J2": K2 * p**2 / 2 + E2 * p + G2}
    else:
        functions = {"J1.p": K1 * p + E1, "J2.p": K2 * p + E2}
    return Model(
        Game("duopoly", (price,), players, Horizon(), notion=notion),  # type: ignore[arg-type]
        Ansatz(functions, {u1: k1 * p + l1, u2: k2 * p + l2}),
        letters("s a c_1 c_2 d_1 d_2 rate g"),
    )


def advertising() -> Model:
    """Two players, a state between 0 and 1 whose noise vanishes at both bounds."""
    u, w = sp.symbols("u w")
    own, other = sp.sqrt(1 - x), sp.sqrt(x)
    first = Player("first", (u,), expected(3 * x - u**2, name="J_1"), rho)
    second = Player("second", (w,), expected(2 * (1 - x) - w**2 / 2, name="J_2"), rho)
    share = State(x, u * own - q * w * other, {"W": s * own * other})
    return Model(
        Game("advertising", (share,), (first, second), Horizon()),
        Ansatz({"J_1": a * x + b, "J_2": c * (1 - x) + d}, {u: f * own, w: g * other}),
        letters("q rho s"),
    )


def banks(notion: str = "feedback", size: sp.Expr | None = n) -> Model:
    """A crowd with common noise: symbolic or explicit size, or a continuum."""
    loads = {"own": s * sp.sqrt(1 - rho**2), "common": s * rho}
    lent, phi = sp.symbols("lent phi")
    cost = expected(
        lent**2 / 2 - q * lent * (m - x) + g / 2 * (m - x) ** 2, c / 2 * (m - x) ** 2, "minimize"
    )
    if notion == "feedback":
        ansatz = Ansatz({"J": h * (m - x) ** 2 / 2 + k}, {lent: f * (m - x)})
    else:
        ansatz = Ansatz({"J.x": -h * (m - x), "J.m": phi * (m - x)}, {lent: f * (m - x)})
    return Model(
        Game(
            "banks",
            (State(x, a * (m - x) + lent, loads),),
            (Player("bank", (lent,), cost),),
            Horizon(end=T),
            laws=(Law(m, x, ("common",)),),
            crowd=Crowd("bank", size),
            notion=notion,  # type: ignore[arg-type]
        ),
        ansatz,
        letters(f"a q g c s T{' n' if size == n else ''}", parameter(rho, domain=correlation)),
    )


def execution(notion: str = "feedback", size: sp.Expr | None = None) -> Model:
    """A law of the control; a game of a continuum, of n players, or a planner."""
    sold, mean = sp.symbols("sold mean")
    cost = expected(c * x**2 / 2 + a * sold**2 / 2 - g * x * mean, h * x**2 / 2, "minimize")
    laws = (Law(m, x), Law(mean, sold))
    e1, e2, e3, e4, k1, k2 = sp.symbols("e_1 e_2 e_3 e_4 k_1 k_2")
    if notion == "planner":
        laws = (*laws, Law(v, (x - m) ** 2))
        ansatz = Ansatz({"J": e2 * m**2 / 2 + e1 * v / 2 + e4}, {sold: k1 * (x - m) + k2 * m})
    else:
        form = e1 * x**2 / 2 + e2 * x * m + e3 * m**2 / 2 + e4
        ansatz = Ansatz({"J": form}, {sold: k1 * x + k2 * m})
    return Model(
        Game(
            "execution",
            (State(x, sold, {"W": s}),),
            (Player("trader", (sold,), cost),),
            Horizon(end=T),
            laws=laws,
            crowd=Crowd("trader", size),
            notion=notion,  # type: ignore[arg-type]
        ),
        ansatz,
        letters(f"c a g h s T{' n' if size == n else ''}"),
    )


def polluters(size: sp.Expr | None = n) -> Model:
    """A law of the control in the drift of all: who emits moves the others' states, too."""
    mean = sp.Symbol("mean")
    gain = expected(b * p - p**2 / 2 - c * x**2 / 2 - p * mean / 5)
    e1, e2, e3, e4, e5, e6, k1, k2, k3 = sp.symbols("e_1:7 k_1:4")
    form = e1 * x**2 / 2 + e2 * x * m + e3 * m**2 / 2 + e4 * x + e5 * m + e6
    return Model(
        Game(
            "polluters",
            (State(x, mean - d * x, {"own": s, "common": s}),),
            (Player("country", (p,), gain, rho),),
            Horizon(end=T),
            laws=(Law(m, x, ("common",)), Law(mean, p, ("common",))),
            crowd=Crowd("country", size),
        ),
        Ansatz({"J": form}, {p: k1 * x + k2 * m + k3}),
        letters(f"b c d s rho T{' n' if size == n else ''}"),
    )


def rivals(size: sp.Expr | None = n) -> Model:
    """Copies with types of their own, mean-variance preferences of relative wealth."""
    mu, nu, sigma, theta = sp.symbols("mu nu sigma theta")
    relative = x - theta * m
    first, second = Moment("G", relative), Moment("H", relative**2)
    taste = first.symbol - g / 2 * (second.symbol - first.symbol**2)
    return Model(
        Game(
            "rivals",
            (State(x, mu * p, {"own": nu * p, "common": sigma * p}),),
            (Player("rival", (p,), Preference((first, second), taste)),),
            Horizon(end=T),
            laws=(Law(m, x, ("common",)),),
            crowd=Crowd("rival", size, own=(mu, nu, sigma, theta, g)),
        ),
        Ansatz({"G": relative + c, "H": (relative + c) ** 2 + h}, {p: k}),
        letters(f"mu nu sigma theta g T{' n' if size == n else ''}"),
    )


MERTON = {"rate": ".03", "reward": ".09", "s": ".3", "g": "2"}
SALE = {"c": "2", "a": "1", "h": ".3", "g": ".7", "s": ".5", "T": "1"}
LENDING = {"a": "1", "q": ".5", "g": "2", "c": ".3", "s": ".4", "rho": ".2", "T": "1"}
EMISSION = {"b": "2", "c": "3", "d": ".2", "s": ".5", "rho": ".1", "T": "2"}
FIRMS = {"s": "1", "a": "10", "c_1": "2", "c_2": "2.5", "d_1": "1", "d_2": "1.2", "rate": ".1"}
REVERSION = {"k": ".27", "reward": ".3", "q": ".06", "rho": "-.93", "T": "2", "g": "3"}
TYPES = {
    "mu": [".08", ".05"],
    "nu": [".2", ".15"],
    "sigma": [".15", ".25"],
    "theta": [".5", ".8"],
    "g": ["2", "1.5"],
    "T": "1.5",
}
CROWD_STATE = {"x": ".7", "m": ".4"}

Builder = Callable[[], Model]

#: By name: the model, parameters, a state.
MODELS: dict[str, tuple[Builder, Mapping[str, object], dict[str, str]]] = {
    "regulator": (regulator, {"s": ".5", "lam": ".25"}, {"x": "1"}),
    "waiting": (waiting, {"s": ".5", "lam": ".3", "rho": ".1", "T": "2"}, {"x": "1"}),
    "two-controls": (two_controls, {"s": ".4", "T": "1"}, {"x": "1", "y": ".5"}),
    "mean-reverting": (
        mean_reverting,
        {"rate": ".02", "s": ".16", **REVERSION},
        {"x": "1", "y": ".35"},
    ),
    "consumption": (consumption, {**MERTON, "rho": ".06"}, {"x": "1.5"}),
    "proportional-aversion": (proportional_aversion, {**MERTON, "T": "1"}, {"x": "1"}),
    "jumps": (jumps, {**MERTON, "lam": ".3", "T": "1"}, {"x": "1"}),
    "duopoly": (duopoly, {**FIRMS, "g": ".3"}, {"p": "3"}),
    "duopoly open-loop": (lambda: duopoly("open-loop"), {**FIRMS, "g": ".3"}, {"p": "3"}),
    "advertising": (advertising, {"q": "1.5", "rho": ".1", "s": ".3"}, {}),
    "banks": (banks, {**LENDING, "n": "2"}, CROWD_STATE),
    "banks of three": (lambda: banks(size=sp.Integer(3)), LENDING, CROWD_STATE),
    "banks open-loop": (lambda: banks("open-loop"), {**LENDING, "n": "2"}, CROWD_STATE),
    "banks continuum": (lambda: banks(size=None), LENDING, CROWD_STATE),
    "execution": (execution, SALE, CROWD_STATE),
    "execution of n": (lambda: execution(size=n), {**SALE, "n": "2"}, CROWD_STATE),
    "polluters": (polluters, {**EMISSION, "n": "2"}, CROWD_STATE),
    "rivals": (rivals, {**TYPES, "n": "2"}, CROWD_STATE),
    "rivals continuum": (lambda: rivals(size=None), TYPES, CROWD_STATE),
    "execution planner": (lambda: execution("planner"), SALE, {"m": ".4", "v": ".09"}),
}


@cache
def derivation(name: str) -> Derivation:
    """The derivation of a model."""
    return derive(MODELS[name][0]())


@cache
def solved(name: str) -> Equilibrium:
    """The equilibrium of a model at its parameters."""
    builder, values, state = MODELS[name]
    return equilibrium(builder(), values, state)
