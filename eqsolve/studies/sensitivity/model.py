"""How an equilibrium moves with its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flint import ctx

from eqsolve.derivation.derivation import derive
from eqsolve.game import Model
from eqsolve.game.parameters import read
from eqsolve.game.structure import Builder, build, counted
from eqsolve.program.make import program
from eqsolve.solve.derived import DerivedPoint
from eqsolve.solve.point import BITS
from eqsolve.solve.types import typed
from eqsolve.studies.derivatives import Chain, Derivatives, picked
from eqsolve.studies.responses import sensitivity_of_responses
from eqsolve.studies.types import sensitivity_of_types


def model_sensitivity(
    source: Model | Builder,
    values: Mapping[str, object],
    *,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    outputs: Sequence[str] | None = None,
    parameters: Sequence[str] | None = None,
) -> Derivatives:
    """Differentiate the strategy, the coefficients, and controls and values at a state.

    Raises
    ------
    InputError
        If a name is not known.
    """
    model = build(source, values, notion=notion, size=size)
    values = counted(model, values, size)
    if model.game.crowd is not None and model.game.crowd.own:
        derivation = derive(model)
        if derivation.fixed is not None and derivation.fixed.totals:
            solved = program(derivation)
            _, types, rows = typed(solved, values, at=at, size=size)
            return sensitivity_of_responses(
                solved,
                types,
                rows,
                selection=model.selection,
                outputs=outputs,
                parameters=parameters,
            )
        return sensitivity_of_types(model, values, size, at, outputs, parameters)
    with ctx.workprec(BITS):
        point = DerivedPoint(derive(model), read(model, values, at), model.selection)
        answer = point.answer()
        floats = {s.name: float(v) for s, v in point.numbers.parameters.items()}
        if not answer.ok:
            return Derivatives(model.name, answer.status.label, answer.message, {}, {}, floats)
        letters = {p.name: p.symbol for p in model.vocabulary.parameters}
        chosen = picked(model.name, "parameter", parameters, letters)
        found = Chain(point, [letters[name] for name in chosen], answer.roots)
        wanted = found.outputs()
        kept = {n: wanted[n] for n in picked(model.name, "output", outputs, wanted)}
        table, numbers = found.differentiate(kept)
    return Derivatives(
        model.name,
        answer.status.label,
        answer.message,
        numbers,
        {o: dict(zip(chosen, row)) for o, row in table.items()},
        floats,
    )
