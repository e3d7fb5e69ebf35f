"""A game's paths, and what becomes of it as players become many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eqsolve.arrays import merged
from eqsolve.errors import InputError
from eqsolve.notions import against_given, equilibrium_for, notion_of
from eqsolve.options import checked
from eqsolve.registry import adopt, finite_of, limit_of
from eqsolve.registry import model as family
from eqsolve.verbs.abilities import Game, declared, require, require_option
from eqsolve.verbs.points import sized

if TYPE_CHECKING:
    from eqsolve.game import Model
    from eqsolve.game.structure import Builder
    from eqsolve.studies.particles import Particles


@checked
def simulate(
    game: Game,
    params: Mapping[str, object] | None = None,
    /,
    *,
    paths: int,
    seed: int,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    agents: int | None = None,
    equilibrium: str | None = None,
    feedback: Mapping[str, object] | None = None,
    step: float | None = None,
    confidence: float = 0.99,
    threads: int | None = None,
    hazard: str | None = None,
    horizon: object = None,
    **values: Any,
) -> Any:
    """Simulate a game in its equilibrium, beside the exact moments.

    Parameters
    ----------
    game, params, values, at, notion, size : see ``solve``.
    paths, seed : number of independent paths, seed of the random numbers.
    step : longest time step.
    agents : another name of the size.
    equilibrium : the mean-variance family's word for the notion.
    confidence : probability with which intervals cover their values.
    feedback, threads : of the mean-variance family, see
        ``eqsolve.studies.simulation.simulate.simulate``.
    hazard, horizon : a hazard rate that moves in time and an end, as for ``course``.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    NoSolutionError
        If there is no equilibrium, or variances are infinite.
    """
    given = merged(params, values)
    exported = declared(game)
    require(game, "simulate")
    if hazard is not None:
        for word, chosen in {"feedback": feedback, "threads": threads}.items():
            if chosen is not None:
                raise InputError(f"{word} does not go with a hazard rate.", stage="simulate")
        return _simulated_under(
            *(game, given, at, notion_of(notion, equilibrium, str(game))),
            _one_size(str(game), size, agents),
            hazard=hazard,
            horizon=horizon,
            paths=paths,
            seed=seed,
            step=step,
            confidence=confidence,
        )
    if exported is None:
        from eqsolve.studies.simulation.simulate import simulate as of_family

        name = adopt(game)
        equilibrium = equilibrium_for(notion, equilibrium, name)
        number = _one_size(name, size, agents)
        if number is None:
            raise InputError("the number of agents is missing.", game=name, stage="input")
        return of_family(
            family(name),
            finite_of(family(name)),
            agents=number,
            paths=paths,
            seed=seed,
            equilibrium=equilibrium or "given-aggregate",
            feedback=feedback,
            at=at,
            step=step,
            confidence=confidence,
            threads=threads,
            **given,
        )
    if feedback is not None:
        require_option(game, "simulate --feedback")
    if threads is not None:
        require_option(game, "simulate --threads")
    notion = notion_of(notion, equilibrium, str(game))
    size = _one_size(str(game), size, agents)
    from eqsolve.game.structure import build, counted
    from eqsolve.verify.sampling import simulated

    model = build(exported, given, notion=notion, size=size)
    values = counted(model, given, size)
    return simulated(model, values, at, paths=paths, seed=seed, step=step, confidence=confidence)


def _simulated_under(
    game: Game,
    given: Mapping[str, object],
    at: Mapping[str, object] | None,
    notion: str | None,
    size: int | None,
    **how: Any,
) -> Any:
    """Simulate under a hazard rate that moves in time; crowds of the family as declared games."""
    from eqsolve.game.structure import build, counted
    from eqsolve.verify.sampling import simulated

    source, continuum, _ = crowd_of(game)
    model = build(source, given, notion=notion, size=size, continuum=continuum)
    if model.game.crowd is not None and model.game.crowd.own:
        raise InputError(
            "under a hazard rate that moves agents who differ are not simulated.",
            game=str(game),
            stage="simulate",
            remedy="Leave it out, or take agents who are alike.",
        )
    found = simulated(model, counted(model, given, size), at, **how)
    return replace(found, game=str(game)) if isinstance(game, str) else found


def _one_size(game: str, size: int | None, agents: int | None) -> int | None:
    if None not in (size, agents) and size != agents:
        raise InputError("agents and size differ.", game=game, stage="simulate")
    return agents if size is None else size


@checked
def anarchy(
    game: Game,
    params: Mapping[str, object] | None = None,
    /,
    *,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    vary: Mapping[str, Iterable[object]] | None = None,
    commit: bool = False,
    **values: Any,
) -> Any:
    """What competition costs: the equilibrium of a crowd beside what a planner would choose.

    Parameters
    ----------
    game, params, values, at, size : see ``solve``.
    notion : in which players compete, ``feedback`` by default, or ``given``.
    continuum : take infinitely many players of a game that has both.
    vary : one parameter with several values.
    commit : compare with a planner who can commit, too: the plan that is best at the start.

    Returns
    -------
    ``eqsolve.studies.anarchy.Anarchy`` with both answers, welfare, price of anarchy and the tax
    that makes the planner's feedback an equilibrium; with ``vary`` the same along the parameter.

    Raises
    ------
    InputError
        If the game has no crowd of players who are alike, or a name or value is not acceptable.
    DerivationError
        If the planner's system does not close with the game's ansatz.
    """
    from eqsolve.studies.anarchy import along
    from eqsolve.studies.anarchy import anarchy as compare

    given = merged(params, values)
    require(game, "anarchy")
    source, limit, state = crowd_of(game)
    how: dict[str, Any] = {"notion": notion, "size": size, "continuum": continuum or limit}
    how["commit"] = commit
    how["at"] = {**state, **(at or {})} or None
    if not vary:
        return compare(source, given, **how)
    if len(vary) != 1:
        raise InputError("one parameter is varied.", game=str(game), stage="anarchy")
    ((name, points),) = vary.items()
    return along(source, name, points, given, **how)


@checked
def course(
    game: Game,
    params: Mapping[str, object] | None = None,
    /,
    *,
    hazard: str,
    times: Iterable[object],
    horizon: object = None,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    **values: Any,
) -> Any:
    """An equilibrium as a function of time, under any hazard rate.

    Parameters
    ----------
    game, params, values, at, notion, size : see ``solve``; without the hazard rate.
    hazard : the rate, as for ``eqsolve solve --hazard``, such as ``"gompertz:.05,.09"`` or
        ``"table:FILE.csv"``.
    times : at which it is wanted.
    horizon : the end, where there is one: min(tau, T).
    continuum : take infinitely many players of a game that has both.

    Returns
    -------
    ``eqsolve.studies.course.Course`` with an answer for every time; ``to_frame()`` is a table of
    strategies, values, what is obtained and exploitability, ``plot(FILE)`` a figure.

    Raises
    ------
    InputError
        If the game does not declare one letter as its hazard rate, or a name or value is not
        acceptable.
    """
    from eqsolve.handle import Handle
    from eqsolve.studies.course import course as over

    given, exported = merged(params, values), declared(game)
    if isinstance(times, str) or not isinstance(times, Iterable):
        raise InputError(f"{times!r} are no times.", stage="input", remedy="Give a list of them.")
    if exported is None:
        name = adopt(game)
        against_given(name, "course", notion)
        own = sized(name, given, size)
        return over(Handle(name), hazard, own, [*times], horizon=horizon, at=at)
    how: dict[str, Any] = {"notion": notion, "size": size, "continuum": continuum}
    return over(exported, hazard, given, [*times], horizon=horizon, at=at, **how)


def _converge_under(
    game: Game,
    n: str | Iterable[object],
    given: Mapping[str, Any],
    notion: str | None,
    hazard: str,
    times: Iterable[object],
    horizon: object,
) -> Any:
    """Compare the courses of finitely many players with the continuum's."""
    from eqsolve.studies.course import Course
    from eqsolve.studies.limit_in_time import converge_in_time
    from eqsolve.studies.mean_field_limit.convergence import read_counts

    limit, continuum = game, True
    how: dict[str, Any] = {"hazard": hazard, "times": times, "horizon": horizon, "notion": notion}
    if declared(game) is None:
        name = adopt(game)
        against_given(name, "converge", notion)
        found = limit_of(family(name))
        assert found is not None, "games without a limit were refused"
        limit, continuum = found.name, False

    def solved(size: int | None) -> Course:
        if size is None:
            infinite: Course = course(limit, given, continuum=continuum, **how)
            return infinite
        finite: Course = course(game, given, size=size, **how)
        return finite

    return converge_in_time(solved, [int(k) for k in read_counts(n)])


