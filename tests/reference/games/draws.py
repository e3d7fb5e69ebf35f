"""Parameter sets of the other models: the published ones, and seeded random ones.

`DEFAULTS` are the sets with published numbers, `EXAMPLES` sets of our own where there are none;
both as exact decimal strings. `draw(model, count, seed)` yields admissible sets in plausible
ranges, `draw(..., hard=True)` edges: close to an explosion, g close to or at 1, rho = +-1, zero
volatility, many agents. Every number is a multiple of 2^-34, written as a finite decimal: the
float, the Fraction and the string are the same number. Explosions and lost equilibria may occur:
the keys say so in "status", and so must whoever is compared with them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from ..draws import decimals
from . import execution, heston, kim_omberg

Parameters = dict[str, Any]


def _words(text: str) -> Parameters:
    return dict(word.split("=") for word in text.split())


DEFAULTS: dict[str, Parameters] = {
    "basak-chabakauri": _words("r=.03 s=.2 gamma=2 T=2 k=0 ybar=0 nu=0 rho=0"),
    "bjork-murgoci-zhou": _words("r=.03 B=.09 s=.3 gamma=2 T=1"),
    "execution": _words("cX=2 cA=1 cg=.3 g=1.75 sig=.5 T=1 m0=.5 v0=.09"),
    "execution planner": _words("cX=1 cA=.5 cg=1 g=.6 sig=.3 T=2 m0=1 v0=.04"),
    "exit-externality": _words("k=1 l=.3 g=.4 h=.5 s=.2 c=1 q=1.5 rho=.1 m0=.5 v0=.04"),
    "kim-omberg": _words("r=.02 s=.16 g=5 k=.27 ybar=.3 nu=.06 rho=-.93 T=10"),
    "lacker-zariphopoulou-cara": {
        "mu": [".08", ".05"],
        "nu": [".2", ".15"],
        "sigma": [".15", ".25"],
        "theta": [".5", ".8"],
        "delta": ["1", "2"],
        "T": "1.5",
    },
    "lacker-zariphopoulou-crra": {
        "mu": [".08", ".05"],
        "nu": [".2", ".15"],
        "sigma": [".15", ".25"],
        "theta": [".5", ".8"],
        "delta": [".5", "2"],
        "T": "1",
    },
    "lq-mfg": _words("nu=.1 c=1 g0=.5 T=1 m0=.5 v0=.09"),
    "lq-regulator": {
        "A": [["0", "1"], ["-1", "-.2"]],
        "B": [["0", ".5"], ["1", ".3"]],
        "Q": [["1", ".2"], [".2", ".5"]],
        "R": [["1", ".1"], [".1", "2"]],
        "N": [[".1", "0"], ["0", ".2"]],
        "S": [[".3", "0"], [".1", ".2"]],
        "rho": ".2",
    },
    "lq-target": _words("nu=.05 c=1 xT=.5 T=1 m0=-.5 v0=.16"),
    "merton-consumption": _words("r=.03 B=.09 s=.3 g=2 rho=.06"),
    "reinsurance": _words("r=.03 B=.06 s=.25 e=.4 v=1.2 rho=-.2 w=.1 gamma=2 T=3"),
    "sticky-prices": _words("s=1 a=10 r=.1 c_1=2 d_1=1 c_2=2 d_2=1"),
    "systemic-risk": _words("a=1 q=.5 eps=2 c=.3 s=.4 rho=.2 T=1"),
}

EXAMPLES: dict[str, Parameters] = {
    "basak-chabakauri": _words("r=.03 s=.2 gamma=2 T=2 k=.4 ybar=.35 nu=.15 rho=-.7"),
    "heston": _words("r=.02 L=2.1 g=4 k=1.5 ybar=.04 nu=.3 rho=-.6 T=3"),
    "labour-income": _words("r=.03 b=.12 nu=.2 sigma=.2 gamma=2 alpha=1 beta=.5 lam=.6 w=.2"),
    "merton": _words("r=.03 B=.09 s=.3 g=2 T=1.5"),
    "merton-consumption": _words("r=.03 B=.09 s=.3 g=2 rho=.06 T=2 K=1.3"),
    "merton-jump": _words("r=.03 B=.09 s=.3 lam=.4 J=-.2 g=3 T=2"),
    "regulator": _words("sigma=1/2 lam=1/4"),
    "one-agent": _words("r=.03 b=.12 nu=.2 sigma=.2 gamma=2 alpha=1 beta=.5 lam=.6"),
    "reinsurance": _words(
        "r=.03 B=.06 s=.25 e=.4 v=1.2 rho=-.2 w=.1 gamma=2 alpha=1 beta=.5 lam=.6"
    ),
}


class _Draws:
    """Random exact numbers as decimal strings."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    @staticmethod
    def exact(value: float) -> str:
        return str(decimals({"": Fraction(round(value * 2**34), 2**34)})[""])

    def uniform(self, low: float, high: float) -> str:
        return self.exact(self.rng.uniform(low, high))

    def log(self, low: float, high: float) -> str:
        return self.exact(low * (high / low) ** self.rng.random())

    def pick(self, *values: Any) -> Any:
        return self.rng.choice(values)

    def aversion(self, hard: bool) -> str:
        """g of power utility: near and at 1 when hard."""
        if not hard:
            return str(self.pick(self.uniform(1.5, 8), self.uniform(0.4, 0.9), "1"))
        away = self.pick(-1, 1) * 10 ** self.rng.uniform(-9, -2)
        low = self.log(0.05, 0.5)  # below 1 utility explodes
        return str(self.pick("1", self.exact(1 + away), low, low, low, self.log(20, 200)))

    def correlation(self, hard: bool) -> str:
        return str(self.pick("1", "-1", "0")) if hard else self.uniform(-0.95, 0.95)

    def before(self, time: Any, hard: bool, low: float, high: float) -> str:
        """A horizon; when hard and there is an explosion, close to it on either side."""
        if hard and time is not None and self.pick(True, True, False):
            away = self.pick(-1, -1, 1) * 10 ** self.rng.uniform(-6, -1)
            return self.exact(float(time) * (1 + away))
        return self.uniform(low, high)


