"""Directional derivatives of a closed form, as generated code.

Every definition of the straight-line program is followed by its differential, the sum of its
partial derivatives times the differentials of the symbols in it. A root of a polynomial is
differentiated implicitly. One function thus gives the derivative of all outputs along any
direction of the parameters; along the axes these are the partial derivatives.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from eqsolve.derivation.closed_form import Definition
from eqsolve.kernels.cubic.arithmetic import Double
from eqsolve.kernels.cubic.growth import OTHERS
from eqsolve.kernels.cubic.printer import Block, identifier
from eqsolve.kernels.cubic.program import VALUE, Program, program, without
from eqsolve.kernels.cubic.source import environment
from eqsolve.kernels.storage import digest, load, write
from eqsolve.notated.published import Published

#: Slope of the root's polynomial, and the sum of the sizes of its terms.
_SLOPE, _SIZE = sp.symbols("steepness_top steepness_bottom", real=True)


def differential(name: sp.Symbol) -> sp.Symbol:
    """The symbol of the differential of another one."""
    return sp.Symbol(f"{identifier(name)}_dot", real=True)


def differentiated(
    source: Program, outputs: tuple[sp.Symbol, ...]
) -> tuple[list[Definition], dict[sp.Symbol, sp.Expr]]:
    """Definitions with their differentials in order of use, and the outputs' differentials.

    The root itself is an input; the definition of its differential divides by the slope of its
    polynomial.
    """
    root = source.root
    found: list[Definition] = []
    slopes = {s: differential(s) for s in source.inputs}
    for definition in source.between((*outputs, *root.polynomial, root.symbol), source.inputs):
        name, expression = definition.symbol, definition.expression
        total = sp.Add(
            *(
                sp.diff(expression, s) * slopes[s]
                for s in sorted(expression.free_symbols, key=str)
                if s in slopes and s != name
            )
        )
        if definition.is_root:
            total = -total / sp.diff(expression, name)
        else:
            found.append(definition)
        if total != 0:
            slopes[name] = differential(name)
            found.append(Definition(slopes[name], total))
    return found, {s: slopes.get(s, sp.S.Zero) for s in outputs}


def _stage(source: Program, outputs: tuple[sp.Symbol, ...]) -> dict[str, Any]:
    """The lines of one function and its results: differentials and the steepness of the root."""
    root = source.root
    definitions, wanted = differentiated(source, (root.symbol, *outputs))
    inputs = [*source.inputs, root.symbol, *map(differential, source.inputs)]
    block = Block(Double(), {s: False for s in inputs})
    ends = {differential(s) for s in source.zero_without}
    for definition in definitions:
        name = definition.symbol
        switch = source.zero_without.get(name)
        if name in ends:
            # Zero for a single agent like the quantity itself; a parameter that is zero may move.
            value = next(s for s in source.zero_without if differential(s) == name)
            switch = source.zero_without[value] if source.zero_without[value] == OTHERS else None
        block.define(name, definition.expression, switch)
    terms = sp.Poly(root.expression, root.symbol).terms()
    block.define(_SLOPE, sp.diff(root.expression, root.symbol))
    lines = block.take()
    sizes = " + ".join(
        f"abs({identifier(c)} * {identifier(root.symbol)}**{power})" for (power,), c in terms
    )
    results: list[str] = []
    for value in wanted.values():
        block.define(sp.Symbol(f"result_{len(results)}", real=True), value)
        results.append(f"result_{len(results)}")
    return {
        "lines": [*lines, *block.take(), f"{_SIZE} = {sizes}"],
        "results": results,
        # At a root that is zero only the linear term counts.
        "steepness": f"abs({_SLOPE} * {identifier(root.symbol)}) / {_SIZE}"
        f" if {_SIZE} > 0.0 else 1.0 if {_SLOPE} != 0.0 else 0.0",
    }


def tangent_source(model: Published) -> str:
    """Render the source of a game's derivatives; the same game always gives the same text.

    Raises
    ------
    InputError
        If the game's closed form is not built on one cubic.
    """
    source = program(model)
    position = source.model.game.control
    stages = [{"name": "game", **_stage(source, (*source.feedback, position, VALUE))}]
    if source.lever is not None:
        single = without(source, (source.lever, *source.model.game.environment))
        stages.append({"name": "alone", **_stage(single, (position,))})
    inputs = [identifier(s) for s in source.inputs]
    size = source.model.parts.size
    return (
        environment()
        .get_template("tangent.py.jinja")
        .render(
            game=source.model.name,
            title=source.model.title,
            inputs=inputs,
            root=identifier(source.root.symbol),
            stages=stages,
            has_alone=len(stages) > 1,
            single=source.inputs.index(size) if OTHERS in source.form.table else -1,
        )
    )


def tangent_module(model: Published) -> Any:
    """The compiled module of a game's derivatives, with a function ``fill``."""
    source = tangent_source(model)
    return load(write(source, f"{model.name.replace('-', '_')}_tangent_{digest(source)}"))
