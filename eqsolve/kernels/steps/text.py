"""Lines and functions of a kernel's source, and the arrays that hand symbols to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sympy as sp

from eqsolve.derivation.derivation import Derivation
from eqsolve.derivation.solve.step import Explicit, Flow, Integral, Solution, to_go
from eqsolve.errors import DerivationError
from eqsolve.kernels.steps.expressions import Names, lines
from eqsolve.status import Status


@dataclass
class Text:
    """The source of the kernel of one derivation, as far as it is written.

    Attributes
    ----------
    helpers : functions of the module, and in ``bound`` what is made of them.
    body : lines of the function that solves one point.
    known : the symbols that have a value there.
    needed : those that the last function takes.
    """

    derivation: Derivation
    names: Names = field(default_factory=Names)
    helpers: list[str] = field(default_factory=list)
    bound: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    known: list[sp.Symbol] = field(default_factory=list)
    needed: list[sp.Symbol] = field(default_factory=list, init=False)
    solution: Solution = field(init=False)

    def assign(self, symbol: sp.Symbol, expression: sp.Expr) -> None:
        self.body += lines([(self.names[symbol], expression)], self.names)
        self.known.append(symbol)

    def fail_unless(self, condition: str, status: Status) -> None:
        self.body += [f"if not ({condition}):", f"    return {int(status)}"]

    def moving(self, expression: sp.Expr, own: Sequence[sp.Symbol] = ()) -> sp.Expr:
        """The expression with explicit symbols that depend on the time to go inserted."""
        for step in reversed(self.solution.steps):
            if step.symbols[0] in own or not isinstance(step, Explicit):
                continue
            if step.symbol in expression.free_symbols:
                spelled = self.solution.spelled(step.expression)
                if spelled.free_symbols & {to_go, *self.flowing}:
                    expression = expression.xreplace({step.symbol: step.expression})
        return expression

    @property
    def flowing(self) -> set[sp.Symbol]:
        """The symbols that are integrated numerically."""
        flows = [s for s in self.solution.steps if isinstance(s, (Flow, Integral))]
        return {symbol for flow in flows for symbol in flow.symbols}

    def vector(self, label: str, expressions: Iterable[sp.Expr], bound: Iterable[sp.Symbol]) -> str:
        """Write an array of the known symbols that expressions need; return its name."""
        free = set().union(*(e.free_symbols for e in expressions)) - set(bound)
        self.needed = [s for s in self.known if s in free]
        missing = free - set(self.needed)
        if missing:
            raise DerivationError(
                f"{', '.join(map(str, missing))} is not known where it is needed.",
                game=self.derivation.model.name,
                stage="code generation",
            )
        listed = ", ".join(self.names[s] for s in self.needed) or "0.0"
        self.body.append(f"p_{label} = np.array([{listed}])")
        return f"p_{label}"

    def helper(
        self,
        name: str,
        arguments: str,
        bound: Sequence[sp.Symbol],
        expressions: Sequence[sp.Expr],
        variable: str,
    ) -> str:
        """A function of one variable; returns the name of the array of its parameters."""
        vector = self.vector(name, expressions, bound)
        inner = Names({bound[0]: variable})
        text = [f"def {name}({arguments}):"]
        text += [f"    {inner[s]} = p[{i}]" for i, s in enumerate(self.needed)]
        text += ["    " + line for line in lines([("result", expressions[0])], inner)]
        self.helpers.append("\n".join([*text, "    return result"]))
        return vector

    def flow_functions(
        self,
        label: str,
        symbols: Sequence[sp.Symbol],
        rates: Sequence[sp.Expr],
        jacobian: bool = False,
    ) -> None:
        """Functions of the rates and their Jacobian, and the array of their parameters."""
        rates = [self.moving(e, symbols) for e in rates]
        self.vector(label, rates, [*symbols, to_go])
        inner = Names({to_go: "s"})
        head = [f"    {inner[s]} = p[{i}]" for i, s in enumerate(self.needed)]
        head += [f"    {inner[s]} = u[{i}]" for i, s in enumerate(symbols)]
        body = lines([(f"out[{i}]", e) for i, e in enumerate(rates)], inner)
        self.helpers.append(
            "\n".join([f"def rates_{label}(s, u, p, out):", *head, *("    " + b for b in body)])
        )
        if jacobian:
            entries = [
                (f"out[{i}, {j}]", sp.diff(e, s))
                for i, e in enumerate(rates)
                for j, s in enumerate(symbols)
            ]
            body = lines(entries, inner)
            self.helpers.append(
                "\n".join([f"def jacobian_{label}(u, p, out):", *head, *("    " + b for b in body)])
            )