def _lq_regulator(d: _Draws, hard: bool) -> Parameters:
    n, m, k = d.pick(1, 2, 3), d.pick(1, 2, 3), d.pick(1, 2)

    def matrix(rows: int, columns: int, scale: float) -> list[list[float]]:
        return [[d.rng.uniform(-scale, scale) for _ in range(columns)] for _ in range(rows)]

    def text(rows: list[list[float]]) -> list[list[str]]:
        return [[d.exact(entry) for entry in row] for row in rows]

    def square(size: int, floor: float) -> list[list[float]]:
        """Positive definite, on the grid: L L' of small dyadic numbers plus the floor."""
        L = [[d.rng.randrange(-16, 17) / 16 for _ in range(size)] for _ in range(size)]
        product = [[sum(a * b for a, b in zip(u, v)) for v in L] for u in L]
        return [
            [p + (floor if i == j else 0) for j, p in enumerate(r)] for i, r in enumerate(product)
        ]

    out: Parameters = {
        "A": text(matrix(n, n, 1.0)),
        "B": text(matrix(n, m, 1.0)),
        "Q": text(square(n, 0.25)),
        "R": text(square(m, 2.0**-6 if hard else 0.5)),
        "N": text(matrix(n, m, 0.05)),
        "S": text(matrix(n, k, 0.5)),
        "rho": d.uniform(0.02, 0.5),
    }
    if d.pick(True, False):
        end = square(n, 0.0)
        if hard:  # an indefinite end may explode
            end = [[-entry for entry in row] for row in end]
        out |= {"T": d.uniform(0.2, 3), "F": text(end)}
    return out


def _merton(d: _Draws, hard: bool) -> Parameters:
    out = {"r": d.uniform(0, 0.06), "B": d.uniform(-0.1, 0.2), "s": d.uniform(0.1, 0.5)}
    return out | {"g": d.aversion(hard), "T": d.log(1e-3, 60) if hard else d.uniform(0.2, 10)}


