"""The keys give every number that is published with the models, to its last digit."""

from __future__ import annotations

from typing import Any

import pytest

from reference.cases import agrees
from reference.games import (
    basak_chabakauri,
    bjork_murgoci_zhou,
    execution,
    exit_externality,
    kim_omberg,
    lacker_zariphopoulou,
    lq_mfg,
    lq_regulator,
    merton,
    merton_consumption,
    reinsurance,
    sticky_prices,
    systemic_risk,
)
from reference.games.draws import DEFAULTS, EXAMPLES
from reference.precision import ctx


def check(found: dict[str, Any], text: str) -> None:
    """NAME=NUMBER words against a dictionary."""
    for word in text.split():
        name, printed = word.split("=")
        assert agrees(found[name], printed), (name, ctx.nstr(found[name], 20), printed)


def test_regulator() -> None:
    out = lq_regulator.solve(**DEFAULTS["lq-regulator"])
    P = out["P"]
    check(
        {"P11": P[0, 0], "P12": P[0, 1], "P22": P[1, 1], "constant": out["constant"]},
        "P11=.988991406702347 P12=.262813682008897 P22=.701887176811613 constant=.349681015910814",
    )


def test_merton() -> None:
    p = EXAMPLES["merton"]
    out = merton.solve(**p, x="2")
    # A and pi as the section prints them, in floats.
    r, B, s, g, T = (float(p[name]) for name in ("r", "B", "s", "g", "T"))
    assert float(out["strategy"]["pi"]["x"]) == pytest.approx(B / (g * s**2), rel=1e-15)
    printed = pytest.approx(2.718281828459045 ** ((1 - g) * (r + B**2 / (2 * g * s**2)) * T))
    assert float(out["coefficients"]["A"]) == printed


def test_merton_with_consumption() -> None:
    out = merton_consumption.solve(**DEFAULTS["merton-consumption"], x="1.5")
    assert agrees(out["strategy"]["pi"]["x"], ".5")
    assert agrees(out["strategy"]["c"]["x"], ".05625")
    assert agrees(out["V"], "-210.699588477366")


def test_kim_omberg() -> None:
    out = kim_omberg.solve(**DEFAULTS["kim-omberg"], x=1, y=".35")
    check(
        {**out["coefficients"], "fraction": out["fraction"]},
        "fraction=.515524031269415 A=-1.7484301111038 b=-.506673565334679 c=-1.04276384918078",
    )


def test_bjork_murgoci_zhou() -> None:
    p = DEFAULTS["bjork-murgoci-zhou"]
    out = bjork_murgoci_zhou.solve(**p)
    check({**out["coefficients"], "V": out["V"]}, "c=.436710779164334 V=1.05175817610491")
    assert agrees(bjork_murgoci_zhou.solve(**p, t=p["T"])["coefficients"]["c"], ".5")


# (notion, t): eta, etab, xbar, Var
EXECUTION = {
    ("feedback", "0"): "eta=1.309571554706 etab=2.309085512991 xbar=.5 Var=.09",
    ("feedback", ".5"): (
        "eta=1.028249881397 etab=1.604930486768 xbar=.181915234204 Var=.101816279945"
    ),
    ("feedback", "1"): "eta=.3 etab=.3 xbar=.112471694613 Var=.145573245841",
    ("planner", "0"): "eta=1.309571554706 etab=-.422382155765 xbar=.5 Var=.09",
    ("planner", ".5"): (
        "eta=1.028249881397 etab=.182551930823 xbar=1.219794431417 Var=.101816279945"
    ),
    ("planner", "1"): "eta=.3 etab=.3 xbar=2.575325804956 Var=.145573245841",
}


@pytest.mark.parametrize(("notion", "t"), EXECUTION)
def test_execution(notion: str, t: str) -> None:
    out = execution.solve(**DEFAULTS["execution"], notion=notion, t=t)
    check({**out["coefficients"], **out["laws"]}, EXECUTION[notion, t])
    planner = notion == "planner"
    assert agrees(out["J"], ".125026134678" if planner else ".570300269858")
    if planner:
        assert agrees(out["explosion"], "1.54944070166526")
    else:
        assert out["explosion"] is None


def test_execution_elsewhere() -> None:
    p = DEFAULTS["execution"]
    assert agrees(execution.solve(**p, size=2)["J"], ".525461968083978")
    ratio = execution.solve(**p)["J"] / execution.solve(**p, notion="planner")["J"]
    assert agrees(ratio, "4.5614")
    longer = execution.solve(**{**p, "T": "1.55"}, notion="planner")
    assert longer["status"] == "explodes" and "strategy" not in longer
    out = execution.solve(**DEFAULTS["execution planner"], notion="planner")
    check({**out["coefficients"], "J": out["J"]}, "etab=1.30573762294294 J=.734889124694419")
    assert out["explosion"] is None


