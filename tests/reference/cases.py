"""Reference values as exact decimal strings: the digits say how many are known.

`agrees(value, printed)` compares to one unit of the last printed digit, which covers rounded as
well as truncated prints.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

Params = dict[str, str]

_ORDER = ("b", "nu", "sigma", "theta", "gamma", "alpha", "beta", "lam")


def _set(text: str, r: str) -> Params:
    return {**dict(zip(_ORDER, text.split())), "r": r}


def _roots(text: str, **defaults: str) -> Params:
    """Parameters from NAME=VALUE words, with the excess drift B = b - r in place of b."""
    params = {"alpha": "1", "theta": "0", **defaults}
    for word in text.split():
        name, value = word.split("=")
        params[name] = value
    params["b"] = str(Decimal(params.pop("B")) + Decimal(params["r"]))
    return params


def agrees(value: Any, printed: str) -> bool:
    """True when value equals the printed decimal to one unit of its last digit."""
    unit = Decimal(1).scaleb(int(Decimal(printed).as_tuple().exponent))
    return abs(Decimal(str(value)) - Decimal(printed)) <= unit


S1 = _set(".12 .2 .2 .5 2 1 .5 .6", ".03")
S2 = _set(".10 .25 .15 .3 1.5 1 .2 .4", ".02")
S3 = _set(".15 .3 .2 .8 3 .5 1 .8", ".04")
SETS = {"S1": S1, "S2": S2, "S3": S3}

# (set, n or None for the mean field, given-aggregate (k1, k2, k3), closed-loop (p1, p2, p3))
STRATEGIES: list[tuple[str, int | None, tuple[str, ...], tuple[str, ...]]] = [
    ("S1", 3, (".28067", ".09208", ".69495"), (".28140", ".09506", ".70012")),
    (
        "S1",
        10,
        (".246342445272839", ".0813193225992309", ".648513002112453"),
        (".24657", ".08432", ".65414"),
    ),
    (
        "S1",
        None,
        (".233413246626594", ".0772564902872695", ".630296894767307"),
        (".23341", ".08021", ".63596"),
    ),
    ("S2", 3, (".11888", ".01215", ".65206"), (".11892", ".01245", ".65305")),
    ("S3", None, (".23770", ".07857", ".15912"), (".23770", ".08254", ".16099")),
]

RATE_CONSTANTS = (".1244810", ".0391460", ".1774601")  # S1, limit of n (k_n - k_inf)
RATE_AT_TEN = (".12929", ".04063", ".18216")  # S1, the same at n = 10
OBJECTIVE_S1 = {"n": 3, "x": "1", "J": ".80088", "V": ".80369"}  # all agents at wealth 1

# name: (parameters, status of the best response, [(root, admissible)] in increasing order)
ROOTS: dict[str, tuple[Params, str, list[tuple[str, bool]]]] = {
    "three real, one admissible": (
        _roots(
            "B=.15011 r=.08972 nu=.4699 sigma=-.32975 gamma=.52244 beta=3.92657 theta=.00527 n=5"
            " lam=2.42028"
        ),
        "ok",
        [("-4.57", False), ("1.504", True), ("17.70", False)],
    ),
    "three admissible": (
        _roots("B=.33 r=.02 nu=.15 sigma=.1 gamma=2 beta=.1 theta=.5 n=3 lam=.06"),
        "ok",
        [("-9.28555", True), ("-.135734", True), ("-.0277027", True)],
    ),
    "beta = gamma kappa": (
        _roots("B=.09 r=.03 nu=.2 sigma=.2 lam=.6 gamma=2 beta=1.8 theta=.5 n=5"),
        "ok",
        [(".695229138444", True), ("77.445", False)],
    ),
    # With beta printed to eight digits, 4.5499816, the cubic is not quite a quadratic and has one
    # far inadmissible root, -5797040; beta = gamma kappa = 4.54998136 exactly leaves no real
    # root.
    "none real": (
        _roots(
            "B=-.18361059 r=.19108850 nu=.10826382 sigma=.48796214 lam=.10383649 gamma=5.6874767"
            " beta=4.54998136 kappa=.8"
        ),
        "no-admissible-root",
        [],
    ),
    "none real, beta rounded": (
        _roots(
            "B=-.18361059 r=.19108850 nu=.10826382 sigma=.48796214 lam=.10383649 gamma=5.6874767"
            " beta=4.5499816 kappa=.8"
        ),
        "no-admissible-root",
        [("-5797040.2", False)],
    ),
    "none admissible": (
        _roots("B=.02 r=.1 nu=.3 sigma=.3 lam=.15 gamma=2 beta=.5 theta=.5 n=5"),
        "no-admissible-root",
        [("-.4942", False)],
    ),
}

# A fold of the cubic lies at lam = FOLD_HAZARD; 1e-6 below it three roots are admissible, above
# it one.
FOLD = _roots(
    "B=.46673 r=0 nu=.10726 sigma=-.14298 gamma=.70009 beta=.07364 theta=.73685 n=2", lam="0"
)
FOLD_HAZARD = ".906668711268566397680049363048"
FOLD_OFFSET = "1e-6"
FOLD_BELOW = ["-5.09289350711", "-5.08008791404", ".425799100508"]
FOLD_ABOVE = [".425799919773"]

# A recorded near-double row with the parameters of FOLD: hazard .806385793397729883 and roots
# -3.72738, -3.71593, .256097. Its parameters do not give these roots; the values below are the
# ones they give.
FOLD_MISPRINT_HAZARD = ".806385793397729883"
FOLD_MISPRINT_ROOTS = ["-7.19145921107", "-3.1546938964", ".384110122485"]

INFINITE_VARIANCE = _roots(
    "B=.03195 r=0 nu=.1373 sigma=.3159 lam=.30892 gamma=1.13038 beta=1.69103 theta=.94403 n=2"
)
INFINITE_VARIANCE_ABSCISSA = ".31805"

# The published real m are 2.706, .6123, .2187; the first differs from the value here in its digits.
NO_CLOSED_LOOP = _roots(
    "B=.20306 r=.03271 nu=.21622 sigma=.22313 theta=.86808 gamma=.52598 beta=1.02736 lam=.14659"
)
NO_CLOSED_LOOP_MEANS = [".2187", ".6123", "2.7052"]
NO_CLOSED_LOOP_K = ".1907"

NINE_EQUILIBRIA = [
    {**_set(".35 .15 .1 .5 2 1 .1 .06", ".02"), "wealth": "1"},
    {**_set(".32 .14 .1 .4 3 .8 .1 .05", ".02"), "wealth": "1"},
]
# Choices of roots (increasing order, per agent) with finite second moments; the other five have
# none.
NINE_FINITE = {(1, 1), (1, 2), (2, 1), (2, 2)}

# Response to given aggregates under a general hazard rate, (p1, p2, p3) at t = 0.
HAZARD = {
    **_roots("B=.09 r=.03 nu=.2 sigma=.2 theta=.5 gamma=2 beta=.5 kappa=.9", lam=".6"),
    "m_b": ".05",
    "m_s": ".1",
    "m_2": ".01",
}
HAZARD_RESPONSES: dict[str, tuple[str, ...] | None] = {
    "constant .6": (".2566513605", ".0028302959", ".6590990376"),
    "gompertz .05 exp(.09 t)": (".06497926", ".02280617", ".3770766"),
    "weibull k=2 scale=20": ("-.04103535", ".04002708", ".282167"),
    "weibull k=.7 scale=20": None,  # diverges
}
