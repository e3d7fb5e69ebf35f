"""Checks of the theorems: verification, best responses, equilibria against given aggregates."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from eqsolve.arithmetic.algebra import is_zero
from eqsolve.claims.claim import Command, Context, Counterexample, Finding, Test
from eqsolve.claims.search import plural
from eqsolve.derivations.mean_variance.vocabulary import symbol, symbols
from eqsolve.notated.growth import growth_polynomials
from eqsolve.notated.matching import insert
from eqsolve.paper.claims.domain import draw
from eqsolve.paper.claims.exact import (
    S1,
    B,
    combined,
    exact,
    gamma,
    identity,
    kappa,
    lam,
    p1,
    s2,
    vanishes,
)
from eqsolve.paper.sets import GIVEN, SETS
from eqsolve.registry import model
from eqsolve.status import Status
from eqsolve.verify.check import Check
from eqsolve.verify.prediction import predictions
from eqsolve.verify.spike import spike_checks
from eqsolve.verify.substitution import Equations, substitution_checks
from eqsolve.verify.symbolic import definition_checks, equilibrium_checks

#: D2 > 0 and lambda > 2 r, but the common feedback makes second moments grow too fast.
EXPLOSIVE = {
    "r": "0",
    "b": "0.03195",
    "nu": "0.1373",
    "sigma": "0.3159",
    "theta": "0.94403",
    "gamma": "1.13038",
    "alpha": "1",
    "beta": "1.69103",
    "lambda": "0.30892",
}
EXPLOSIVE_CONTINUUM = {
    "r": "0.043",
    "b": "0.144",
    "nu": "0.107",
    "sigma": "-0.292",
    "theta": "0.91",
    "gamma": "1.504",
    "alpha": "1.304",
    "beta": "1.242",
    "lambda": "0.301",
}
_SPIKE_AT = ((1, 1), (2, -1), (-1, 3))
_SPIKE_ALLOWED = 1e-13


def spikes(context: Context, game: str, given: Mapping[str, str], name: str) -> list[Check]:
    """Spike variations at one point, against aggregates held constant."""
    found: list[Check] = []
    for claim in predictions(model(game), given, name=name, form=context.forms.get(game)):
        found += spike_checks(
            claim.game,
            claim.feedback,
            claim.values,
            _SPIKE_AT,
            name=name,
            allowed=_SPIKE_ALLOWED,
        )
    return found


def _reference_spikes(context: Context, game: str) -> list[Check]:
    """Spike variations at the sets of reference."""
    found: list[Check] = []
    for name, row in SETS.items():
        everything = {**row, **GIVEN, "n": "3"}
        given = {key: everything[key] for key in model(game).parameters}
        found += spikes(context, game, given, name)
    return found


def verification(context: Context, game: str) -> Finding:
    """Theorems 2.1 and 3.1."""
    hjb = model(game).derivation.hjb
    return Finding(
        (
            exact(
                "For every control and general G, H the left side of the value's equation is the "
                "gain rate of a spike, sum F_k (A G_k - lambda (G_k - phi_k)).",
                lambda: hjb.prove_identity() == 0,
            ),
            combined(
                "The generator agrees with the mean change over a two-valued step; {} checks.",
                definition_checks(model(game).game),
            ),
            combined(
                "No short deviation from the solution is a gain at S1, S2, S3 (matrix "
                "exponentials, 60 digits); {} checks.",
                _reference_spikes(context, game),
                "spike",
            ),
        ),
        "The competitors' aggregates are exogenous, and the moments at the horizon are finite.",
    )


def second_order(context: Context) -> Finding:
    """The second-order condition (2.46)."""
    form, derivation = context.form(model("best-response")), model("best-response").derivation
    h20, D2 = symbols("h20 D2")
    curvature = insert(
        derivation.hjb, derivation.system.ansatz, -derivation.hjb.second_order_condition
    )
    definitions = {s2: model("best-response").game.definitions[s2]}
    value = sp.expand((curvature - gamma * s2 * h20).subs(definitions))
    return Finding(
        (
            exact(
                "Minus the second derivative of the gain in the control is gamma s2 h20, with "
                "gamma s2 > 0.",
                lambda: is_zero(value),
            ),
            identity(
                "h20 D2 = lambda kappa^2, so that h20 > 0 if and only if D2 > 0.",
                form,
                h20 * D2 - lam * kappa**2,
            ),
            identity(
                "D2 = lambda - 2 (r + B p1) - s2 p1^2, the left side of (2.46).",
                form,
                D2 - (lam - 2 * (symbol("r") + B * p1) - s2 * p1**2),
            ),
        ),
        "lambda > 0 and kappa != 0.",
    )


def best_response(context: Context, game: str) -> Finding:
    """Theorems 2.2 and 3.2."""
    own = model(game)
    population = "n-agent" if game == "best-response" else game
    params = {**S1, "n": "3"} if population == "n-agent" else S1
    command = Command(model(population), params, "at.exploitability")
    nonzero = "kappa, D1, D2, lambda - r, E2, Delta, Delta2"
    return Finding(
        (
            combined(
                "Put back into the extended HJB system with constant aggregates, the closed form "
                "leaves the zero polynomial in every coefficient of the states; {} equations.",
                substitution_checks(Equations.of(own.game, own.ansatz), context.form(model(game))),
                scope="condition",
            ),
            Test(
                "ball",
                "Against competitors whose positions are feedback of wealth the response is the "
                "best one, too.",
                not command.value() > 1e-30,
            ),
        ),
        "The competitors' aggregates m_b, m_s (and m_2) are constants, lambda > 2 r if theta != 0, "
        f"D2 > 0, and {nonzero} do not vanish.",
        Counterexample.of(
            (command,),
            "If competitors play their feedback of wealth (everybody at wealth 1), a short "
            "deviation from the response gains at the rate {:.6g} > 0.",
            lambda gain: gain > 1e-30,
        ),
    )


def growth(context: Context) -> Finding:
    """Moments quadratic in the states and transversality in section 2.2."""
    form = context.form(model("best-response"))
    D1, D2, E0, E2 = symbols("D1 D2 E0 E2")
    w = sp.Dummy("w")
    bound = 2 * symbol("r") + 2 * w + 2 * s2 * p1**2
    mu, nu2 = symbol("mu"), symbol("nu") ** 2
    factors = growth_polynomials(model("best-response").derivation.system, mu)
    at_hazard = [f.subs({mu: lam}).subs(nu2, s2 - symbol("sigma") ** 2) for f in factors]
    at_hazard = [sp.expand(f) for f in at_hazard]

    def sharp() -> bool:
        remaining = [D2, E2, E0]
        for factor in at_hazard:
            match = [e for e in remaining if vanishes(form, factor - e)]
            if len(match) != 1:
                return False
            remaining.remove(match[0])
        return not remaining

    return Finding(
        (
            exact(
                "The growth rates of E X^2, E XY, E Y^2 fall short of lambda by D2, E2 and "
                "lambda - 2 r: these must be positive for finite moments and transversality.",
                sharp,
            ),
            identity(
                "2 E2 = D2 + (lambda - 2 r) + s2 p1^2 and 2 D1 = D2 + lambda + s2 p1^2, so that "
                "D2 > 0 and lambda > 2 r imply the rest.",
                form,
                2 * E2 - D2 - E0 - s2 * p1**2,
                2 * D1 - D2 - lam - s2 * p1**2,
            ),
            identity(
                "A Gronwall bound K = 2 r + 2 w + 2 s2 p1^2 with w = abs(B p1) suffices: D2 = "
                "(lambda - K) + 2 (w - B p1) + s2 p1^2 and lambda - 2 r = (lambda - K) + 2 w + "
                "2 s2 p1^2.",
                form,
                D2 - (lam - bound) - 2 * (w - B * p1) - s2 * p1**2,
                E0 - (lam - bound) - 2 * w - 2 * s2 * p1**2,
            ),
        ),
        "Sharp: D2 > 0, and lambda > 2 r if theta != 0, for constant aggregates. Assumption 2.1 is "
        "read as a Gronwall bound; its constant (2.76) is reconstructed.",
    )


def homogeneous(context: Context, game: str) -> Finding:
    """Theorems 2.3 and 3.3: the fixed point, and the finiteness of its second moments."""
    own, finite = model(game), game == "n-agent"
    form = context.form(model(game))
    points, where = draw(context, f"homogeneous {game}")
    if not finite:
        points.pop("n")
    points["lambda"] = points["lambda"] + 2 * points["r"]
    status = context.kernel(model(game)).evaluate(points, outputs=("status",))["status"]
    infinite = int((status == Status.INFINITE_VARIANCE).sum())
    fine = int((status == Status.OK).sum())
    rate = "rho_n < lambda" if finite else "lambda > 2 (r + B K) + sigma^2 K^2, K = k1 + k2"
    command = Command(
        model(game), {**EXPLOSIVE, "n": "2"} if finite else EXPLOSIVE_CONTINUUM, "status"
    )
    return Finding(
        (
            combined(
                "The common feedback is the response to itself, all coefficients in the states "
                "zero; checks: {}.",
                equilibrium_checks(own, form),
                scope="condition",
            ),
            Test(
                "search",
                "With D2 > 0 and lambda > 2 r second moments under the common feedback are "
                f"finite: {plural(infinite, 'exception')} in {fine + infinite:,} points.",
                infinite == 0,
                domain=f"{where}; lambda is drawn above 2 r",
            ),
        ),
        f"As a fixed point of responses to given aggregates; S and W nonzero, and {rate}, "
        "without which no moment at the horizon is finite.",
        Counterexample.of(
            (command,),
            "All conditions on one agent's problem hold, but the status is {}: second moments grow "
            "faster than lambda.",
            lambda status: bool(status == "infinite-variance"),
        ),
    )
