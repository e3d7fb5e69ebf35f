"""The source of a vectorized kernel in plain doubles, rendered from a game's derivation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sympy as sp

from eqsolve.kernels.cubic.fused import FusedBlock
from eqsolve.kernels.cubic.growth import OTHERS
from eqsolve.kernels.cubic.pieces import cut, slots
from eqsolve.kernels.cubic.printer import identifier
from eqsolve.kernels.cubic.program import VALUE, Program, program, weights, without
from eqsolve.kernels.cubic.rounding import rounded_once, terms
from eqsolve.kernels.cubic.rows import COLUMNS, FEEDBACK, OPENING, OUTPUTS, PASSING, ROWS
from eqsolve.kernels.cubic.source import environment, equal_wealth
from eqsolve.notated.published import Published
from eqsolve.symbols import entry, symbol


def _domain_checks(source: Program) -> tuple[list[str], list[str]]:
    """Numbers that must not be negative, huge or tiny, and other conditions on the inputs."""
    sizes, checks = [], []
    for parameter in (symbol(name) for name in source.model.parameters):
        domain, name = entry(parameter.name).domain, identifier(parameter)
        sizes.append(name if domain.lower is not None else f"math.fabs({name})")
        if domain.strict:
            checks.append(f"{name} > {float(domain.lower or 0)}")
        elif domain.lower is not None and domain.lower > 0:
            checks.append(f"{name} >= {float(domain.lower)}")
        if domain.integer:
            checks.append(f"lanes.whole({name})")
    for group in weights(source.model.game):
        if not any(entry(s.name).domain.strict for s in group):
            checks.append(" | ".join(f"({identifier(s)} != 0.0)" for s in group))
    return sizes, checks


def _numerator(name: sp.Symbol) -> sp.Symbol:
    return sp.Symbol(f"above_{name}", real=True)


def _numerator_apart(block: FusedBlock, name: sp.Symbol, expression: sp.Expr) -> sp.Expr:
    """Define a sum above the line on its own, so that its cancellation can be checked."""
    for factor in sp.Mul.make_args(expression):
        if factor.is_Add and expression.is_Mul:
            block.define(_numerator(name), factor)
            return _numerator(name) * (expression / factor)
    return expression


class _Writer:
    """Writes the loops of one program."""

    def __init__(self, source: Program, shared: Iterable[sp.Symbol] = ()) -> None:
        self.source = source
        self.states = source.model.game.state_symbols
        self.inputs = [symbol(name) for name in source.model.parameters]
        self.inputs += shared

    def block(self, *extra: sp.Symbol) -> FusedBlock:
        """An empty block after the inputs."""
        return FusedBlock({s: False for s in (*self.inputs, *extra)})

    def emit(
        self, block: FusedBlock, outputs: Iterable[sp.Symbol], known: Iterable[sp.Symbol]
    ) -> set[sp.Symbol]:
        """Emit what the outputs need; return everything known afterwards."""
        known = {*known, *self.inputs}
        for definition in self.source.between(outputs, known):
            switch = self.source.zero_without.get(definition.symbol)
            if switch is not None and not self._unsafe(definition.expression):
                switch = None
            expression = definition.expression
            if definition.symbol in self.source.feedback:
                expression = _numerator_apart(block, definition.symbol, expression)
            block.define(definition.symbol, expression, switch)
            known.add(definition.symbol)
        return known

    def _unsafe(self, expression: sp.Expr) -> bool:
        """Whether an expression divides by something that nobody checks."""
        checked = {*self.source.divisors, *self.source.dependent}
        below = {b for f in sp.Mul.make_args(expression) for b, e in [f.as_base_exp()] if e < 0}
        return any(not (s in checked or s.is_positive) for base in below for s in base.free_symbols)

    def reliable(self, block: FusedBlock, name: sp.Symbol, part: str) -> str:
        """The condition that a quantity is more than what cancellation may leave of its terms."""
        if rounded_once(self.source.form[name], self.source):
            return f"{block.operand(name).text} != 0.0"
        return block.reliable(name, part)

    def roots(self, also: Sequence[sp.Symbol] = ()) -> dict[str, Any]:
        """The cubic, how far its coefficients can be trusted, and the direction of selection."""
        game, root, block = self.source.model.game, self.source.root, self.block()
        (direction,) = sp.diff(game.states[0].drift, game.control).free_symbols
        checked = [s for s in game.definitions if entry(s.name).domain.strict]
        outputs = [*root.polynomial, direction, *checked, *self.source.dependent, *also]
        self.emit(block, outputs, ())
        trusted = [f"{block.operand(s).text} > 0.0" for s in checked]
        trusted += [self.reliable(block, s, "COEFFICIENT") for s in self.source.dependent]
        divisors = [s for s in self.source.divisors if s in also]
        trusted += [self.reliable(block, s, "DIVISOR") for s in divisors]
        for name in root.polynomial:
            bound = sp.Symbol(f"terms_{name}", nonnegative=True)
            block.define(bound, terms(self.source.form[name], self.source))
            trusted.append(f"math.fabs({name}) >= COEFFICIENT * terms_{name}")
        return {
            "cubic": block.take(),
            "trusted": trusted,
            "coefficients": [block.operand(s).text for s in root.polynomial],
            "terms": [f"terms_{s}" for s in root.polynomial],
            "direction": block.operand(direction).text,
        }

    def margin(self) -> tuple[list[str], str, str]:
        """What decides whether a root is admissible, and whether its sign is certain."""
        name, root = self.source.admissible, self.source.root.symbol
        block = self.block(root)
        self.emit(block, [name], [root])
        sure = self.reliable(block, name, "MARGIN")
        return block.take(), block.operand(name).text, sure

    def solution(self, with_position: bool, with_value: bool) -> dict[str, Any]:
        """The strategy at a root, conditions on it, and the position and value at a state."""
        source = self.source
        root, position = source.root.symbol, source.model.game.control
        block = self.block(root, *self.states)
        feedback = [s for s in source.feedback if s in source.form.table or s == root]
        conditions = [s for parts in source.finite for group in parts for s in group]
        divisors = [s for s in source.divisors if s in source.form.table and s not in self.inputs]
        outputs = [*feedback, *conditions, *divisors]
        outputs += [position] * with_position + [VALUE] * with_value
        self.emit(block, outputs, {root, *self.states})
        trusted = [block.resolved(s, "DIVISOR", divisors) for s in divisors]
        numerators = [_numerator(s) for s in source.feedback]
        held = [s for s in numerators if block.holds(s)]
        held += [s for s in feedback if s != root and source.form[s].is_Add]
        trusted += [block.resolved(s, "RESULT", divisors) for s in held]
        if with_value:
            # Within the value's own coefficients, but no further.
            below = source.form.table.keys() - source.form[VALUE].free_symbols
            trusted.append(block.resolved(VALUE, "VALUE", below))
        infinite = []
        for positive, void in source.finite:
            needed = [f"({block.operand(s).text} != 0.0)" for s in void]
            free = [f"({block.operand(s).text} == 0.0)" for s in void]
            for s in positive:
                sure = f"({self.reliable(block, s, 'CONDITION')})"
                trusted.append(" | ".join([*free, sure]))
                infinite.append(" & ".join([*needed, f"({block.operand(s).text} <= 0.0)"]))
        texts = [block.operand(s).text for s in feedback]
        place = block.operand(position).text if with_position else ""
        value = block.operand(VALUE).text if with_value else ""
        pieces = cut(block.take(), trusted, [*texts, place, value, *infinite])
        return {
            "pieces": pieces,
            "slots": slots(pieces),
            "infinite": infinite,
            "feedback": list(zip(FEEDBACK, texts)),
            "position": place,
            "value": value,
        }

    def wealth(self, expression: sp.Expr) -> list[str]:
        """The competitors' aggregate when everybody is as rich as the agent."""
        own, aggregate = self.states
        block = self.block(own)
        self.emit(block, sorted(expression.free_symbols, key=str), [own])
        block.define(aggregate, expression)
        return block.take()


