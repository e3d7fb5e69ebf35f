"""Answers for one parameter point of games of one agent or of identical agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from eqsolve.answers import named
from eqsolve.errors import InputError
from eqsolve.parameters import exact, parameters, require
from eqsolve.program.program import exact as evaluated
from eqsolve.program.words import Words
from eqsolve.solve.answer import Answer as Solved
from eqsolve.solve.path import rational
from eqsolve.solve.solve import answered
from eqsolve.words.answer import Answer
from eqsolve.words.own_words import Named, declaration, words_of

if TYPE_CHECKING:
    from eqsolve.words.nash import NashRoot

#: The family's words for notions of equilibrium.
NOTIONS = ("given-aggregate", "closed-loop")


@dataclass(frozen=True, kw_only=True)
class Equilibrium(Answer):
    """The answer for one parameter point.

    Numbers are the midpoints of balls whose relative radius is far below double precision.
    """

    notion: str
    selection: str
    parameters: Mapping[str, Fraction]
    roots: tuple[Mapping[str, Any] | NashRoot, ...] = ()
    selected: int | None = None
    certificate: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; keys that do not apply are absent."""
        setting = {
            "equilibrium": self.notion,
            "selection": self.selection,
            "params": {name: float(value) for name, value in self.parameters.items()},
        }
        exact_params = {name: str(value) for name, value in self.parameters.items()}
        result = self.document(setting, arithmetic="ball", exact_params=exact_params)
        result["roots"] = [
            (
                dict(root)
                if isinstance(root, Mapping)
                else {
                    **root.to_dict(selected=k == self.selected),
                    "multiplicity": root.multiplicity,
                }
            )
            for k, root in enumerate(self.roots)
        ]
        if self.certificate:
            result["certificate"] = dict(self.certificate)
        return result


def solve(
    game: Named,
    *,
    equilibrium: str = "given-aggregate",
    selection: str = "limit",
    at: Mapping[str, object] | None = None,
    certify: bool = False,
    **given: object,
) -> Equilibrium:
    """Solve a game of one agent or of identical agents; see ``dispatch.solve``."""
    name = game.name
    for option, value, known in (
        ("equilibrium", equilibrium, NOTIONS),
        ("selection", selection, ("limit", "value")),
    ):
        require(value in known, f"{option} must be {' or '.join(known)}, not {value!r}.", game=name)
    words = words_of(game)
    if words is None:
        raise InputError("the agents differ: use eqsolve.solve.", game=name, stage="input")
    values = parameters(given, words.parameters, game=name)
    state = _state(words, values, at or {}, name)
    if equilibrium == "closed-loop":
        from eqsolve.words.closed import solve_loop

        return solve_loop(game, words, values, state, selection, certify)
    answer = answered(words.program, values, at=state, selection=selection, game=name)
    found = _in_words(words, answer, values, selection, name)
    if certify:
        from eqsolve.words.reporting import point_certificate

        certificate = point_certificate(declaration(game), words, values, state, selection)
        found = replace(found, certificate=certificate)
    return found


def certificate(
    game: Named,
    values: Mapping[str, object],
    *,
    equilibrium: str,
    selection: str,
    at: Mapping[str, object],
) -> dict[str, Any]:
    """What shows that the answer is right: see ``eqsolve.solve.certificate``.

    Raises
    ------
    InputError
        For anything wrong with the input, and where the file cannot hold the proof.
    """
    from eqsolve.solve import certificate as proofs

    words = words_of(game)
    if words is None:
        from eqsolve.words.agents import certificate as certificate_of_agents

        require(
            equilibrium == NOTIONS[0],
            "no certificate is written for the closed loop of agents who differ.",
            game=game.name,
        )
        return certificate_of_agents(game, values)
    known = parameters(values, words.parameters, game=game.name)
    state = _state(words, known, at, game.name)
    if equilibrium == "closed-loop":
        from eqsolve.words.closed import certificate as certificate_of_loop

        return certificate_of_loop(game, known, state, selection)
    return proofs.certificate(words.program, known, at=state, selection=selection, game=game.name)


def _state(
    words: Words, values: Mapping[str, Fraction], at: Mapping[str, object], game: str
) -> dict[str, Fraction]:
    """The state that is asked for; what is not given is as the game has it."""
    names = words.state.names
    for name in at:
        require(name in names, f"a state has {' and '.join(names)}, not {name!r}.", game=game)
    found = {name: exact(name, value, game=game) for name, value in at.items()}
    for name, code in zip(names, map(words.state.code.only, ([k] for k in range(len(names))))):
        if name not in found:
            known = {k: rational(v) for k, v in (*values.items(), *found.items())}
            (value,) = evaluated(code, known)
            assert value is not None, "a rational function of numbers and earlier states"
            found[name] = Fraction(int(value.p), int(value.q))
    return {name: found[name] for name in names}


def _in_words(
    words: Words, answer: Solved, values: Mapping[str, Fraction], selection: str, game: str
) -> Equilibrium:
    """The answer of the program in the game's own words."""
    root, margin = words.roots[:2]
    roots: tuple[Mapping[str, Any], ...] = tuple(
        named(
            {
                root: one["outputs"][root],
                "admissible": one["outputs"][margin] > 0,
                "selected": one["selected"],
                **{name: one["outputs"][name] for name in words.roots[1:]},
                "multiplicity": one["multiplicity"],
            }
        )
        for one in answer.roots
    )
    numbers: dict[str, Any] = {}
    if answer.strategy:
        (strategy,), (value,) = answer.strategy.values(), answer.value.values()
        numbers = {
            "response": {own: answer.coefficients[name] for own, name in words.response},
            "strategy": strategy,
            "moments": {name: answer.implied[name] for name in words.moments},
            "value": value,
            "at": {k: v for k, v in answer.at.items() if k not in words.hidden},
        }
    if answer.growth:
        numbers["admissibility"] = answer.growth
    if answer.line:
        numbers["solutions"] = answer.line
    return Equilibrium(
        game=game,
        notion="given-aggregate",
        selection=selection,
        parameters=values,
        status=answer.status.label,
        message=answer.message,
        roots=roots,
        selected=next((k for k, one in enumerate(answer.roots) if one["selected"]), None),
        numbers=numbers,
    )
