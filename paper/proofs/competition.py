"""How competition moves the common strategy of the mean field: up, where ``p1`` is positive.

The strategy's averages are theta times something that is free of theta, and positive: with
``lambda = D2 + 2 (r + B p1) + s2 p1^2`` numerators are polynomials with positive coefficients.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import sympy as sp

from eqsolve.derivation.closed_form import ClosedForm
from eqsolve.derivations.mean_variance.vocabulary import symbols
from eqsolve.notated.derivation import Derivation
from eqsolve.paper.claims.exact import B, Q, alpha, k1, k2, k3, lam, p1, q3, r, s2, sigma, theta
from eqsolve.paper.proofs.cubic import AVERSION, D1, D2, INTEREST, VARIANCE, Delta
from eqsolve.prove.script import script, stated
from eqsolve.prove.statement import Hypothesis, Line, Maker, Relation, Theorem

E0, E1, E2, Delta2, x, y = symbols("E0 E1 E2 Delta2 x y")
SIGNS = (
    *(Hypothesis(f"positive_{e.name}", Relation(e, ">")) for e in (B, p1, D2, alpha)),
    AVERSION,
    VARIANCE,
    INTEREST,
    Hypothesis("wealth", Relation(y, ">=")),
)


def theorems(derivation: Derivation) -> Iterator[Maker]:
    """With more of it, and with or without it."""
    yield partial(_rises, derivation.form)
    yield partial(_above, derivation.form)


def _rises(form: ClosedForm) -> Theorem:
    definitions, moved = _definitions(form), _moving(form)
    new = {e: sp.Symbol(f"{e.name}_new", **e.assumptions0) for e in (theta, *moved)}
    defined = [_defined(e, definitions[e]) for e in definitions]
    defined += [_defined(new[e], definitions[e].xreplace(new)) for e in moved]
    order = Hypothesis("order", Relation(theta, "<", new[theta]))
    regular = Hypothesis("regular", Relation(new[Q], "<", sp.S.One))
    position = k1 * x + k2 * y + k3
    parts = _per_theta() | {"old": position, "new": position.xreplace(new)}
    proof = [*_signs(form), *_proportional(form, ""), *_proportional(form, "_new")]
    proof += script(
        """
set (m := <<p2>>) in *. set (w := <<Q>>) in *. clearbody m w.
assert (theta * w < theta_new * w) by (apply Rmult_lt_compat_r; assumption).
assert (later : 0 < 1 - theta_new * w) by (rewrite <- part_Q_new; lra).
assert (now : 0 < 1 - theta * w) by lra.
assert (E : <<new>> - <<old>> =
  (theta_new - theta) * ((m + p1 * w) * y + q3 * w) / ((1 - theta * w) * (1 - theta_new * w))).
{ rewrite H_k2, H_k3, H_k2_new, H_k3_new, H_k1, part_p2, part_p2_new.
  rewrite H_S, H_S_new, part_Q, part_Q_new. field; split; lra. }
assert (0 < <<new>> - <<old>>); [| lra]. rewrite E.
apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat; [lra | assumption] |].
apply Rmult_lt_0_compat; assumption.
""",
        parts,
    )
    return stated(
        "position_rises_with_theta",
        "the position rises with theta where p1 > 0, which no theta enters",
        (*defined, *SIGNS, order, regular),
        Relation(position, "<", position.xreplace(new)),
        proof,
        point={lam: sp.Integer(3), theta: sp.Rational(1, 8), new[theta]: sp.Rational(1, 4)},
    )


def _above(form: ClosedForm) -> Theorem:
    defined = [_defined(e, value) for e, value in _definitions(form).items()]
    competes = Hypothesis("competes", Relation(theta, ">"))
    regular = Hypothesis("regular", Relation(Q, "<", sp.S.One))
    position, alone = k1 * x + k2 * y + k3, p1 * x + q3
    proof = [*_signs(form), *_proportional(form, "")]
    proof += script(
        """