def crowd_of(game: Game) -> tuple[Model | Builder, bool, Mapping[str, object]]:
    """What a game of a crowd is built by, whether as a continuum, and where it starts by default.

    A game in its author's letters is the one that it was declared once more as; everybody's states
    are 1 then.
    """
    exported = declared(game)
    if exported is not None:
        return exported, False, {}
    restated = family(adopt(game)).restated
    assert restated is not None, "it was required"
    built = restated.source()
    laws = {law.symbol.name: "1" for law in built.game.laws if law.of.is_Symbol}
    own = {state.symbol.name: "1" for state in built.game.states}
    return restated.source, restated.continuum, {**own, **laws}


@checked
def roots(
    game: Game,
    params: Mapping[str, object] | None = None,
    /,
    *,
    vary: Mapping[str, Iterable[float]],
    let: Mapping[str, str] | None = None,
    notion: str | None = None,
    size: int | None = None,
    continuum: bool = False,
    **values: Any,
) -> Any:
    """All solutions of a game over two coordinates: how many are admissible, where they merge.

    Parameters
    ----------
    game, params, values, notion, size : see ``solve``.
    vary : two coordinates with ascending values: parameters, or names that ``let`` uses.
    let : parameters as formulas in coordinates and other parameters, as in
        ``{"beta": "w*gamma*(1 - theta/n)"}``.
    continuum : take infinitely many players of a game that has both.

    Returns
    -------
    ``eqsolve.studies.roots.atlas.Atlas``: the regions, the discriminant and its cusps exactly, and
    every solution with what is selected; ``to_dataset`` has all of it.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    DerivationError
        If the coefficients do not come down to one polynomial in one unknown.
    """
    from eqsolve.game.structure import build
    from eqsolve.studies.roots.atlas import atlas

    given = merged(params, values)
    exported = declared(game)
    if exported is None:
        name = adopt(game)
        against_given(name, "roots", notion)
        restated = family(name).restated
        if restated is None or restated.own is None:
            raise InputError("its agents differ.", game=name, stage="roots")
        return atlas(restated.own(), vary, given, let)
    model = build(exported, given, notion=notion, size=size, continuum=continuum)
    return atlas(model, vary, given, let)