def _merton_consumption(d: _Draws, hard: bool) -> Parameters:
    out = _merton(d, hard) | {"rho": d.uniform(0.01, 0.2)}
    if d.pick(True, False):
        return out | {"K": "0" if hard else d.log(0.05, 20)}
    del out["T"]
    return out


def _kim_omberg(d: _Draws, hard: bool) -> Parameters:
    out = {"r": d.uniform(0, 0.05), "s": d.uniform(0.1, 0.3), "g": d.aversion(hard)}
    out |= {"k": d.log(0.05, 1), "ybar": d.uniform(0.1, 0.5), "rho": d.correlation(hard)}
    out["nu"] = d.pick("0", d.uniform(0.3, 1)) if hard else d.uniform(0.02, 0.2)
    time = kim_omberg.solve(**out, T=0)["explosion"]
    return out | {"T": d.before(time, hard, 0.5, 10)}


def _heston(d: _Draws, hard: bool) -> Parameters:
    out = {"r": d.uniform(0, 0.05), "L": d.uniform(0.5, 8 if hard else 4), "g": d.aversion(hard)}
    out |= {"k": d.log(0.3, 5), "ybar": d.uniform(0.01, 0.1), "rho": d.correlation(hard)}
    out["nu"] = d.pick("0", d.uniform(0.5, 1.5)) if hard else d.uniform(0.1, 0.5)
    time = heston.solve(**out, T=0)["explosion"]
    return out | {"T": d.before(time, hard, 0.5, 5)}


def _bjork_murgoci_zhou(d: _Draws, hard: bool) -> Parameters:
    out = {"r": d.uniform(0, 0.05), "B": d.uniform(0.02, 0.2), "s": d.uniform(0.15, 0.4)}
    if hard:
        return out | {"gamma": d.log(0.05, 100), "T": d.log(0.1, 40)}
    return out | {"gamma": d.uniform(0.5, 6), "T": d.uniform(0.2, 5)}


def _basak_chabakauri(d: _Draws, hard: bool) -> Parameters:
    out = {"r": d.uniform(0, 0.05), "s": d.uniform(0.1, 0.4), "gamma": d.log(0.3, 10)}
    out |= {"T": d.uniform(0.5, 10), "ybar": d.uniform(0.1, 0.5), "rho": d.correlation(hard)}
    if hard:
        out |= {"k": d.pick("0", d.log(0.01, 3)), "nu": d.pick("0", d.uniform(0.05, 0.5))}
        if d.pick(True, False):  # k + rho nu = 0
            out |= {"k": ".25", "nu": ".25", "rho": "-1"}
        return out
    return out | {"k": d.log(0.05, 2), "nu": d.uniform(0.02, 0.3)}


def _execution(d: _Draws, hard: bool) -> Parameters:
    out = {
        "cX": d.log(0.2, 5),
        "cA": d.log(0.2, 3),
        "cg": d.uniform(0, 3),
        "g": d.uniform(0, 5 if hard else 2),
    }
    out |= {"sig": "0" if hard else d.uniform(0.1, 1), "m0": d.uniform(-1, 2)}
    out["v0"] = "0" if hard else d.uniform(0, 0.3)
    out["notion"] = d.pick("feedback", "planner")
    time = execution.explosion_time(**out)
    out["T"] = d.before(time, hard, 0.2, 3)
    if out["notion"] == "feedback" and d.pick(True, False):
        out["size"] = d.pick(100, 10**4) if hard else d.pick(2, 3, 5, 10)
    return out


def _sticky_prices(d: _Draws, hard: bool) -> Parameters:
    out = {"s": d.log(0.01, 100) if hard else d.log(0.3, 3), "a": d.uniform(5, 20)}
    out["r"] = d.log(0.001, 1) if hard else d.uniform(0.02, 0.3)
    for i in (1, 2):
        out |= {f"c_{i}": d.uniform(0, 3), f"d_{i}": d.log(0.05, 20) if hard else d.log(0.5, 3)}
    return out


