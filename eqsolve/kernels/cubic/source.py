"""The source of a kernel, rendered from a game's derivation."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

import sympy as sp
from jinja2 import Environment, PackageLoader, StrictUndefined

from eqsolve.kernels.cubic.arithmetic import DoubleDouble, Operand
from eqsolve.kernels.cubic.growth import OTHERS
from eqsolve.kernels.cubic.printer import Block, identifier
from eqsolve.kernels.cubic.program import VALUE, Program, divides, program, weights, without
from eqsolve.notated.published import Published
from eqsolve.symbols import entry, symbol


def _wrap(names: Iterable[str]) -> str:
    text = ", ".join(names)
    return textwrap.fill(text, 96, initial_indent="    ", subsequent_indent="    ")


def environment() -> Environment:
    """The templates' environment; anything undefined is an error."""
    result = Environment(
        loader=PackageLoader("eqsolve.templates", ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    result.filters["wrap"] = _wrap
    return result


def _domain_checks(source: Program) -> list[str]:
    """Conditions on the plain inputs, in generated code; finiteness is checked apart."""
    checks = []
    for parameter in (symbol(name) for name in source.model.parameters):
        domain, name = entry(parameter.name).domain, identifier(parameter)
        if domain.lower is not None:
            checks.append(f"{name} {'>' if domain.strict else '>='} {float(domain.lower)}")
        if domain.integer:
            checks.append(f"{name} == math.floor({name})")
    for group in weights(source.model.game):
        if not any(entry(s.name).domain.strict for s in group):
            checks.append(" or ".join(f"{identifier(s)} != 0.0" for s in group))
    return checks


def equal_wealth(source: Program, own: sp.Symbol) -> sp.Expr:
    """The others' aggregate where everybody is as rich as the agent."""
    reciprocal = source.model.parts.reciprocal
    return own * (1 - reciprocal) if reciprocal in source.model.game.definitions else own


class _Writer:
    """Writes the parts of one program."""

    def __init__(self, source: Program) -> None:
        self.source = source
        self.states = source.model.game.state_symbols
        self.parameters = [symbol(name) for name in source.model.parameters]

    def block(self, *extra: tuple[sp.Symbol, bool]) -> Block:
        """An empty block after the parameters and extra inputs."""
        return Block(DoubleDouble(), {s: False for s in self.parameters} | dict(extra))

    def emit(
        self, block: Block, outputs: Iterable[sp.Symbol], known: Iterable[sp.Symbol]
    ) -> tuple[list[str], set[sp.Symbol]]:
        """Emit what the outputs need; return the lines and everything known afterwards."""
        known, outputs, at_root = set(known), set(outputs), self.source.at_root
        for definition in self.source.between(outputs, known):
            outputs |= at_root.get(definition.symbol, sp.S.Zero).free_symbols
        for definition in self.source.between(outputs, known):
            name, switch = definition.symbol, self.source.zero_without.get(definition.symbol)
            if name in at_root:
                self._define_at_root(block, name)
            else:
                block.define(name, definition.expression, switch)
            known.add(name)
        return block.take(), known

    def _define_at_root(self, block: Block, name: sp.Symbol) -> None:
        """Define a sum, by its form at the root where it cancels."""
        total, there = (
            sp.Symbol(f"{name}_{kind}", **name.assumptions0) for kind in ("sum", "root")
        )
        block.define(total, self.source.form[name])
        block.define(there, self.source.at_root[name])
        block.choose(name, there, total, self._vanishing(block, total, "CANCELED"))

    def cubic(self) -> dict[str, Any]:
        """The part before the root."""
        game, root, block = self.source.model.game, self.source.root, self.block()
        (direction,) = sp.diff(game.states[0].drift, game.control).free_symbols
        checked = [s for s in game.definitions if entry(s.name).domain.strict]
        dependent = list(self.source.dependent)
        outputs = [*root.polynomial, direction, *checked, *dependent]
        lines, _ = self.emit(block, outputs, ())
        valid = [f"{self._leading(block, s)} > 0.0" for s in checked]
        valid += [f"not {self._vanishing(block, s)}" for s in dependent]
        if OTHERS in self.source.form.table:
            # a single agent has no competitors
            size, (_, aggregate) = self.source.model.parts.size, self.states
            alone = f"{identifier(size)} == 1.0 and {identifier(aggregate)}[0] != 0.0"
            valid.append(f"not ({alone})")
        return {
            "cubic": lines,
            "valid": " and ".join(valid) or "True",
            "coefficients": [self._pair(block.operand(s)) for s in root.polynomial],
            "direction": self._leading(block, direction),
        }

    def solution(self, with_value: bool) -> dict[str, Any]:
        """The part at a root."""
        source, (own, aggregate) = self.source, self.states
        root, position = source.root.symbol, source.model.game.control
        block = self.block((root, True), (own, False), (aggregate, True))
        feedback = [s for s in source.feedback if s in source.form.table or s == root]
        feedback = feedback if with_value else []
        conditions = [s for parts in source.finite for group in parts for s in group]
        known = {root, *self.parameters, *self.states}
        divisors = [s for s in source.divisors if s in source.form.table]
        outputs = [*feedback, position, *conditions, *divisors]
        strategy, known = self.emit(block, outputs, known)
        finite = [self._finite(block, *condition) for condition in source.finite]
        part: dict[str, Any] = {
            "strategy": strategy,
            "infinite_response": finite[: source.response_conditions],
            "degenerate": [self._degenerate(block, s) for s in divisors],
            "infinite": finite[source.response_conditions :],
            "feedback": [self._pair(block.operand(s)) for s in feedback] or ["NOTHING"] * 3,
            "position": self._pair(block.operand(position)),
            "value": [],
        }
        if with_value:
            part["value"], _ = self.emit(block, [VALUE], known)
            part["value_result"] = self._pair(block.operand(VALUE))
        return part

    def expression(
        self, output: sp.Symbol, value: sp.Expr | None, *extra: tuple[sp.Symbol, bool]
    ) -> tuple[list[str], str]:
        """Lines and result of one quantity, by its own definition or a given one."""
        block = self.block(*extra)
        needs = [output] if value is None else sorted(value.free_symbols, key=str)
        lines, _ = self.emit(block, needs, [s for s, _ in extra])
        if value is not None:
            block.define(output, value)
            lines += block.take()
        return lines, self._pair(block.operand(output))

    def _pair(self, value: Operand) -> str:
        return value.text if value.wide else f"dd.from_double({value.text})"

    def _leading(self, block: Block, name: sp.Symbol) -> str:
        return block.arithmetic.leading(block.operand(name))

    def _vanishing(self, block: Block, name: sp.Symbol, part: str = "NEGLIGIBLE") -> str:
        """A sum is zero if its terms cancel, anything else if it is exactly zero."""
        terms = " + ".join(
            f"abs({block.arithmetic.leading(term)})" for term in block.terms.get(name, ())
        )
        leading = self._leading(block, name)
        return f"abs({leading}) <= {part} * ({terms})" if terms else f"{leading} == 0.0"

    def _degenerate(self, block: Block, name: sp.Symbol) -> str:
        """Where a divisor is needed only for what a parameter switches on, it may vanish."""
        users = [d.symbol for d in self.source.form.definitions if divides(name, d.expression)]
        switches = {self.source.zero_without.get(user) for user in users}
        condition = self._vanishing(block, name)
        if len(switches) == 1 and None not in switches:
            (switch,) = switches
            return f"{condition} and {self._leading(block, switch)} != 0.0"
        return condition

    def _finite(
        self, block: Block, positive: tuple[sp.Symbol, ...], void: tuple[sp.Symbol, ...]
    ) -> str:
        """The negation of a condition; a NaN violates it."""
        needed = [f"{self._leading(block, s)} != 0.0" for s in void]
        tests = " and ".join(f"{self._leading(block, s)} > 0.0" for s in positive)
        return " and ".join([*needed, f"not ({tests})"])


def kernel_source(model: Published) -> str:
    """Render the source of a game's kernel; the same game always gives the same text.

    Raises
    ------
    InputError
        If the game's closed form is not built on one cubic.
    """
    source = program(model)
    own, aggregate = model.game.state_symbols
    writer = _Writer(source)
    root = source.root.symbol
    margin_lines, margin_result = writer.expression(source.admissible, None, (root, True))
    wealth, wealth_result = writer.expression(aggregate, equal_wealth(source, own), (own, False))
    stages = [{"name": "game", **writer.cubic(), **writer.solution(with_value=True)}]
    if source.lever is not None:
        alone = _Writer(without(source, (source.lever, *model.game.environment)))
        stages.append({"name": "alone", **alone.cubic(), **alone.solution(with_value=False)})
    parameters = [identifier(symbol(name)) for name in model.parameters]
    return (
        environment()
        .get_template("kernel.py.jinja")
        .render(
            game=model.name,
            title=model.title,
            parameters=parameters,
            inputs=[*parameters, *map(identifier, (own, aggregate))],
            own=identifier(own),
            others=identifier(aggregate),
            domain=_domain_checks(source),
            wealth=wealth,
            wealth_result=wealth_result,
            root=identifier(root),
            margin=margin_lines,
            margin_result=margin_result,
            stages=stages,
        )
    )