@checked
def particles(
    game: Game,
    params: Mapping[str, object] | None = None,
    /,
    *,
    at: Mapping[str, object] | None = None,
    notion: str | None = None,
    size: int | None = None,
    **values: Any,
) -> Particles:
    """The players of a game as particles that play its equilibrium.

    Parameters
    ----------
    game, params, values, at, notion, size : see ``solve``.

    Returns
    -------
    ``eqsolve.studies.particles.Particles``, with the laws of the game as moments of the particles:
    its ``run`` simulates them, ``eqsolve.studies.particles.chaos`` measures how fast they come near
    their limit.

    Raises
    ------
    InputError
        If a name or value is not acceptable.
    DerivationError
        If the game has jumps or players with types of their own.
    NoSolutionError
        If there is no equilibrium.
    """
    from eqsolve.game.structure import build
    from eqsolve.studies.equilibrium import equilibrium
    from eqsolve.studies.particles import of_equilibrium

    given = merged(params, values)
    require(game, "simulate")
    source, continuum, state = crowd_of(game)
    model = build(source, given, notion=notion, size=size, continuum=continuum and size is None)
    return of_equilibrium(equilibrium(model, given, {**state, **(at or {})} or None))


@checked
def sizes(
    game: Game,
    params: Mapping[str, object] | None = None,
    /,
    *,
    law: str | Iterable[str] = "zipf:1",
    n: str | Iterable[object] = (10, 100, 1000, 10000),
    at: Mapping[str, object] | None = None,
    draws: int = 0,
    seed: int = 0,
    times: str | Iterable[float] = (),
    **values: Any,
) -> Any:
    """Players of different sizes: the largest one, and the share of own noises in the average.

    Parameters
    ----------
    game : players with weights in the average, whose averages are given to each.
    params, values, at : see ``solve``; common to all players.
    law : of sizes, or several: ``equal``, ``zipf:1``, ``pareto:1.5``, ``lognormal:2`` or
        ``table:FILE.csv``.
    n : numbers of players, or a text such as ``10,100`` or ``2:1e6:40:log``.
    draws : estimate the share from so many draws of every player's noise, too.
    seed : of the draws.
    times : ascending times after 0, at which the share is wanted, too, all players starting from
        the state that is given; or a text such as ``1:40:14``.

    Returns
    -------
    tuple of ``eqsolve.studies.sizes.Granularity``, one for every law.

    Raises
    ------
    InputError
        If the game has no weights, or a name or value is not acceptable.
    NoSolutionError
        If a player has no admissible response.
    """
    from eqsolve.game.structure import build
    from eqsolve.studies.course import evenly
    from eqsolve.studies.mean_field_limit.convergence import read_counts
    from eqsolve.studies.sizes import along as run

    given = merged(params, values)
    exported = declared(game)
    if exported is None:
        raise InputError(
            "it is declared in an author's letters.",
            game=adopt(game),
            stage="sizes",
            remedy="Use a game whose crowd is declared with weights.",
        )
    texts = [law] if isinstance(law, str) else [*law]
    states = {name: given.pop(name) for name in ("t",) if name in given}
    model = build(exported, given)
    when = evenly(times, model.name) if isinstance(times, str) else times
    return run(
        model,
        texts,
        read_counts(n),
        given,
        {**states, **(at or {})},
        draws=draws,
        seed=seed,
        times=[float(time) for time in when],
    )