def _systemic_risk(d: _Draws, hard: bool) -> Parameters:
    out = {"a": d.uniform(0, 3), "q": d.uniform(0, 1.5), "c": d.uniform(0, 2)}
    out |= {"s": d.uniform(0.1, 1), "T": d.uniform(0.2, 5), "rho": d.correlation(hard)}
    square = Fraction(out["q"]) ** 2
    # Below eps = q^2 the running cost is not convex.
    out["eps"] = d.exact(square * d.pick(0.5, 1)) if hard else d.exact(square + d.rng.uniform(0, 3))
    out["notion"] = d.pick("feedback", "open-loop")
    out["size"] = d.pick(2, 10**6, None) if hard else d.pick(2, 3, 10, None)
    return out


def _lq_mfg(d: _Draws, hard: bool) -> Parameters:
    out = {"nu": "0" if hard else d.log(0.005, 0.5), "c": d.log(0.1, 4), "g0": d.uniform(0, 2)}
    out |= {"T": d.uniform(0.2, 3), "m0": d.uniform(-1, 1), "v0": d.uniform(0.01, 0.3)}
    return out | ({"c": "0"} if hard and d.pick(True, False) else {})


def _lq_target(d: _Draws, hard: bool) -> Parameters:
    out = {"nu": "0" if hard else d.log(0.005, 0.5), "c": d.log(0.1, 4), "xT": d.uniform(-1, 1)}
    out |= {"T": d.uniform(0.2, 3), "m0": d.uniform(-1, 1), "v0": d.uniform(0.01, 0.3)}
    if hard:  # a reward for the distance explodes at T = -1/c
        out["c"] = "-.5"
        out["T"] = d.before(2, hard, 0.2, 3)
    return out


def _regulator(d: _Draws, hard: bool) -> Parameters:
    return {"sigma": d.uniform(0, 2), "lam": d.log(1e-6, 1e6) if hard else d.log(0.1, 3)}


def _exit_externality(d: _Draws, hard: bool) -> Parameters:
    k = d.rng.uniform(0.3, 2)
    out = {"k": d.exact(k), "l": d.uniform(0, 1), "s": d.uniform(0.05, 0.5)}
    # Beyond k only the control keeps the mean from diverging.
    out["g"] = d.exact(k * d.rng.uniform(0.9, 1.3) if hard else k * d.rng.uniform(0, 0.8))
    out["h"] = d.pick("0", "1", d.uniform(0.9, 1.1)) if hard else d.uniform(0, 0.9)
    out |= {"c": d.log(0.3, 3), "q": d.log(0.3, 3), "rho": d.uniform(0.03, 0.3)}
    out |= {
        "m0": d.uniform(-1, 1),
        "v0": d.uniform(0, 0.2),
        "notion": d.pick("feedback", "planner"),
    }
    return out


def _lacker_zariphopoulou(d: _Draws, hard: bool) -> Parameters:
    n = d.pick(2, 200) if hard else d.pick(2, 3, 5)
    out: Parameters = {
        "mu": [d.uniform(0.01, 0.15) for _ in range(n)],
        "nu": [d.pick("0", d.uniform(0.1, 0.4)) if hard else d.uniform(0.1, 0.4) for _ in range(n)],
        "sigma": [d.uniform(0.05, 0.4) for _ in range(n)],
        "theta": [d.pick("0", "1") if hard else d.uniform(0, 1) for _ in range(n)],
        "delta": [d.pick("1", d.log(0.2, 10)) if hard else d.uniform(0.3, 4) for _ in range(n)],
    }
    if hard:  # theta = 1 and nu = 0 for all leaves no equilibrium: not meant here
        out["nu"][0] = d.uniform(0.1, 0.4)
    if d.pick(True, False):  # the mean field with n types, weights that sum to 1 exactly
        parts = [d.rng.randrange(1, 64) for _ in range(n - 1)]
        total = 2 ** (sum(parts).bit_length() + 1)
        weights = [Fraction(part, total) for part in parts]
        weights.append(Fraction(1) - sum(weights))
        out["weights"] = [decimals({"": weight})[""] for weight in weights]
    return out


