"""Numba kernels: source rendered from a derivation, written to a cache folder and imported."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
import sympy as sp
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import ArrayLike, NDArray

from eqsolve.codegen.growth import OTHERS
from eqsolve.codegen.printer import Block, DoubleDouble, Operand, identifier
from eqsolve.codegen.program import VALUE, Program, program, weights, without
from eqsolve.errors import EqsolveError, InputError
from eqsolve.registry import model
from eqsolve.symbols import entry, symbol

Selection = Literal["limit", "value"]

#: Modules whose machine code is compiled into a kernel.
DEPENDENCIES = ("doubledouble", "rootfinding", "cubic", "status")

#: The outputs of a kernel, in order.
OUTPUTS = ("status", "p1", "k_x", "k_y", "k_1", "pi", "pi_noncompetitive", "V")

#: Below this number of points threads cost more than they bring.
SMALLEST_PARALLEL = 256


def cache_folder() -> Path:
    """The folder of generated kernels: ``EQSOLVE_CACHE_DIR`` or the platform's cache folder."""
    chosen = os.environ.get("EQSOLVE_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser() / "kernels"
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "eqsolve" / "kernels"


def _wrap(names: Iterable[str]) -> str:
    text = ", ".join(names)
    return textwrap.fill(text, 96, initial_indent="    ", subsequent_indent="    ")


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
        known = set(known)
        for definition in self.source.between(outputs, known):
            block.define(
                definition.symbol,
                definition.expression,
                self.source.zero_without.get(definition.symbol),
            )
            known.add(definition.symbol)
        return block.take(), known

    def cubic(self) -> dict[str, Any]:
        """The part before the root."""
        game, root, block = self.source.model.game, self.source.root, self.block()
        (direction,) = sp.diff(game.states[0].drift, game.control.symbol).free_symbols
        checked = [s for s in game.definitions if entry(s.name).domain.strict]
        dependent = list(self.source.dependent)
        outputs = [*root.polynomial, direction, *checked, *dependent]
        lines, _ = self.emit(block, outputs, ())
        valid = [f"{self._leading(block, s)} > 0.0" for s in checked]
        valid += [f"not {self._vanishing(block, s)}" for s in dependent]
        return {
            "cubic": lines,
            "valid": " and ".join(valid) or "True",
            "coefficients": [self._pair(block.operand(s)) for s in root.polynomial],
            "direction": self._leading(block, direction),
        }

    def solution(self, with_value: bool) -> dict[str, Any]:
        """The part at a root."""
        source, (own, aggregate) = self.source, self.states
        root, position = source.root.symbol, symbol("p")
        block = self.block((root, True), (own, False), (aggregate, True))
        feedback = [s for s in source.feedback if s in source.form.table or s == root]
        feedback = feedback if with_value else []
        conditions = [s for parts in source.finite for group in parts for s in group]
        known = {root, *self.parameters, *self.states}
        divisors = [s for s in source.divisors if s in source.form.table]
        outputs = [*feedback, position, *conditions, *divisors]
        strategy, known = self.emit(block, outputs, known)
        checks = [self._finite(block, *condition) for condition in source.finite[:1]]
        zero = [self._degenerate(block, s) for s in divisors]
        checks += [{"condition": c, "status": "DEGENERATE"} for c in zero]
        checks += [self._finite(block, *condition) for condition in source.finite[1:]]
        part: dict[str, Any] = {
            "strategy": strategy,
            "checks": checks,
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

    def _vanishing(self, block: Block, name: sp.Symbol) -> str:
        """A sum is zero if its terms cancel, anything else if it is exactly zero."""
        terms = " + ".join(
            f"abs({block.arithmetic.leading(term)})" for term in block.terms.get(name, ())
        )
        leading = self._leading(block, name)
        return f"abs({leading}) <= NEGLIGIBLE * ({terms})" if terms else f"{leading} == 0.0"

    def _degenerate(self, block: Block, name: sp.Symbol) -> str:
        """Where a divisor is needed only for what a parameter switches on, it may vanish."""
        users = [d.symbol for d in self.source.form.definitions if _divides(name, d.expression)]
        switches = {self.source.zero_without.get(user) for user in users}
        condition = self._vanishing(block, name)
        if len(switches) == 1 and None not in switches:
            (switch,) = switches
            return f"{condition} and {self._leading(block, switch)} != 0.0"
        return condition

    def _finite(
        self, block: Block, positive: tuple[sp.Symbol, ...], void: tuple[sp.Symbol, ...]
    ) -> dict[str, str]:
        needed = [f"{self._leading(block, s)} != 0.0" for s in void]
        tests = " and ".join(f"{self._leading(block, s)} > 0.0" for s in positive)
        return {
            "condition": " and ".join([*needed, f"not ({tests})"]),
            "status": "INFINITE_VARIANCE",
        }


def _divides(name: sp.Symbol, expression: sp.Expr) -> bool:
    factors = (factor.as_base_exp() for factor in sp.Mul.make_args(expression))
    return any(base == name and exponent.is_negative for base, exponent in factors)


def kernel_source(game: str) -> str:
    """Render the source of a game's kernel; the same game always gives the same text.

    Raises
    ------
    InputError
        If there is no such game or its closed form is not built on one cubic.
    """
    source = program(model(game))
    declared = source.model
    own, aggregate = declared.game.state_symbols
    writer = _Writer(source)
    root = source.root.symbol
    margin_lines, margin_result = writer.expression(source.admissible, None, (root, True))
    share = source.form.table.get(symbol("N"))
    equal = own if share is None else own * (1 - symbol("N"))
    wealth, wealth_result = writer.expression(aggregate, equal, (own, False))
    stages = [{"name": "game", **writer.cubic(), **writer.solution(with_value=True)}]
    if source.lever is not None:
        alone = _Writer(without(source, (source.lever, *declared.game.environment)))
        stages.append({"name": "alone", **alone.cubic(), **alone.solution(with_value=False)})
    parameters = [identifier(symbol(name)) for name in declared.parameters]
    single = OTHERS in source.form.table
    environment = Environment(
        loader=PackageLoader("eqsolve.templates", ""),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["wrap"] = _wrap
    return environment.get_template("kernel.py.jinja").render(
        game=declared.name,
        title=declared.title,
        parameters=parameters,
        arguments=parameters,
        domain=_domain_checks(source),
        wealth=wealth,
        wealth_result=wealth_result,
        root=identifier(root),
        margin=margin_lines,
        margin_result=margin_result,
        stages=stages,
        has_alone=len(stages) > 1,
        state_condition=" or (n == 1.0 and y[0] != 0.0)" if single else "",
        loops=[
            ("serial", 'error_model="numpy", cache=True, nogil=True', "range"),
            ("parallel", 'error_model="numpy", cache=True, parallel=True', "prange"),
        ],
    )


def _write(text: str, name: str) -> Path:
    """Write a module into the cache folder, or into a temporary one if that is not possible."""
    for folder in (cache_folder(), None):
        try:
            if folder is None:
                folder = Path(tempfile.mkdtemp(prefix="eqsolve-kernels-"))
            path = folder / f"{name}.py"
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                return path
            folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}-", suffix=".tmp")
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            os.replace(temporary, path)
            return path
        except OSError as problem:
            reason = problem
    raise EqsolveError(
        f"the generated kernel cannot be written: {reason}.",
        stage="code generation",
        remedy="Set EQSOLVE_CACHE_DIR to a folder that can be written to.",
    )


def _digest(text: str) -> str:
    """A fingerprint of the generated source and of everything compiled into it."""
    digest = hashlib.sha256(text.encode())
    for name in DEPENDENCIES:
        spec = importlib.util.find_spec(f"eqsolve.numerics.{name}")
        if spec is not None and spec.origin is not None:
            digest.update(Path(spec.origin).read_bytes())
    return digest.hexdigest()[:16]


def _load(path: Path) -> ModuleType:
    name = f"eqsolve_kernel_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # numba's cache pickles functions by the name of their module.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Kernel:
    """A compiled game.

    Attributes
    ----------
    game : the game's name.
    parameters : names of the required parameters.
    source : the generated source.
    path : the file it was written to; its name carries a fingerprint of everything compiled.
    """

    game: str
    parameters: tuple[str, ...]
    source: str
    path: Path

    def evaluate(
        self,
        params: Mapping[str, ArrayLike],
        *,
        selection: Selection = "limit",
        outputs: Iterable[str] = OUTPUTS,
        threads: int | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Evaluate the closed form at every point of a broadcast of the parameters.

        Parameters
        ----------
        params : array or number per parameter (``lambda`` may be called ``lam``). Optional: the
            own wealth ``x`` (default 1) and the competitors' aggregate ``y`` (default: all are as
            rich as the agent, ``(1 - 1/n) x``, or ``x`` in the mean-field game).
        selection : ``"limit"`` takes the admissible root with the largest ``B p1``, ``"value"``
            the one with the largest value at ``(x, y)``.
        outputs : names out of :data:`OUTPUTS`; ``pi_noncompetitive`` and ``V`` are computed only
            if asked for.
        threads : number of threads (default: all); the result does not depend on it.

        Returns
        -------
        dict
            One array per output in the shape of the broadcast: ``status`` (int8, codes of
            ``eqsolve.numerics.status.Status``), the root ``p1``, the strategy ``k_x x + k_y y +
            k_1``, its value ``pi``, the position of the same agent without competition, and the
            value ``V``. Points with a status other than OK hold NaN.

        Raises
        ------
        InputError
            For an unknown, missing or doubly named parameter, values that are not numbers, shapes
            that do not broadcast, or an unknown selection, output or number of threads. Values
            outside their domain are no error but a status.
        """
        wanted = tuple(outputs)
        if selection not in ("limit", "value"):
            raise self._error(f"there is no selection {selection!r}.", "Use limit or value.")
        if not set(wanted) <= set(OUTPUTS):
            strange = ", ".join(sorted(set(wanted) - set(OUTPUTS)))
            raise self._error(f"there is no output {strange}.", f"Use {', '.join(OUTPUTS)}.")
        arrays, same_wealth, shape = self._inputs(params)
        size = int(np.prod(shape))
        flags = (same_wealth, selection == "value", "V" in wanted, "pi_noncompetitive" in wanted)
        status = np.zeros(size, np.int8)
        columns = {name: np.empty(size) for name in OUTPUTS[1:]}
        for name in ("pi_noncompetitive", "V"):
            if name not in wanted:
                columns[name] = np.empty(0)
        self._run(size, threads, (*arrays, *flags, status, *columns.values()))
        results: dict[str, NDArray[Any]] = {"status": status, **columns}
        return {name: results[name].reshape(shape) for name in wanted}

    def _run(self, size: int, threads: int | None, arguments: tuple[Any, ...]) -> None:
        import numba

        module = _load(self.path)
        most = numba.config.NUMBA_NUM_THREADS
        if threads is not None and not 1 <= threads:
            raise self._error(f"{threads} is no number of threads.", "Use 1 or more.")
        count = min(most, threads or most)
        if count == 1 or size < SMALLEST_PARALLEL:
            module.serial(*arguments)
            return
        before = numba.get_num_threads()
        numba.set_num_threads(count)
        try:
            module.parallel(*arguments)
        finally:
            numba.set_num_threads(before)

    def _inputs(
        self, params: Mapping[str, ArrayLike]
    ) -> tuple[list[NDArray[np.float64]], bool, tuple[int, ...]]:
        """Contiguous arrays of size one or of the broadcast's size, in the kernel's order."""
        given: dict[str, NDArray[np.float64]] = {}
        for name, value in params.items():
            plain = "lambda" if name == "lam" else name
            if plain not in (*self.parameters, "x", "y"):
                known = ", ".join((*self.parameters, "x", "y"))
                raise self._error(f"there is no parameter {name!r}.", f"Use {known}.")
            if plain in given:
                raise self._error("the hazard rate is given as lambda and as lam.", "Give one.")
            try:
                given[plain] = np.asarray(value, dtype=np.float64)
            except (TypeError, ValueError):
                raise self._error(f"{name} holds something that is not a number.") from None
        missing = [name for name in self.parameters if name not in given]
        if missing:
            raise self._error(f"{', '.join(missing)} is missing.", "Give every parameter.")
        same_wealth = "y" not in given
        given.setdefault("x", np.ones(()))
        given.setdefault("y", np.ones(()))
        try:
            shape = np.broadcast_shapes(*(array.shape for array in given.values()))
        except ValueError:
            shapes = ", ".join(f"{k} {v.shape}" for k, v in given.items() if v.ndim)
            raise self._error(f"the shapes do not broadcast: {shapes}.") from None
        flat = {
            name: array.reshape(1) if array.size == 1 else np.broadcast_to(array, shape).ravel()
            for name, array in given.items()
        }
        order = (*self.parameters, "x", "y")
        return [np.ascontiguousarray(flat[name]) for name in order], same_wealth, shape

    def _error(self, message: str, remedy: str = "") -> InputError:
        return InputError(message, game=self.game, stage="input", remedy=remedy)


@cache
def kernel(game: str) -> Kernel:
    """Return the kernel of a game, generated on first use; compiled code is kept on disk.

    Raises
    ------
    InputError
        If there is no such game or its closed form is not built on one cubic.
    """
    source = kernel_source(game)
    path = _write(source, f"{game.replace('-', '_')}_{_digest(source)}")
    return Kernel(game, model(game).parameters, source, path)
