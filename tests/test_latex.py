"""The displays of the paper: content, proofs, layout and files.

After an intended change of the printed form, write the golden files anew with
``EQSOLVE_WRITE_GOLDEN=1 pytest tests/test_latex.py -k golden`` and read the difference.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

from eqsolve.derivations.mean_variance import declaration as mv
from eqsolve.derivations.mean_variance.vocabulary import latex_names, symbol
from eqsolve.errors import DerivationError, InputError, StaleError
from eqsolve.latex import document
from eqsolve.latex.folder import check_files
from eqsolve.latex.layout import LINE_WIDTH, broken, display_rows, width
from eqsolve.latex.mathml import mathml
from eqsolve.latex.printer import BREAK, latex
from eqsolve.ledger import ALGEBRAIC, Checker, Display, Line
from eqsolve.notated.reduction import Reduction
from eqsolve.operators import InOrder, Kept, Named, Supremum, plain, shown_symbols
from eqsolve.paper.displays import cubic
from eqsolve.paper.displays.source import ABBREVIATIONS
from eqsolve.registry import model

GAMES = ("best-response", "n-agent", "mean-field")
GOLDEN = Path(__file__).parent / "golden" / "latex"

NUMBERS = {
    "best-response": "2.1 2.2 2.3 2.4 2.5 2.6 2.7 2.8-2.9 2.10 2.11-2.13 2.14 2.15-2.17 2.18 2.19 "
    "2.20 2.21 "
    "2.22 2.23 2.24 2.25 2.26 2.27-2.32 2.33 2.34 2.35 2.36 2.37 2.38-2.41 2.42 2.43 2.44 "
    "2.45 2.46 2.47 2.48 2.49 2.50 2.51 2.52 2.53-2.54 2.55 2.56-2.60 2.61 2.62 2.63 2.64 "
    "2.65 2.66 2.67 2.68 2.69 2.70 2.71 2.72-2.73 2.74-2.75 2.76 2.77 2.82 2.83-2.84 2.85 "
    "2.86 2.87 2.88 2.89-2.90 A.1 A.2-A.4 A.5-A.6 A.7-A.8 A.9 A.10-A.12 A.13 A.14 A.15-A.20 "
    "A.21 A.22-A.23 A.24-A.27 A.28-A.33 A.34 A.35 A.36 A.37 A.38-A.44 B.1 B.2-B.4",
    "n-agent": "2.91 2.92 2.93-2.94 2.95 2.96 2.97 2.98 2.99 E.D.1",
    "mean-field": "3.1 3.2 3.3 3.4 3.5 3.6 3.7 3.8-3.9 3.10 3.11-3.13 3.14 3.15 3.16 3.17 3.18 "
    "3.19 3.20 "
    "3.21-3.23 3.24 3.25 3.26 3.27 3.28 3.29-3.30 3.31 3.32 3.33 3.34 3.35 3.36 3.37 3.38 "
    "3.39 3.40 3.41 3.42 3.43 3.44 3.45 D.1 D.2-D.3 D.4 D.5",
}


def displays(game: str) -> tuple[Display, ...]:
    return model(game).shown


@pytest.fixture(scope="module", params=GAMES)
def game(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def checker(game: str) -> Checker:
    return Checker(model(game).derivation)


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return document.files([model(name) for name in GAMES])


def test_every_number_is_covered(game: str) -> None:
    numbers = [d.number for d in displays(game) if d.is_numbered]
    assert sorted(numbers) == sorted(NUMBERS[game].split())


def test_dependencies_exist() -> None:
    known = {d.number for name in GAMES for d in displays(name)}
    for name in GAMES:
        for display in displays(name):
            assert set(display.depends) <= known, display.number


def test_every_exact_display_holds(game: str, checker: Checker) -> None:
    checked = [d for d in displays(game) if d.proof in (*ALGEBRAIC, "reconstructed")]
    assert len(checked) > 5
    for display in checked:
        assert not checker.failures(display), display.number


def _flipped(expression: sp.Expr) -> sp.Expr:
    """Plant an error: one sign is wrong."""
    if isinstance(expression, (sp.Add, InOrder)):
        return expression.func(*expression.args[:-1], -expression.args[-1])
    if isinstance(expression, Supremum):
        return Supremum(_flipped(expression.args[0]), expression.args[1])
    return -expression


def _scaled(expression: sp.Expr) -> sp.Expr:
    """Plant an error: the first term is off by one part in a million."""
    factor = 1 + sp.Rational(1, 10**6)
    if isinstance(expression, (sp.Add, InOrder)):
        return expression.func(factor * expression.args[0], *expression.args[1:])
    return factor * expression


@pytest.mark.parametrize("plant", [_flipped, _scaled])
def test_planted_errors_are_caught(game: str, checker: Checker, plant: object) -> None:
    assert callable(plant)
    planted = 0
    for display in displays(game):
        if display.proof == "definition":
            continue
        for line in (*display.lines, *display.let):
            side = "left" if line.right == 0 else "right"
            wrong = replace(line, **{side: plant(getattr(line, side))})
            terms = line.left.args if isinstance(line.left, (sp.Add, InOrder)) else ()
            if side == "left" and len(terms) < 2:
                continue  # c = 0 stays true when c is scaled
            if line.residual is None or checker.introduces(line, display):
                continue
            planted += 1
            assert not checker.holds(wrong, display), (display.number, plant)
    assert planted > 5


def test_introduced_names_are_checked_where_they_are_used(checker: Checker, game: str) -> None:
    if game != "mean-field":
        return
    solved = next(d for d in displays(game) if d.number == "D.5")
    for k, line in enumerate(solved.lines):
        wrong = list(solved.lines)
        wrong[k] = replace(line, right=2 * line.right)
        assert checker.failures(replace(solved, lines=tuple(wrong))), line


def test_roots_of_the_cubic() -> None:
    root, discriminant = cubic.cardano()
    amplitude, triple = cubic.trigonometric()
    assert cubic.cardano_residual(root, discriminant) == 0
    assert cubic.trigonometric_residual(amplitude, triple) == 0
    wrong_root = InOrder(*(term.subs(cubic.R, -cubic.R) for term in root.args))
    assert cubic.cardano_residual(root, -discriminant) != 0
    assert cubic.cardano_residual(wrong_root, discriminant) != 0
    assert cubic.trigonometric_residual(amplitude, -triple) != 0
    assert cubic.trigonometric_residual(2 * amplitude, triple) != 0


@pytest.mark.parametrize("P, R", [(-7, 6), (-3, 2), (-1, 5), (4, 1)])
def test_roots_of_the_cubic_at_numbers(P: int, R: int) -> None:
    exact = sp.Poly(cubic._U**3 + P * cubic._U + R, cubic._U).nroots(n=30)
    root, discriminant = cubic.cardano()
    amplitude, triple = cubic.trigonometric()
    values = {cubic.P: P, cubic.R: R}
    size = discriminant.subs(values)
    real = sorted((r for r in exact if abs(sp.im(r)) < 1e-20), key=sp.re)
    if size > 0:
        terms = (t.subs(values).subs(cubic.DISCRIMINANT, size) for t in root.args)
        found = [sum(sp.real_root(t.base, 3) for t in terms)]
    else:
        rho = plain(amplitude).subs(values)
        angle = sp.acos(triple.subs(values).subs(cubic.AMPLITUDE, rho))
        found = [rho * sp.cos((angle + 2 * sp.pi * k) / 3) for k in range(3)]
    assert len(found) == len(real)
    for ours, theirs in zip(sorted(sp.N(f, 30) for f in found), real):
        assert abs(ours - theirs) < 1e-25


def test_reduction_rejects_what_does_not_follow() -> None:
    system = model("best-response").derivation.system
    reduction = Reduction.of(system)
    for equation in system.equations:
        assert reduction.vanishes(equation.expression)
        assert not reduction.vanishes(equation.expression + equation.unknown)
    # the branch gamma = 0 must not be followed: the second moment matters
    assert not reduction.vanishes(mv.gamma)
    assert not reduction.vanishes(mv.h20)


def test_abbreviations_are_introduced_before_use(game: str) -> None:
    known: set[sp.Symbol] = set()
    for display in displays(game):
        for line in display.let:
            used = shown_symbols(line.right) & ABBREVIATIONS
            assert used <= known, (display.number, line.left)
            known.add(line.left)
        known |= {line.left for line in display.lines if isinstance(line.left, sp.Symbol)}
        for line in display.lines:
            used = (shown_symbols(line.left) | shown_symbols(line.right)) & ABBREVIATIONS
            assert used <= known, (display.number, used - known)


# --------------------------------------------------------------------- printer

a, b, c = sp.symbols("a b c")
Q = symbol("Q")


@pytest.mark.parametrize(
    "expression, expected",
    [
        (
            mv.lam - 2 * mv.r - 2 * mv.B * mv.p1 - mv.s2 * mv.p1**2,
            r"\lambda - 2 r - 2 B p_1 - v p_1^2",
        ),
        (-mv.B * mv.p1 + mv.E1, r"E_1 - B p_1"),
        (-Q * (mv.N - 1), r"(1 - N) Q"),
        (1 + Q * (mv.N - 1), r"1 - (1 - N) Q"),
        (mv.B * (2 * mv.beta - mv.gamma), r"B (2 \beta - \gamma)"),
        ((mv.lam - mv.r) * mv.c, r"(\lambda - r) c"),
        (mv.h20 * (mv.lam - mv.p1), r"h_{20} (\lambda - p_1)"),
        (-mv.a - 2 * mv.B * mv.c, r"-(2 B c + a)"),
        (mv.a / 2 - mv.c / 2, r"\frac{1}{2} (a - c)"),
        (-mv.a / 2 - mv.c / 2, r"-\frac{1}{2} (a + c)"),
        (mv.a / 2 + mv.c / 3, r"\frac{a}{2} + \frac{c}{3}"),
        (2 / (1 + mv.a / 2 + mv.c / 3), r"\frac{12}{6 + 3 a + 2 c}"),
        (1 / (1 + mv.a / 2) ** 2, r"\frac{1}{\Bigl( 1 + \frac{a}{2} \Bigr)^2}"),
        ((mv.a / mv.c + mv.d) / mv.s2, r"\frac{1}{v} \Bigl( \frac{a}{c} + d \Bigr)"),
        (sp.exp(-mv.gamma * mv.x / mv.alpha), r"e^{-(\gamma/\alpha) x}"),
        (sp.exp(1 / (mv.r * mv.gamma)), r"e^{(1/(\gamma r))}"),
        (sp.cbrt(-mv.a - mv.c), r"\sqrt[3]{-a - c}"),
        (-mv.gamma * (mv.a - mv.kappa) * (mv.c + mv.theta), r"\gamma (\kappa - a) (\theta + c)"),
        (mv.gamma * (mv.a**2 - mv.h20) / 2, r"\frac{\gamma}{2} (a^2 - h_{20})"),
        (mv.h11 / 2, r"\frac{h_{11}}{2}"),
        (-mv.h11 / (2 * mv.Delta), r"-\frac{h_{11}}{2 \Delta}"),
        (sp.Function("V")(mv.x, mv.y).diff(mv.x, mv.y), r"V_{xy}"),
        (sp.Function("G")(mv.x, mv.y).diff(mv.x) ** 2, r"G_x^2"),
        ((mv.alpha + mv.beta * mv.x) * sp.Function("G")(mv.x, mv.y), r"(\alpha + \beta x) G"),
        (mv.B * (mv.r + mv.B * (mv.B + mv.p1 * mv.s2)), r"B \bigl[ r + B (B + v p_1) \bigr]"),
        (-Kept(mv.x + mv.y), r"-(x + y)"),
        (sp.sqrt(mv.s2), r"\sqrt{v}"),
        (mv.x**10, r"x^{10}"),
    ],
)
def test_author_style(expression: sp.Expr, expected: str) -> None:
    assert latex(expression) == expected


def test_print_means_what_the_expression_says() -> None:
    """Reversed factors and moved signs do not change the value: read back and compared."""
    names = {s.name: s for s in sp.symbols("x y z", positive=True)}
    x, y, z = names.values()
    samples = [
        sign * (p * x - q * y) ** k * (r * z - x) / (y - z) ** m
        for sign in (1, -1)
        for p in (1, -1)
        for q in (2, -3)
        for r in (1, -1)
        for k in (1, 2)
        for m in (0, 1, 2)
    ]
    for sample in samples:
        tex = latex(sample).replace(r"\bigl", "").replace(r"\bigr", "")
        tex = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", tex).replace("^", "**")
        code = re.sub(r"(?<=[\w)]) +(?=[\w(])", "*", tex)
        value = sp.sympify(code, locals=names)
        assert sp.expand(sp.cancel(value - sample)) == 0, (sample, tex)


def _deepest_fraction(tex: str) -> int:
    """How deep fractions are nested."""
    deepest = pending = 0
    open_groups: list[tuple[bool, int]] = []
    for token in re.findall(r"\\[A-Za-z]+|\\.|[{}]", tex):
        if token == "{":
            open_groups.append((pending > 0, max(pending - 1, 0)))
            pending = 0
            deepest = max(deepest, sum(inside for inside, _ in open_groups))
        elif token == "}":
            _, pending = open_groups.pop()
        elif token == r"\frac":
            pending = 2
    return deepest


def test_no_float_and_no_deep_fraction(texts: dict[str, str]) -> None:
    assert _deepest_fraction(r"\frac{a}{\frac{b}{\sqrt{\frac{c}{d}}}}") == 3
    assert _deepest_fraction(r"\frac{a}{b} \frac{\frac{c}{d}}{e}") == 2
    for name, text in texts.items():
        if name in (document.DOCUMENT, document.INDEX):
            continue
        shown = re.sub(r"(?m)^%.*$|\\(tag|label)\{[^}]*\}", "", text)
        assert not re.search(r"\d\.\d", shown), name
        assert _deepest_fraction(shown) < 3, name


# ---------------------------------------------------------------------- layout


def test_long_formulas_are_broken_at_the_outermost_signs() -> None:
    tex = f"a {BREAK}+ b (c {BREAK}+ d) {BREAK}- e"
    assert broken(tex, 100.0) == ["a + b (c + d) - e"]
    assert broken(tex, 5.5) == ["a", "+ b (c + d)", "- e"]
    fraction = rf"\frac{{a {BREAK}+ b}}{{c}} {BREAK}+ d"
    assert broken(fraction, 2.0) == [r"\frac{a + b}{c}", "+ d"]


def test_rows_fit_the_line(game: str) -> None:
    for display in displays(game):
        for row in display_rows(display.lines, dict(display.names)):
            assert width(f"{row.left} {row.right}") <= LINE_WIDTH + 1.0, display.number


def test_a_chain_hangs_below_a_wide_left_side() -> None:
    wide = sum(symbol(f"h{k}") for k in ("20", "11", "02", "10", "01", "00"))
    long = sum(symbol(f"A{k}") for k in range(1, 7))
    lines = (Line(wide, long), Line(Named(wide, "{}"), long - a))
    beside = display_rows(lines, room=LINE_WIDTH)
    assert [row.left for row in beside] == [latex(wide), "{}"]
    below = display_rows(lines, room=width(latex(wide)) + 6.0)
    assert [row.left for row in below] == ["", "", ""]
    assert [row.right for row in below][:2] == [latex(wide), rf"\quad = {latex(long)}"]
    # two equations are not a chain
    both = display_rows((lines[0], Line(a, long)), room=width(latex(wide)) + 6.0)
    assert [row.left for row in both if row.left] == [latex(wide), "a"]


# ----------------------------------------------------------------------- files


def test_golden(game: str) -> None:
    written = document.files([model(game)])
    text = "\n".join(written[document.file_name(d)] for d in displays(game))
    path = GOLDEN / f"{game}.tex"
    if os.environ.get("EQSOLVE_WRITE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_writes_and_notices_stale_files(tmp_path: Path) -> None:
    models = [model("n-agent")]
    paths = document.write(tmp_path / "out", models)
    assert sorted(p.name for p in paths) == sorted(os.listdir(tmp_path / "out"))
    check_files(tmp_path / "out", document.files(models))
    target = tmp_path / "out" / "eq-2.96.tex"
    target.write_text(target.read_text().replace("+", "-", 1))
    with pytest.raises(StaleError, match="eq-2.96.tex"):
        check_files(tmp_path / "out", document.files(models))
    assert "-" in target.read_text()


def test_symbols_are_listed_once_and_in_the_order_of_the_table(texts: dict[str, str]) -> None:
    table = re.search(r"Symbol & Meaning(.*?)longtable", texts[document.DOCUMENT], re.DOTALL)
    assert table is not None
    rows = re.findall(r"(?m)^\$(.*?)\$ & (.*?) & (.*?) \\\\$", table.group(1))
    shown = [written for written, _, _ in rows]
    assert len(shown) == len(set(shown)) > 50
    order = list(latex_names().values())
    # the control is written as a position, which has a later row
    places = [order.index(w) for w in shown if w in order and w != r"\pi"]
    assert places == sorted(places) and len(places) > 50
    # the index of an agent makes no row of its own
    assert r"\gamma" in shown and not [w for w in shown if w.startswith(r"\gamma_")]


def test_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        document.write(tmp_path / "file" / "out", [model("n-agent")])
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(
    not shutil.which("pdflatex") and not os.environ.get("EQSOLVE_REQUIRE_TOOLS"),
    reason="pdflatex is not installed",
)
def test_document_compiles_without_overfull_boxes(tmp_path: Path) -> None:
    document.write(tmp_path, [model(name) for name in GAMES])
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", document.DOCUMENT]
    for _ in range(2):
        log = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert log.returncode == 0, log.stdout[-2000:]
    assert "Overfull" not in log.stdout
    assert "undefined" not in log.stdout


def test_mathml_of_every_display(game: str) -> None:
    for display in displays(game):
        for tex in (document.display_tex(display), *document.let_tex(display)):
            text = mathml(tex)
            assert text.startswith("<math") and "\\" not in text, display.number


def test_mathml_reports_what_it_cannot_show() -> None:
    with pytest.raises(DerivationError, match="not supported"):
        mathml(r"\begin{aligned} a & b \end{aligned}")


def test_ledger_rows(game: str) -> None:
    rows = document.ledger_rows([model(game)])
    assert [r["number"] for r in rows] == [d.number for d in displays(game)]
    assert all(r["latex"] and r["title"] and r["game"] == game for r in rows)


def test_text_with_mathematics() -> None:
    assert document.as_text("coefficient of x^2 in H") == "coefficient of $x^2$ in $H$"
    assert document.as_text("excess drift b - r") == "excess drift $b - r$"
    assert document.as_text("one 100% a_b") == r"one 100\%{} a\_{}b"


def test_stages_show_themselves_in_notebooks() -> None:
    derivation = model("mean-field").derivation
    stages = (derivation.hjb, derivation.system, derivation.form)
    for stage in (*stages, derivation):
        assert stage._repr_latex_().startswith("$$\\begin{aligned}")
        assert "=" in str(stage)


def test_named_and_ordered_expressions() -> None:
    expression = InOrder(b, Named(a + c, "n"), -Kept(a - b))
    assert plain(expression) == 2 * b + c
    assert shown_symbols(expression) == {a, b}
    assert latex(InOrder(b, a, -c)) == "b + a - c"


def test_display_tags() -> None:
    line = Line(a, b)
    assert Display("2.11-2.13", "", (line,), "identity", "exact").tag == "2.13"
    assert Display("cubic", "", (line,), "identity", "exact").tag == ""
    assert Display("D.4", "", (line,), "identity", "exact").tag == "D.4"
