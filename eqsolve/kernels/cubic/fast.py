"""The source of a vectorized kernel in plain doubles, rendered from a game's derivation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import sympy as sp

from eqsolve.kernels.cubic.fused import FusedBlock
from eqsolve.kernels.cubic.growth import OTHERS
from eqsolve.kernels.cubic.printer import identifier
from eqsolve.kernels.cubic.program import VALUE, Program, program, weights, without
from eqsolve.kernels.cubic.root import Cubic, root_loops
from eqsolve.kernels.cubic.rounding import rounded_once, terms
from eqsolve.kernels.cubic.source import environment, equal_wealth
from eqsolve.kernels.tiles import Line, Loop, Straight, arranged, line, renamed, written
from eqsolve.notated.published import Published
from eqsolve.status import Status
from eqsolve.symbols import entry, symbol

FEEDBACK = ("first", "second", "constant")
OUTPUTS = ("root", *FEEDBACK, "position", "alone", "value")
#: Operations of a loop, about: many quantities live long, so that shorter ones hand over more.
LENGTH = 90


def _in_range(sizes: Sequence[str]) -> tuple[list[Line], str]:
    """Lines, and the condition that no magnitude is huge or tiny, and none is negative."""
    lines = [line(f"bits_{k}", f"lanes.bits({size})") for k, size in enumerate(sizes)]
    smallest, largest = "lanes.MOST", "lanes.LEAST"
    for k in range(len(sizes)):
        lines.append(line(f"smallest_{k}", f"lanes.lower({smallest}, bits_{k})"))
        lines.append(line(f"largest_{k}", f"lanes.upper({largest}, bits_{k})"))
        smallest, largest = f"smallest_{k}", f"largest_{k}"
    return lines, f"lanes.in_range({smallest}, {largest})"


def _domain_checks(source: Program) -> Straight:
    """Conditions on the inputs: none is huge or tiny, and each is in its domain."""
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
    lines, ranged = _in_range(sizes)
    return Straight(lines, [ranged, *checks])


def _apart(code: Straight, prefix: str, kept: Iterable[str] = ()) -> Straight:
    """Code whose names are its own, but for some."""
    return renamed(code, {name: prefix + name for name in code.gives.difference(kept)})


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

    def roots(self, also: Sequence[sp.Symbol] = ()) -> tuple[Straight, Cubic]:
        """The code of the cubic, with how far its coefficients can be trusted, and its names."""
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
        found = Cubic(
            tuple(block.operand(s).text for s in root.polynomial),
            tuple(f"terms_{s}" for s in root.polynomial),
            block.operand(direction).text,
        )
        return Straight(written(block.take()), trusted), found

    def margin(self) -> Straight:
        """What decides whether a root is admissible, and whether its sign is certain."""
        name, root = self.source.admissible, self.source.root.symbol
        block = self.block(root)
        self.emit(block, [name], [root])
        sure = self.reliable(block, name, "MARGIN")
        return Straight(written(block.take()), [block.operand(name).text, sure])

    def solution(self) -> tuple[Straight, list[tuple[str, str]], Straight]:
        """The strategy at a root and conditions on it, the names of its results, and the value."""
        source = self.source
        root, position = source.root.symbol, source.model.game.control
        block = self.block(root, *self.states)
        feedback = [s for s in source.feedback if s in source.form.table or s == root]
        conditions = [s for parts in source.finite for group in parts for s in group]
        divisors = [s for s in source.divisors if s in source.form.table and s not in self.inputs]
        outputs = [*feedback, *conditions, *divisors, position]
        known = self.emit(block, outputs, {root, *self.states})
        trusted = [block.resolved(s, "DIVISOR", divisors) for s in divisors]
        numerators = [_numerator(s) for s in source.feedback]
        held = [s for s in numerators if block.holds(s)]
        held += [s for s in feedback if s != root and source.form[s].is_Add]
        trusted += [block.resolved(s, "RESULT", divisors) for s in held]
        infinite = []
        for positive, void in source.finite:
            needed = [f"({block.operand(s).text} != 0.0)" for s in void]
            free = [f"({block.operand(s).text} == 0.0)" for s in void]
            for s in positive:
                sure = f"({self.reliable(block, s, 'CONDITION')})"
                trusted.append(" | ".join([*free, sure]))
                infinite.append(" & ".join([*needed, f"({block.operand(s).text} <= 0.0)"]))
        strategy = Straight(written(block.take()), trusted)
        if infinite:
            strategy.outcomes.append(
                (" | ".join(f"({each})" for each in infinite), int(Status.INFINITE_VARIANCE))
            )
        results = [(name, block.operand(s).text) for name, s in zip(FEEDBACK, feedback)]
        results.append(("position", block.operand(position).text))
        value = Straight()
        if VALUE in source.form.table:
            self.emit(block, [VALUE], known)
            # Within the value's own coefficients, but no further.
            below = source.form.table.keys() - source.form[VALUE].free_symbols
            sure = block.resolved(VALUE, "VALUE", below)
            value = Straight(written(block.take()), [sure])
            results.append(("value", block.operand(VALUE).text))
        return strategy, results, value

    def wealth(self, given: str) -> Straight:
        """The competitors' aggregate, and conditions on the wealths.

        Without the aggregate, whose name is ``given``, everybody is as rich as the agent.
        """
        own, aggregate = self.states
        expression = equal_wealth(self.source, own)
        block = self.block(own)
        self.emit(block, sorted(expression.free_symbols, key=str), [own])
        block.define(aggregate, expression)
        name, code = identifier(aggregate), _apart(Straight(written(block.take())), "equal_")
        code.lines.append(line(name, f"lanes.select(same_wealth, equal_{name}, {given})"))
        more, ranged = _in_range([f"math.fabs({identifier(s)})" for s in self.states])
        code.lines += more
        code.conditions.append(ranged)
        if OTHERS in self.source.form.table:
            size = identifier(self.source.model.parts.size)
            code.conditions.append(f"({size} != 1.0) | ({name} == 0.0)")
        return code


def _given(code: Straight, output: str, text: str) -> str:
    """The name of an output: the quantity itself, or one assigned at the end."""
    if text in code.gives:
        return text
    code.lines.append(line(f"{output}_result", text))
    return f"{output}_result"


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
    root, given = identifier(source.root.symbol), f"given_{identifier(states[1])}"
    margin, results = writer.margin(), {"root": root}
    cubic, found = first.roots(shared)
    temporary = {name for name in cubic.gives if re.fullmatch(r"t\d+", name)}
    cubic = _apart(cubic, "cubic_", cubic.gives - temporary)
    checks = _domain_checks(source)
    cubic.lines[:0], cubic.conditions[:0] = checks.lines, checks.conditions
    opening = root_loops(root, found, margin, "one_only")
    strategy, pairs, value = writer.solution()
    results |= {name: f"{name}_result" for name in OUTPUTS[1:]}
    for output, text in pairs:
        results[output] = _given(value if output == "value" else strategy, output, text)
    groups: dict[str, list[Loop]] = {
        "wealth": [first.wealth(given)],
        "game": [cubic, *opening, strategy],
        "value": [value],
    }
    if source.lever is not None:
        reduced = without(source, (source.lever, *model.game.environment))
        table, same = reduced.form.table, source.form.table
        alone = _Writer(reduced, [s for s in shared if s in table and table[s] == same[s]])
        cubic, found = alone.roots()
        new = {name: f"alone_{name}" for name in cubic.gives}
        own_margin = renamed(margin, {root: f"alone_{root}"})
        opening = root_loops(f"alone_{root}", found.renamed(new), own_margin, "False", "alone_")
        strategy, pairs, _ = alone.solution()
        position = _given(strategy, "position", dict(pairs)["position"])
        new = {name: f"alone_{name}" for name in strategy.gives}
        results["alone"] = new[position]
        strategy = renamed(strategy, {**new, root: f"alone_{root}"})
        groups["alone"] = [_apart(cubic, "alone_"), *opening, strategy]
    inputs = [*names, identifier(own), given]
    fixed = list(dict.fromkeys([*inputs, "sure", *results.values()]))
    loops, height = arranged(list(groups.values()), fixed, results.values(), LENGTH)
    # Memory is asked for in small portions: a processor keeps few requests at a time.
    arguments = [*names, *map(identifier, states)]
    requests = [f"ahead({name}, start)" for name in arguments]
    requests += [f"soon({name}, start)" for name in OUTPUTS]
    return (
        environment()
        .get_template("kernel_fast.py.jinja")
        .render(
            game=model.name,
            title=model.title,
            precise=precise,
            parameters=names,
            inputs=arguments,
            outputs=OUTPUTS,
            rows={name: fixed.index(row) for name, row in zip(arguments, inputs)}
            | {name: fixed.index(row) for name, row in results.items()},
            sure=len(inputs),
            height=height,
            requests=requests,
            groups={name: _functions(name, part) for name, part in zip(groups, loops)},
        )
    )


def _functions(group: str, loops: Sequence[Sequence[str]]) -> list[tuple[str, str, list[str]]]:
    """The name of every loop's function, its arguments and its lines."""
    flags = [
        [flag for flag in ("same_wealth", "one_only") if any(flag in entry for entry in code)]
        for code in loops
    ]
    return [
        (f"{group}_{k}", ", ".join(["work", *flags[k - 1]]), list(code))
        for k, code in enumerate(loops, start=1)
    ]