def test_sticky_prices() -> None:
    out = sticky_prices.solve(**DEFAULTS["sticky-prices"])
    assert len(out["roots"]) == 4 and sum(root["admissible"] for root in out["roots"]) == 1
    check(
        {**out["coefficients"], "price": out["price"]},
        "K_1=.179840652624454 K_2=.179840652624454 price=5.45556551377477",
    )
    assert agrees(out["open-loop"]["price"], "5.90697674418605")
    assert agrees(out["static"], "6")
    faster = sticky_prices.solve(**{**DEFAULTS["sticky-prices"], "s": "1000000"})
    assert faster["static"] - faster["price"] > 0.5  # the feedback price does not tend to it


def test_systemic_risk() -> None:
    p = DEFAULTS["systemic-risk"]
    closed = systemic_risk.solve(**p, size=2)
    check(closed["coefficients"], "eta=.511424523048992 mu=.0176383910899646")
    opened = systemic_risk.solve(**p, size=2, notion="open-loop")
    assert agrees(opened["coefficients"]["phi"], ".565700947952072")
    assert agrees(systemic_risk.solve(**p)["coefficients"]["eta"], ".49614778948115")


def test_quadratic_benchmarks_of_the_grid_solver() -> None:
    p = DEFAULTS["lq-mfg"]
    out, end = lq_mfg.solve(**p), lq_mfg.solve(**p, t=p["T"])["laws"]
    check(out["coefficients"], "P=.91367093 Q=-.2901688 R=.14818638")
    check(end, "mean=.33333333 Var=.1301369")
    for nu in (".05", ".005"):
        p = {"nu": nu, "c": "1", "xT": ".5", "T": "1", "m0": "-.5", "v0": ".16"}
        first = lq_mfg.uncoupled(**p, t=0, x="1.25")
        exact = ctx.mpf("0.75") ** 2 / 4 + ctx.mpf(nu) * ctx.log(2)
        assert abs(first["V"] - exact) < 1e-40
        last = lq_mfg.uncoupled(**p, t=1)["laws"]
        assert abs(last["mean"]) < 1e-40 and abs(last["Var"] - ctx.mpf(nu) - ctx.mpf(".04")) < 1e-40


def test_exit_externality() -> None:
    p = DEFAULTS["exit-externality"]
    nash, planner = exit_externality.solve(**p), exit_externality.solve("planner", **p)
    check(
        nash,
        "alpha=.563226580490168 beta=.163705639412152 gamma=.149015863427117 J=1.22521798044856",
    )
    check(planner, "alpha=.563226580490168 beta=-.0771694705409927 J=1.2082624370384")
    assert agrees(exit_externality.welfare_gap(**p), ".0169555434101601")
    rejected = [root for root in nash["roots"] if not root["admissible"]]
    assert [agrees(root["beta"], "-4.690") for root in rejected] == [True]


def test_exit_without_a_game() -> None:
    p = {"k": "1", "l": ".3", "g": ".4", "s": ".2", "m0": ".5", "v0": ".04"}
    law = exit_externality.mckean_vlasov(200, **p)
    assert law["status"] == "ok"
    for name in ("mean", "Var"):
        assert abs(law[name] - law["stationary"][name]) < 1e-40
    assert exit_externality.mckean_vlasov(1, **{**p, "g": "1"})["status"] == "unstable"
    found = exit_externality.one_exit(1000, 100, "1e-5")  # millions; a tenth of a basis point
    check(found, "one=.999 discount=.01 each=1.0")
    assert round(0.023 * 13_000) == 299


def test_relative_performance() -> None:
    p = DEFAULTS["lacker-zariphopoulou-cara"]
    cara = lacker_zariphopoulou.cara(**p)
    check(cara, "phi=.278759398496241 psi=.43609022556391")
    expected = ("2.23", "2.61666666666667", ".0365187282986111", "-.0157065625")
    assert all(map(agrees, [*cara["pi"], *cara["R"]], expected))
    crra = lacker_zariphopoulou.crra(**DEFAULTS["lacker-zariphopoulou-crra"])
    expected = (".794869358669834", ".740142517814727", "-.0210279683453603", "-.00309006730948257")
    assert all(map(agrees, [*crra["pi"], *crra["R"]], expected))


def test_basak_chabakauri() -> None:
    out = basak_chabakauri.solve(**DEFAULTS["basak-chabakauri"], x=1, y=".4")
    check(out, "p=.941764533584249 E=1.22183654654536 Var=.08")


def test_reinsurance() -> None:
    out = reinsurance.solve(**DEFAULTS["reinsurance"], x=1)
    assert agrees(out["strategy"]["pi"]["1"], ".58390047947884")
    assert agrees(out["strategy"]["q"]["1"], ".151264073488178")
    assert agrees(out["V"], "1.56489411827813")
