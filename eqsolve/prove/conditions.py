"""Conditions of theorems that say the same once letters are spelled out: one of them is enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sympy as sp

from eqsolve.prove.statement import Line, identifier


def said_otherwise(
    conditions: Iterable[sp.Expr], spelled: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Expr, tuple[sp.Expr, sp.Expr]]:
    """What is not zero because another condition says it, and of which it is what multiple.

    Parameters
    ----------
    spelled : what letters stand for, polynomials in earlier ones.
    """
    alike: dict[sp.Expr, list[tuple[sp.Expr, sp.Expr]]] = {}
    for e in conditions:
        whole = e
        for letter in reversed([*spelled]):
            whole = whole.xreplace({letter: spelled[letter]})
        constant, plain = sp.expand(whole).primitive()
        if plain.could_extract_minus_sign():
            constant, plain = -constant, -plain
        alike.setdefault(plain, []).append((e, constant))
    found: dict[sp.Expr, tuple[sp.Expr, sp.Expr]] = {}
    for plain, same in alike.items():
        if plain.is_number and plain != 0:  # by what letters stand for
            found |= {e: (plain, constant) for e, constant in same}
            continue
        # in letters, where there are some
        first, unit = min(same, key=lambda pair: sp.count_ops(pair[0]))
        found |= {e: (first, constant / unit) for e, constant in same if e != first}
    return found


def following(
    others: Mapping[sp.Expr, tuple[sp.Expr, sp.Expr]], spelled: Iterable[sp.Symbol]
) -> Iterator[Line]:
    """Conditions that follow from others when letters are spelled out."""
    rewriting = "".join(f"rewrite ?H_{identifier(s.name)}; " for s in reversed([*spelled]))
    for e, (first, factor) in others.items():
        yield Line("assert ({} <> 0).", (e,))
        yield Line("{{ replace {} with ({} * {});", (e, factor, first))
        yield Line("    [apply Rmult_integral_contrapositive_currified; first [assumption | lra] |")
        yield Line(f"    {rewriting}ring]. }}}}")
