"""Agents with parameters of their own: from their responses to an equilibrium, for any number.

Every agent responds to averages of all positions, so that a game of any number of agents comes
down to a linear system of the size of the environment (section 2.4 of the paper does it for two).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from eqsolve.arithmetic.algebra import collect, is_zero
from eqsolve.derivation.closed_form import ClosedForm, Definition
from eqsolve.errors import DerivationError
from eqsolve.notated.averages import Average, FixedPoint, Names
from eqsolve.notated.representative import Representative
from eqsolve.notated.roles import Roles
from eqsolve.symbols import symbol

#: Index of the generic agent in summands.
GENERIC = "k"
#: Index of the agents in sums over any number of them.
BOUND = "i"


def indexed(letter: sp.Symbol, index: int | str) -> sp.Symbol:
    """The letter of one agent."""
    return symbol(f"{letter.name}_{index}")


@dataclass(frozen=True)
class Agents:
    """Agents who differ in every parameter that is not shared.

    Parameters
    ----------
    crowd : their crowd in the letters of one of them.
    count : number of agents; 0 leaves it open.
    names : for each environment symbol, the names of the average it stands for; the environment of
        agent k is that average without the contribution of k.
    position, at_zero : its position, and its response at zero aggregates.
    reaction : of its response to the own position in the averages.
    coefficient : of an agent's wealth in an agent's feedback.
    determinant : of the averages' equations.
    """

    crowd: Representative
    count: int
    names: Mapping[sp.Symbol, Names]
    position: sp.Symbol
    at_zero: sp.Symbol
    reaction: sp.Symbol
    coefficient: sp.Symbol
    determinant: sp.Symbol

    @property
    def roles(self) -> Roles:
        """The letters of one agent's response."""
        return self.crowd.roles

    @property
    def weight(self) -> sp.Expr:
        """An agent's weight in the averages."""
        return self.crowd.share

    @property
    def shared(self) -> tuple[sp.Symbol, ...]:
        """The parameters all agents have in common."""
        return self.crowd.shared

    @cached_property
    def averages(self) -> dict[sp.Symbol, Average]:
        """For each environment symbol the average it stands for."""
        position, implied = self.roles.position, self.crowd.aggregates
        return {
            environment: Average(names.total, names.products, implied[environment].coeff(position))
            for environment, names in self.names.items()
        }

    @property
    def indices(self) -> range:
        """The agents' numbers; none where how many there are is open."""
        return range(1, self.count + 1)

    def of(self, index: int | str, expression: sp.Expr) -> sp.Expr:
        """Return an expression in the symbols of one agent."""
        common = {average.total for average in self.averages.values()} | set(self.shared)
        own = expression.free_symbols - common
        return expression.xreplace({s: indexed(s, index) for s in own})

    def numbered(self, index: int | str, expression: sp.Expr) -> sp.Expr:
        """Return an expression of the generic agent for one agent."""
        replaced = {}
        for s in expression.free_symbols:
            stem, _, tail = s.name.rpartition("_")
            if tail == GENERIC:
                replaced[s] = symbol(f"{stem}_{index}")
        return expression.xreplace(replaced)

    def total(self, summand: sp.Expr) -> sp.Expr:
        """Sum an expression of the generic agent over all agents."""
        return sp.Add(*(self.numbered(k, summand) for k in self.indices))

    def response(self, closed: ClosedForm, index: int | str) -> ClosedForm:
        """Return the best response in the symbols of one agent."""
        return ClosedForm(
            tuple(
                Definition(
                    self.of(index, d.symbol),
                    self.of(index, d.expression),
                    tuple(self.of(index, s) for s in d.polynomial),
                    d.is_solution,
                )
                for d in closed.definitions
            ),
            tuple(self.of(index, e) for e in closed.nonzero),
        )

    def identical(self, form: ClosedForm, closed: ClosedForm) -> ClosedForm:
        """Return an equilibrium's closed form with all agents alike, in the response's symbols.

        Parameters
        ----------
        form : the equilibrium.
        closed : the best response it was made of.
        """
        own = {*closed.table, *closed.parameters, self.reaction, self.weight} - set(self.shared)
        same = {indexed(s, k): s for s in own for k in self.indices}
        definitions = {
            same.get(d.symbol, d.symbol): Definition(
                same.get(d.symbol, d.symbol),
                d.expression.xreplace(same),
                tuple(same.get(s, s) for s in d.polynomial),
                d.is_solution,
            )
            for d in form.definitions
        }
        nonzero = dict.fromkeys(e.xreplace(same) for e in form.nonzero)
        return ClosedForm(tuple(definitions.values()), tuple(nonzero))

    def competitors_wealth(self, index: int) -> sp.Expr:
        """The state of one agent that is the weighted wealth of the others."""
        own, _ = self.roles.states
        return self.total(self.of(GENERIC, self.weight * own)) - self.of(index, self.weight * own)

    def fixed_point(self, parts: Mapping[sp.Expr, sp.Symbol]) -> FixedPoint:
        """Derive and solve the equations of the averages.

        Parameters
        ----------
        parts : the parts of the response's constant by environment symbol (``{1: q3, m_b: Qb}``).
        """

        def generic(s: sp.Expr) -> sp.Expr:
            return self.of(GENERIC, s)

        weight, position, own, reaction = map(
            generic, (self.weight, self.position, self.at_zero, self.reaction)
        )
        response = own
        for environment, average in self.averages.items():
            others = average.total - weight * generic(average.load) * position
            response += generic(parts[environment]) * others
        terms = collect(position - response, (position,))
        linear = sp.Add(*(u * s for u, s in zip(self.roles.affine, self.roles.states)))
        at_zero = generic(linear + parts[sp.S.One])
        solved = reaction * -terms[sp.S.One]

        totals = [average.total for average in self.averages.values()]
        summands: dict[sp.Symbol, sp.Expr] = {}
        rows, right = [], []
        for average in self.averages.values():
            contribution = weight * generic(average.load) * solved
            found = collect(contribution, (*totals, own))
            named = {}
            for environment, other in self.averages.items():
                named[other.total] = average.products[parts[environment]]
                summands[named[other.total]] = found[other.total]
            name = average.products[self.at_zero]
            summands[name] = found[own] * own
            rows.append([sp.Integer(average.total == t) - named[t] for t in totals])
            right.append(name)
        matrix, column = sp.Matrix(rows), sp.Matrix(right)
        cramer = matrix.adjugate(method="berkowitz") * column
        point = FixedPoint(
            own=Definition(own, at_zero),
            reaction=Definition(reaction, 1 / terms[position]),
            response=response,
            position=solved,
            summands=summands,
            matrix=matrix,
            right=column,
            determinant=Definition(self.determinant, matrix.det(method="berkowitz")),
            solution={t: cramer[k] / self.determinant for k, t in enumerate(totals)},
        )
        point.prove()
        return point

    def equilibrium(self, closed: ClosedForm, parts: Mapping[sp.Expr, sp.Symbol]) -> ClosedForm:
        """Return every agent's response and feedback ``pi_i = k_i1 x_1 + k_i2 x_2 + ... + k_i0``.

        Raises
        ------
        DerivationError
            If an agent's feedback is not the response to the others' positions.
        """
        if not self.count:
            return self._any_number(closed, parts)
        responses = [self.response(closed, k) for k in self.indices]
        definitions = [d for form in responses for d in form.definitions]
        nonzero = [e for form in responses for e in form.nonzero]
        extra, assumed = self._feedback(self.fixed_point(parts))
        self._prove_equilibrium(ClosedForm(extra, assumed), parts)
        return ClosedForm((*definitions, *extra), (*nonzero, *assumed))

    def _any_number(self, closed: ClosedForm, parts: Mapping[sp.Expr, sp.Symbol]) -> ClosedForm:
        """The generic agent's response and position, and the averages of all agents.

        What an agent plays depends on the others through the averages alone, so that the matrix by
        which positions answer positions has the rank of their number, beside a diagonal.
        """
        response, point = self.response(closed, GENERIC), self.fixed_point(parts)
        own, others = self.roles.states
        found = [point.reaction]
        assumed = [1 / point.reaction.expression, point.determinant.symbol]
        mean = self.over_all(self.of(GENERIC, self.weight * own))
        found.append(
            Definition(self.of(GENERIC, others), mean - self.of(GENERIC, self.weight * own))
        )
        found.append(point.own)
        found += [Definition(name, self.over_all(s)) for name, s in point.summands.items()]
        found.append(point.determinant)
        found += [Definition(t, v, is_solution=True) for t, v in point.solution.items()]
        position = self.of(GENERIC, self.position)
        found.append(Definition(position, point.position, is_solution=True))
        definitions = (*response.definitions, *found)
        form = ClosedForm(definitions, (*response.nonzero, *assumed))
        for residual in self.generic_residuals(point, parts).values():
            if not is_zero(residual):
                raise DerivationError("the position leaves a residual.", stage="agents")
        return form

    def over_all(self, summand: sp.Expr) -> sp.Expr:
        """The sum of an expression of the generic agent over any number of agents."""
        index = sp.Symbol(BOUND, integer=True)
        return sp.Sum(self.numbered(BOUND, summand), (index, 1, self.roles.size))

    def generic_residuals(
        self, point: FixedPoint, parts: Mapping[sp.Expr, sp.Symbol]
    ) -> dict[sp.Symbol, sp.Expr]:
        """What vanishes in equilibrium for any number of agents.

        By the generic position: it, less the response to the averages without its own part. By an
        average: the averages' equations at their solution.
        """

        def generic(s: sp.Expr) -> sp.Expr:
            return self.of(GENERIC, s)

        spelled = {d.symbol: d.expression for d in (point.reaction, point.own, point.determinant)}
        position = point.position.xreplace(spelled)
        response = sp.Add(
            *(generic(u * s) for u, s in zip(self.roles.affine, self.roles.states)),
            generic(parts[sp.S.One]),
        )
        for environment, average in self.averages.items():
            own = generic(self.weight * average.load) * position
            response += generic(parts[environment]) * (average.total - own)
        found = {generic(self.position): position - response}
        values = sp.Matrix(list(point.solution.values()))
        rows = point.matrix * values - point.right
        found |= {t: row.xreplace(spelled) for t, row in zip(point.solution, rows)}
        return found

    def _feedback(self, point: FixedPoint) -> tuple[tuple[Definition, ...], tuple[sp.Expr, ...]]:
        found = [
            Definition(
                self.numbered(k, point.reaction.symbol), self.numbered(k, point.reaction.expression)
            )
            for k in self.indices
        ]
        assumed = [1 / d.expression for d in found] + [point.determinant.symbol]
        right = list(point.right)
        found += [
            Definition(name, self.total(term))
            for name, term in point.summands.items()
            if name not in right
        ]
        found.append(point.determinant)
        wealth = {self.wealth(k): k for k in self.indices}
        _, others = self.roles.states
        own: dict[tuple[int, int], sp.Symbol] = {}
        for k in self.indices:
            affine = self.numbered(k, point.own.expression)
            affine = affine.xreplace({indexed(others, k): self.competitors_wealth(k)})
            terms = collect(affine, wealth)
            for state, j in {**wealth, sp.S.One: 0}.items():
                own[k, j] = indexed(self.at_zero, f"{k}{j}")
                found.append(Definition(own[k, j], terms.get(state, sp.S.Zero)))
        for j in (*self.indices, 0):
            column = {indexed(self.at_zero, k): own[k, j] for k in self.indices}
            for name in right:
                summed = self.total(point.summands[name]).xreplace(column)
                found.append(Definition(indexed(name, j), summed))
            at = {name: indexed(name, j) for name in right}
            for total, value in point.solution.items():
                found.append(Definition(indexed(total, j), value.xreplace(at), is_solution=True))
            at = {total: indexed(total, j) for total in point.solution}
            for k in self.indices:
                position = self.numbered(k, point.position).xreplace(at | column)
                slope = indexed(self.coefficient, f"{k}{j}")
                found.append(Definition(slope, position, is_solution=True))
        whole = {indexed(self.at_zero, k): self.affine(self.at_zero, k) for k in self.indices}
        whole |= {name: self.total(point.summands[name]) for name in right}
        whole |= point.solution
        whole |= {indexed(self.position, k): self.numbered(k, point.position) for k in self.indices}
        found += [Definition(name, value, is_solution=True) for name, value in whole.items()]
        return tuple(found), tuple(assumed)

    def wealth(self, index: int) -> sp.Symbol:
        """The own state of one agent."""
        own, _ = self.roles.states
        return indexed(own, index)

    def affine(self, letter: sp.Symbol, agent: int | str = "") -> sp.Expr:
        """The affine function of the wealths with coefficients of a letter, that of 1 with 0."""
        terms = (indexed(letter, f"{agent}{j}") * self.wealth(j) for j in self.indices)
        return sp.Add(*terms, indexed(letter, f"{agent}0"))

    def feedback(self, index: int) -> sp.Expr:
        """The position of one agent in all wealths."""
        return self.affine(self.coefficient, index)

    def environment(self, index: int) -> dict[sp.Symbol, sp.Expr]:
        """What the others' feedbacks make of one agent's environment."""
        return {
            name: sp.Add(
                *(
                    self.of(j, self.weight * average.load) * self.feedback(j)
                    for j in self.indices
                    if j != index
                )
            )
            for name, average in self.averages.items()
        }

    def _prove_equilibrium(self, form: ClosedForm, parts: Mapping[sp.Expr, sp.Symbol]) -> None:
        """Each feedback is the response to the others' feedbacks, for all wealths.

        That it is also the position in the averages is linearity: the reactions, the weighted
        means without wealth and the determinant need not be spelled out.
        """
        reactions = [indexed(self.reaction, k) for k in self.indices]
        means = {s for average in self.averages.values() for s in average.products.values()}
        right = {average.products[self.at_zero] for average in self.averages.values()}
        atoms = {*reactions, *(means - right), self.determinant}
        linear = ClosedForm(tuple(d for d in form.definitions if d.symbol not in atoms), ())
        for k in self.indices:
            if not linear.vanishes(indexed(self.position, k) - self.feedback(k)):
                raise DerivationError(
                    f"the position of agent {k} differs from its feedback.", stage="agents"
                )
        for coefficient, residual in self.residuals(parts).items():
            if not form.vanishes(residual):
                raise DerivationError(
                    f"the feedback leaves a residual in {coefficient}.", stage="agents"
                )

    def residuals(self, parts: Mapping[sp.Expr, sp.Symbol]) -> dict[sp.Symbol, sp.Expr]:
        """What vanishes in equilibrium, by coefficient of the agents' feedbacks.

        Each feedback less the response to the others' feedbacks, in every wealth.
        """
        found: dict[sp.Symbol, sp.Expr] = {}
        wealth = {self.wealth(j): j for j in self.indices}
        for k in self.indices:
            around = self.environment(k)
            states = (self.wealth(k), self.competitors_wealth(k))
            response = sp.Add(
                *(indexed(u, k) * s for u, s in zip(self.roles.affine, states)),
                *(indexed(u, k) * around.get(m, m) for m, u in parts.items()),
            )
            for monomial, residual in collect(self.feedback(k) - response, wealth).items():
                found[indexed(self.coefficient, f"{k}{wealth.get(monomial, 0)}")] = residual
        return found