set (m := <<p2>>) in *. set (w := <<Q>>) in *. clearbody m w.
assert (now : 0 < 1 - theta * w) by (rewrite <- part_Q; lra).
assert (E : <<position>> - <<alone>> = theta * ((m + p1 * w) * y + q3 * w) / (1 - theta * w)).
{ rewrite H_k2, H_k3, H_k1, part_p2, H_S, part_Q. field; lra. }
assert (0 < <<position>> - <<alone>>); [| lra]. rewrite E.
apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat; assumption | assumption].
""",
        _per_theta() | {"position": position, "alone": alone},
    )
    return stated(
        "position_lies_above_that_without_competition",
        "the position lies above p1 x + q3, the one at theta = 0, where p1 > 0",
        (*defined, *SIGNS, competes, regular),
        Relation(alone, "<", position),
        proof,
        point={lam: sp.Integer(3)},
    )


def _definitions(form: ClosedForm) -> dict[sp.Symbol, sp.Expr]:
    """What the strategy is made of, with the root as it is."""
    wanted, found = {k1, k2, k3}, []
    for definition in reversed(form.definitions):
        if definition.symbol in wanted and not definition.is_root:
            wanted |= definition.expression.free_symbols
            found.append(definition)
    return {d.symbol: d.expression for d in reversed(found)}


def _moving(form: ClosedForm) -> list[sp.Symbol]:
    """Of these the ones that depend on theta."""
    found = [theta]
    for symbol, value in _definitions(form).items():
        if value.free_symbols & {*found}:
            found.append(symbol)
    return found[1:]


def _defined(symbol: sp.Symbol, value: sp.Expr) -> Hypothesis:
    return Hypothesis(f"H_{symbol.name}", Relation(symbol, "=", value))


def _own() -> tuple[sp.Expr, sp.Expr]:
    """What is positive in the numerators of ``-h11`` and of ``2 c - h11``."""
    paid = r * (B * p1 + r)
    first = Delta2 - B * D1 * paid * (B + p1 * s2)
    return first, E2 * (B**2 * D2 * paid - Delta2) + E1 * first


def _per_theta() -> dict[str, sp.Expr]:
    """What ``p2`` and ``Q`` are, divided by theta, by name."""
    first, second = _own()
    average = D1 * D2 * (B**2 * second / E1 + E1 * sigma**2 * first) / (Delta * Delta2 * E2)
    return {"p2": B * D1 * D2 * r * (B * p1 + r) / Delta2, "Q": average}


def _signs(form: ClosedForm) -> Iterator[Line]:
    """The signs of everything that is free of theta, as polynomials with positive coefficients."""
    spelled = {lam: D2 + 2 * (r + B * p1) + s2 * p1**2}
    for symbol in (E0, E1, D1, E2, Delta2):
        spelled[symbol] = sp.expand(form[symbol].xreplace(spelled))
    known = ["H_lambda"]
    yield from script(
        "assert (H_lambda : lambda = <<sum>>) by lra.\n"
        "assert (0 < lambda) by (rewrite H_lambda; positive).",
        {"sum": spelled[lam]},
    )
    for symbol in (E0, E1, D1, E2, Delta2):
        rules = ", ?".join(reversed(known))
        yield from script(
            f"assert (is_{symbol.name} : {symbol.name} = <<value>>)\n"
            f"  by (rewrite H_{symbol.name}, ?{rules}; ring).\n"
            f"assert (0 < {symbol.name}) by (rewrite is_{symbol.name}; positive).",
            {"value": spelled[symbol]},
        )
        known.append(f"is_{symbol.name}")
    rules = ", ?".join(reversed(known))
    for number, expression in enumerate(_own(), 1):
        yield from script(
            f"assert (numerator_{number} : 0 < <<what>>).\n"
            "{ replace <<what>> with <<value>>\n"
            f"    by (rewrite ?{rules}; ring).\n"
            "  positive. }",
            {"what": expression, "value": sp.factor(expression.xreplace(spelled))},
        )
    yield from script(
        """
assert (0 < Delta).
{ rewrite H_Delta. replace (D1 - D2) with <<excess>> by lra. positive. }
assert (0 < q3) by (rewrite H_q3; positive).
assert (0 <= <<p2>>) by (apply Rle_mult_inv_pos; [not_negative | assumption]).
assert (0 < <<Q>>).
{ apply Rdiv_lt_0_compat; [| positive]. apply Rmult_lt_0_compat; [positive |].
  apply Rplus_lt_le_0_compat.
  - apply Rdiv_lt_0_compat; [| assumption]. apply Rmult_lt_0_compat; [positive | assumption].
  - apply Rmult_le_pos; [| lra]. apply Rmult_le_pos; [lra | apply pow2_ge_0]. }
assert (0 < (<<p2>> + p1 * <<Q>>) * y + q3 * <<Q>>).
{ apply Rplus_le_lt_0_compat; [| apply Rmult_lt_0_compat; assumption].
  apply Rmult_le_pos; [| lra]. apply Rplus_le_le_0_compat; [assumption |].
  apply Rmult_le_pos; apply Rlt_le; assumption. }
""",
        _per_theta() | {"excess": B * p1 + p1**2 * s2 + r},
    )


def _proportional(form: ClosedForm, suffix: str) -> Iterator[Line]:
    """That ``p2`` and ``Q`` are theta times something."""
    definitions, moving = _definitions(form), _moving(form)
    names = [
        f"?H_{e.name}{suffix if e in moving else ''}"
        for e in reversed(definitions)
        if e in moving or e.name in ("a", "h20")
    ]
    for name, part in _per_theta().items():
        yield from script(
            f"assert (part_{name}{suffix} : {name}{suffix} = theta{suffix} * <<part>>).\n"
            f"{{ rewrite {', '.join(names)}. field; repeat split; lra. }}",
            {"part": part},
        )