def _reinsurance(d: _Draws, hard: bool) -> Parameters:
    out = {"r": d.uniform(0, 0.05), "B": d.uniform(-0.05, 0.15), "s": d.uniform(0.1, 0.4)}
    out |= {"e": d.uniform(0.05, 0.6), "v": d.uniform(0.3, 2), "w": d.uniform(-0.2, 0.3)}
    edge = d.exact(d.pick(-1, 1) * (1 - 10 ** d.rng.uniform(-8, -2)))
    out["rho"] = edge if hard else d.correlation(False)
    out["gamma"] = d.log(0.05, 50) if hard else d.uniform(0.5, 5)
    if d.pick(True, False):
        return out | {"T": d.uniform(0.5, 10)}
    return out | {"alpha": d.uniform(0.2, 3), "beta": d.uniform(0, 2), "lam": d.log(0.2, 3)}


def _one_agent(d: _Draws, hard: bool) -> Parameters:
    r = Fraction(d.uniform(0, 0.05))
    out = {"r": decimals({"": r})[""], "nu": d.uniform(0.05, 0.4), "sigma": d.uniform(-0.4, 0.4)}
    out["b"] = decimals({"": r + Fraction(d.uniform(-0.1, 0.2))})[""]
    out |= {"gamma": d.uniform(0.5, 5), "alpha": d.uniform(0.2, 3), "beta": d.uniform(0.05, 2)}
    out["lam"] = d.log(0.15, 3)
    if hard:
        out |= d.pick(
            {"beta": "0"}, {"beta": out["gamma"]}, {"nu": "0", "sigma": ".2"}, {"alpha": "0"}
        )
        out["lam"] = d.log(0.01, 0.3)  # three admissible roots, or none
    return out


def _labour_income(d: _Draws, hard: bool) -> Parameters:
    return _one_agent(d, hard) | {"w": d.uniform(-0.2, 0.5)}


def _merton_jump(d: _Draws, hard: bool) -> Parameters:
    out = _merton(d, False) | {"lam": d.log(0.05, 5), "J": d.uniform(-0.9, 0.8)}
    out["g"] = d.aversion(hard)
    if hard:
        out |= d.pick({"s": "0"}, {"lam": "0"}, {"J": d.exact(-(1 - 10 ** d.rng.uniform(-6, -2)))})
        if out["s"] == "0":  # a maximum exists when drift and jump oppose each other
            out["B"] = d.exact(-float(out["J"]) * float(out["lam"]) * d.rng.uniform(0.3, 2))
    return out


GENERATORS: dict[str, Callable[[_Draws, bool], Parameters]] = {
    "basak-chabakauri": _basak_chabakauri,
    "bjork-murgoci-zhou": _bjork_murgoci_zhou,
    "execution": _execution,
    "exit-externality": _exit_externality,
    "heston": _heston,
    "kim-omberg": _kim_omberg,
    "labour-income": _labour_income,
    "lacker-zariphopoulou-cara": _lacker_zariphopoulou,
    "lacker-zariphopoulou-crra": _lacker_zariphopoulou,
    "lq-mfg": _lq_mfg,
    "lq-regulator": _lq_regulator,
    "lq-target": _lq_target,
    "merton": _merton,
    "merton-consumption": _merton_consumption,
    "merton-jump": _merton_jump,
    "one-agent": _one_agent,
    "regulator": _regulator,
    "reinsurance": _reinsurance,
    "sticky-prices": _sticky_prices,
    "systemic-risk": _systemic_risk,
}


def draw(model: str, count: int, seed: int, hard: bool = False) -> Iterator[Parameters]:
    """`count` parameter sets of a model."""
    stream = _Draws(seed)
    for _ in range(count):
        yield GENERATORS[model](stream, hard)
