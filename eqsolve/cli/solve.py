"""One parameter point."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from eqsolve.cli.common import (
    JSON,
    PARAMETERS,
    chosen_size,
    cli,
    emit,
    given,
    known_games,
    of_family,
    of_set,
    parameter_file,
    remaining,
    say,
    state,
    structure,
)
from eqsolve.errors import InputError, NoSolutionError

if TYPE_CHECKING:
    from eqsolve.source import Source
    from eqsolve.words.agents import AgentsEquilibrium
    from eqsolve.words.equilibrium import Equilibrium
    from eqsolve.words.hazard import HazardEquilibrium
    from eqsolve.words.many import ManyAgents


@cli.command()
@click.argument("game", shell_complete=known_games)
@PARAMETERS
@parameter_file(" (agents who differ: also CSV or Parquet)")
@structure
@click.option("--equilibrium", metavar="given-aggregate|closed-loop")
@click.option("--selection", metavar="limit|stabilizing|value")
@click.option("--hazard", metavar="SPEC", help="A hazard rate that depends on time.")
@click.option("--times", metavar="START:STOP:COUNT", help="With --hazard: a table over time.")
@click.option("--at", metavar="x=1,y=1", help="The state; everybody has wealth 1 by default.")
@click.option("--certify", is_flag=True, help="Add proved root counts, enclosures and finiteness.")
@click.option(
    "--out",
    metavar="FILE",
    help="Write a table of many agents, or over time; that as a figure, too.",
)
@click.option("--certificate", metavar="FILE", help="Write a proof that others can check.")
@JSON
def solve(
    game: str,
    pairs: tuple[str, ...],
    file: str | None,
    equilibrium: str | None,
    selection: str | None,
    hazard: str | None,
    times: str | None,
    at: str | None,
    certify: bool,
    certificate: str | None,
    out: str | None,
    as_json: bool,
    **how: str | None,
) -> None:
    """Solve a game at one parameter point.

    EXAMPLE

    A hazard rate that depends on time: --hazard gompertz:0.05,0.09 or weibull:2,20 (then lambda
    is not given, and the one of a named set is replaced); table:FILE.csv and
    "expr:0.05*exp(0.09*t)" are others. Exit code 4 when there is
    no equilibrium; the message says why. Status near-fold: the numbers hold, but the selected root
    nearly coincides with another one.
    """
    from eqsolve.handle import Handle
    from eqsolve.registry import adopt, content, is_path, resolve, say_hidden
    from eqsolve.source import Source

    if certificate is not None:
        from eqsolve.output import require_writable

        require_writable(certificate)
    source = Source.of(content(game), partial(resolve, game))
    if source is None:
        game = adopt(game)
    else:
        if is_path(game):
            say_hidden(source.name, game)
        game = source.name
    values = given(pairs, file, game=game, table=lambda: source is None and _differ(game))
    if times is not None:
        if hazard is None:
            raise InputError("--times goes with --hazard.", game=game, stage="input")
        others = {
            "--equilibrium": equilibrium,
            "--selection": selection,
            "--certify": certify,
            "--certificate": certificate,
            "--json": as_json,
            "--at t=": "t" in (state(at) or {}),
        }
        for option, chosen in others.items():
            if chosen:
                raise InputError(f"{option} does not go with --times.", game=game, stage="input")
        _over_time(source, game, values, hazard, times, at, out, **how)
        return
    if hazard is not None and certificate is not None and at is not None:
        raise InputError(
            "under a hazard rate --certificate is about the strategy at time 0.",
            game=game,
            stage="input",
            remedy="Leave out --at.",
        )
    if out is not None and (source is not None or hazard is not None):
        raise InputError("--out is for many agents who differ.", game=game, stage="input")
    if source is not None:
        if hazard is not None and certify:
            raise InputError(
                "--certify does not go with --hazard.",
                game=game,
                stage="input",
                remedy="Leave out --certify: numbers are enclosed, and the answer says how.",
            )
        if equilibrium is not None:
            from eqsolve.notions import notion_of

            how["notion"] = notion_of(how["notion"], equilibrium, game)
        _model(source, values, selection, hazard, at, certify, certificate, as_json, **how)
        return
    from eqsolve.notions import equilibrium_for
    from eqsolve.words.dispatch import check_keywords

    horizon = how["horizon"] if hazard is not None else None
    if hazard is None:
        values = of_family(game, values, how)
    else:
        values = beside_hazard(None, game, values, at, **how)
    equilibrium = equilibrium_for(how["notion"], equilibrium, game) or "given-aggregate"
    selection = selection or "limit"
    check_keywords(Handle(game), values)
    answer: Equilibrium | AgentsEquilibrium | HazardEquilibrium | ManyAgents
    if hazard is not None:
        if (equilibrium, selection) != ("given-aggregate", "limit") or certify:
            raise InputError(
                "--hazard gives the given-aggregate equilibrium only.",
                game=game,
                stage="input",
                remedy="Leave out --equilibrium, --selection and --certify.",
            )
        from eqsolve.words.hazard import certified_hazard, solve_hazard

        if certificate is None:
            answer = solve_hazard(Handle(game), hazard, values, horizon=horizon, at=state(at))
        else:
            answer, made = certified_hazard(Handle(game), hazard, values, horizon=horizon)
            _write(made, certificate)
    else:
        from eqsolve.words.dispatch import solve as solve_point

        answer = solve_point(
            Handle(game),
            **values,
            equilibrium=equilibrium,
            selection=selection,
            at=state(at),
            certify=certify,
        )
        if out is not None:
            _write_agents(answer, out, game)
        if certificate is not None and answer.ok:
            from eqsolve.words.equilibrium import certificate as certificate_of

            made = certificate_of(
                Handle(game), values, equilibrium=equilibrium, selection=selection, at=state(at)
            )
            _write(made, certificate)
    if as_json:
        emit(answer.to_dict())
    else:
        _show(answer.to_dict())
    if answer.status not in ("ok", "near-fold"):
        raise NoSolutionError(answer.message, game=game, stage=answer.status)


def beside_hazard(
    source: Source | None,
    game: str,
    values: dict[str, Any],
    at: str | None,
    notion: str | None,
    size: str | None,
    horizon: str | None,
    case: str | None,
) -> dict[str, Any]:
    """Parameters beside a hazard rate, which takes the place of the constant one of a named set."""
    if source is None:
        from eqsolve.handle import Handle

        how = {"horizon": None, "size": size, "case": case}
        rate = Handle(game).model.parts.hazard.name if case is not None else ""
        return of_family(game, values, how, apart=rate)
    base = source.named_set(case, notion) if case is not None else {}
    found = of_set(base, values, None, at)
    if base:
        from eqsolve.game.structure import build
        from eqsolve.solve.moving import hazard_letter

        number, continuum = chosen_size(size)
        model = build(source.exported, found, notion=notion, size=number, continuum=continuum)
        base = remaining(base, without=[hazard_letter(model).name])
    return of_set(base, values, None, at)


def _over_time(
    source: Source | None,
    game: str,
    values: dict[str, Any],
    hazard: str,
    times: str,
    at: str | None,
    out: str | None,
    notion: str | None,
    size: str | None,
    horizon: str | None,
    case: str | None,
) -> None:
    """Solve a game at several times under a hazard rate; print the table, or write it."""
    from eqsolve.studies.course import evenly
    from eqsolve.verbs import course

    values = beside_hazard(source, game, values, at, notion, size, horizon, case)
    number, continuum = chosen_size(size)
    how: dict[str, Any] = {"notion": notion, "size": number, "continuum": continuum}
    how |= {"horizon": horizon, "at": state(at), "times": evenly(times, game)}
    found = course(game, values, hazard=hazard, **how)
    if out is None:
        click.echo(found.to_frame().to_string(index=False))
    elif out.endswith(".csv"):
        from eqsolve.output import replacing

        with replacing(out) as temporary:
            found.to_frame().to_csv(temporary, index=False)
    else:
        from eqsolve.course_plot import plot_course

        plot_course(found, out)
    for answer in found.answers:
        if not answer.ok:
            raise NoSolutionError(answer.message, game=game, stage=answer.to_dict()["status"])


def _model(
    source: Source,
    values: dict[str, Any],
    selection: str | None,
    hazard: str | None,
    at: str | None,
    certify: bool,
    certificate: str | None,
    as_json: bool,
    notion: str | None,
    size: str | None,
    horizon: str | None,
    case: str | None,
) -> None:
    """Solve a game that is declared by ``eqsolve.game``, and print the answer."""
    number, continuum = chosen_size(size)
    how: dict[str, Any] = {"notion": notion, "size": number, "continuum": continuum}
    if hazard is not None:
        inside = beside_hazard(source, source.name, values, at, notion, size, horizon, case)
        how |= {"horizon": horizon, "selection": selection}
        if certificate is None:
            from eqsolve.solve.moving import solve_moving

            answer = solve_moving(source.exported, hazard, inside, at=state(at), **how)
        else:
            from eqsolve.solve.certificate_hazard import certified_moving

            answer, made = certified_moving(source.exported, hazard, inside, **how)
            _write(made, certificate)
    else:
        base = source.named_set(case, notion) if case is not None else {}
        inside = of_set(base, values, horizon, at)
        answer = source.answer(inside, at=state(at), selection=selection, **how)
        if certificate is not None and answer.ok:
            made = source.certificate(inside, at=state(at), selection=selection, **how)
            _write(made, certificate)
    if as_json:
        emit(answer.to_dict())
    else:
        say(answer.details())
        if certify:
            for name, value in answer.certificate.items():
                click.echo(f"  {'certificate.' + name:<26}{value}")
    answer.raise_for_status()


def _differ(game: str) -> bool:
    """Whether the agents of a game of the family have parameters of their own."""
    from eqsolve.handle import Handle
    from eqsolve.words.own_words import differ

    return differ(Handle(game))


def _write_agents(answer: Any, out: str, game: str) -> None:
    """Write the table of many agents."""
    if not hasattr(answer, "write"):
        raise InputError(
            "--out is for a table of many agents who differ; --json has all numbers here.",
            game=game,
            stage="input",
        )
    answer.write(out)


def _write(document: Mapping[str, Any], path: str) -> None:
    """Write a certificate."""
    from eqsolve.output import replacing

    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document) + "\n")


def _show(result: Mapping[str, Any]) -> None:
    """Print a solution as indented lines of numbers."""
    click.echo(f"{result['game']}, {result['equilibrium']} equilibrium: {result['status']}")
    click.echo(f"  {result['message']}")
    for index, root in _numbered_roots(result.get("roots", ())):
        notes = [
            "admissible" if root["admissible"] else "not admissible",
            *(["selected"] if root["selected"] else []),
        ]
        name, value = next(iter(root.items()))
        click.echo(f"  root {name}{index} = {value:.15g} ({', '.join(notes)})")
    sections = "agents statuses summary response strategy moments value at pi V aggregates"
    for section in (*sections.split(), "feedback", "admissibility"):
        for name, value in _flattened(section, result.get(section, {})):
            text = f"{value:.15g}" if isinstance(value, float) else str(value)
            click.echo(f"  {name:<26}{text}")
    if "certificate" in result:
        _show_certificate(result["certificate"])


def _show_certificate(certificate: Mapping[str, Any]) -> None:
    """Print what was proved, with every enclosure as an interval of doubles."""
    click.echo(f"  certificate: {certificate['verdict']}. {certificate['statement']}")
    for name in ("status", "real_roots", "admissible_roots", "finite", "bits"):
        if certificate.get(name) is not None:
            click.echo(f"  {'certificate.' + name:<26}{certificate[name]}")
    for name, ball in certificate.get("enclosures", {}).items():
        low, high = ball["lower"], ball["upper"]
        click.echo(f"  {'certificate.' + name:<26}[{low!r}, {high!r}]")


def _numbered_roots(roots: Sequence[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The roots of one agent, or those of several with the agent's number."""
    for index, root in enumerate(roots, start=1):
        if isinstance(root, Mapping):
            yield "", root
        else:
            yield from ((f" of agent {index}", own) for own in root)


def _flattened(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Numbers of nested mappings and lists under dotted names."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flattened(f"{name}.{key}", part)
    elif isinstance(value, list):
        for index, part in enumerate(value, start=1):
            yield from _flattened(f"{name}.{index}", part)
    else:
        yield name, value