@checked
def converge(
    game: Game,
    n: str | Iterable[object] = (10, 100, 1000, 10000),
    params: Mapping[str, object] | None = None,
    /,
    *,
    notion: str | None = None,
    paths: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    drawn: bool = False,
    epsilon: bool = False,
    at: Mapping[str, object] | None = None,
    hazard: str | None = None,
    times: Iterable[object] | None = None,
    horizon: object = None,
    **values: Any,
) -> Any:
    """Compare finitely many players with a continuum as their number grows.

    Parameters
    ----------
    game, params, values, notion : see ``solve``.
    n : numbers of players, or a text such as ``10,100`` or ``2:1e6:40:log``.
    paths, threads : simulate so many paths, too (mean-variance family).
    drawn : draw the types of n players, where players have types of their own.
    epsilon : derive with which order and constant in 1/n the gain of leaving the mean-field
        strategy vanishes while all n agents play it, too (mean-variance family).
    at : the state of that agent: own wealth, and the average over all agents in place of the
        continuum's; 1 where it is not given.
    seed : of paths or draws.
    hazard, times, horizon : compare at several times, by default at time 0, under a rate that
        depends on time; see ``course``.

    Raises
    ------
    InputError
        If the game has no crowd whose size can vary, or a value is not acceptable.
    """
    given = merged(params, values)
    exported = declared(game)
    require(game, "converge")
    if hazard is not None:
        if paths is not None or drawn or epsilon or at:
            raise InputError(
                "under a hazard rate strategies are compared, of players who are alike or in the "
                "continuum's shares: without paths, drawn, epsilon and at.",
                stage="converge",
                remedy="Leave them out, or leave out the hazard rate.",
            )
        moments = (0,) if times is None else times
        return _converge_under(game, n, given, notion, hazard, moments, horizon)
    if times is not None or horizon is not None:
        raise InputError(
            "times and horizon go with hazard.",
            stage="converge",
            remedy="Where a game has an end, it is the parameter T.",
        )
    if exported is None:
        from eqsolve.studies.mean_field_limit.convergence import converge as of_family

        name = adopt(game)
        against_given(name, "converge", notion)
        if drawn:
            raise InputError("the agents of this game are alike.", game=name, stage="converge")
        finite = family(name)
        how: dict[str, Any] = {"paths": paths, "seed": seed, "threads": threads}
        return of_family(finite, limit_of(finite), n, with_epsilon=epsilon, at=at, **how, **given)
    if paths is not None:
        require_option(game, "converge --paths")
    if epsilon or at:
        require_option(game, "converge --epsilon")
    from eqsolve.studies.limit import converge_model
    from eqsolve.studies.mean_field_limit.convergence import read_counts

    counts = read_counts(n)
    return converge_model(exported, given, counts, notion=notion, drawn=drawn, seed=seed)