def _after(source: Program) -> set[sp.Symbol]:
    """The root, the coefficients of its polynomial, and everything that depends on them."""
    found = {source.root.symbol, *source.root.polynomial, *source.model.game.state_symbols}
    for definition in source.form.definitions:
        if definition.expression.free_symbols & found:
            found.add(definition.symbol)
    return found


def fast_source(model: Published, precise: str) -> str:
    """Render the source of a game's vectorized kernel; the same game always gives the same text.

    Parameters
    ----------
    model : the game.
    precise : name of the kernel that decides the points left undecided; it is only quoted.

    Raises
    ------
    InputError
        If the game's closed form is not built on one cubic.
    """
    source = program(model)
    own, _ = states = model.game.state_symbols
    names = [identifier(symbol(name)) for name in model.parameters]
    # Abbreviations before the root are computed once.
    shared = [
        d.symbol
        for d in source.between([*source.root.polynomial, *source.feedback])
        if not (d.is_root or d.symbol in source.root.polynomial)
        and not d.expression.free_symbols & _after(source)
    ]
    first, writer = _Writer(source), _Writer(source, shared)
    margin, margin_result, margin_sure = writer.margin()
    cubics = [{"name": "game", **first.roots(shared)}]
    solutions = [
        {
            "name": "strategy",
            "purpose": "the strategy and the position",
            **writer.solution(with_position=True, with_value=False),
        },
        {
            "name": "valuation",
            "purpose": "the strategy, the position and the value",
            **writer.solution(with_position=True, with_value=True),
        },
    ]
    if source.lever is not None:
        reduced = without(source, (source.lever, *model.game.environment))
        table, same = reduced.form.table, source.form.table
        alone = _Writer(reduced, [s for s in shared if s in table and table[s] == same[s]])
        cubics.append({"name": "alone", **alone.roots()})
        solution = alone.solution(with_position=True, with_value=False)
        solutions.append(
            {"name": "alone", "purpose": "the position without competition", **solution}
        )
    loads = [*names, *map(identifier, shared)]
    inputs = [*names, *map(identifier, states)]
    rows = ROWS | dict(zip(inputs[len(names) :], (ROWS["own"], ROWS["others"])))
    rows |= {name: row for row, name in enumerate(loads, start=len(COLUMNS))}
    count = len(COLUMNS) + len(loads)
    sizes, checks = _domain_checks(source)
    slots = max(stage["slots"] for stage in solutions)
    places = [rows[name] for name in PASSING]
    places += range(count, count + slots - len(places))
    # Memory is asked for in small portions: a processor keeps few requests at a time.
    requests = [f"ahead({name}, start)" for name in inputs]
    requests += [f"soon({name}, start)" for name in OUTPUTS]
    return (
        environment()
        .get_template("kernel_fast.py.jinja")
        .render(
            game=model.name,
            title=model.title,
            precise=precise,
            rows=rows,
            height=max(count, *(place + 1 for place in places)),
            places=places,
            parameters=names,
            inputs=inputs,
            own=inputs[-2],
            others=inputs[-1],
            opening=OPENING,
            requests=requests,
            groups=len(OPENING) + len(solutions[0]["pieces"]),
            outputs=OUTPUTS,
            loads=loads,
            shared=[identifier(s) for s in shared],
            sizes=sizes,
            domain=checks,
            wealth=writer.wealth(equal_wealth(source, own)),
            single=OTHERS in source.form.table,
            size=identifier(model.parts.size),
            root=identifier(source.root.symbol),
            margin=margin,
            margin_result=margin_result,
            margin_sure=margin_sure,
            cubics=cubics,
            solutions=solutions,
            has_alone=len(cubics) > 1,
        )
    )
