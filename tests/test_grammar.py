"""Reading an author's file: where formulas are found, and what the grammar makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from eqsolve.errors import InputError
from eqsolve.latex.checking.flattener import Flattener
from eqsolve.latex.checking.reader import Reader
from eqsolve.latex.checking.symbol_map import SymbolMap
from eqsolve.latex.grammar.cursor import Cursor
from eqsolve.latex.grammar.parser import expression, relations
from eqsolve.latex.grammar.statements import statements
from eqsolve.latex.grammar.tokens import NoRelation, Unreadable
from eqsolve.latex.grammar.tree import Context
from eqsolve.latex.source.files import MAX_SIZE
from eqsolve.latex.source.walker import formulas, missing_inputs

x, y, p1, alpha = sp.symbols(r"x y p_{1} \alpha")


@pytest.mark.parametrize(
    "tex, value",
    [
        (r"2xy", 2 * x * y),
        (r"-x + \frac12 y", -x + y / 2),
        (r"\frac{x}{y} \cdot p_1^2", x * p1**2 / y),
        (r"\left( x - y \right)^{2} \bigl[ x + y \bigr]", (x - y) ** 2 * (x + y)),
        (r"x/y", x / y),
        (r"\alpha^{-1} x", x / alpha),
        (r"0.25 x", x / 4),
        (r"{p_1}^3 - {x}", p1**3 - x),
        (r"x \, y \quad p_{1}", x * y * p1),
        (r"\cos^2 x", sp.Function(r"\cos")(x) ** 2),
    ],
)
def test_algebra(tex: str, value: sp.Expr) -> None:
    assert sp.expand(Reader().read(tex) - value) == 0


@pytest.mark.parametrize(
    "tex, name",
    [
        (r"Q_{b,k}", r"Q_{b,k}"),
        (r"\bar X_\tau", r"\overline{X}_{\tau}"),
        (r"\widehat{\pi}^*_{i}", r"\hat{\pi}^{*}_{i}"),
        (r"X^i_t", r"X^{i}_{t}"),
        (r"\mathcal{A}^{\pi^*}", r"\mathcal{A}^{\pi^{*}}"),
        (r"W^0_t", r"W^{0}_{t}"),
        (r"\pi^{(n)}", r"\pi^{(n)}"),
        (r"f'", r"f^{'}"),
    ],
)
def test_names(tex: str, name: str) -> None:
    assert Reader().read(tex) == sp.Symbol(name)


@pytest.mark.parametrize(
    "one, other, same",
    [
        (r"\mathbb{E}[x \mid \tau > t]", r"E\bigl[x | \tau>t\bigr]", True),
        (r"\mathbb{E}[x \mid \tau > t]", r"\mathbb{E}[x \mid \tau \geq t]", False),
        (r"\operatorname{Var}(x)", r"\mathrm{Var}\left[x\right]", True),
        (r"\sum_{k\ne i} x_k", r"\sum_{k \neq i} x_{k}", True),
        (r"\sum_{k\ne i} x_k", r"\sum_{k \neq i} x_i", False),
        (r"\sqrt{x}", r"x^{1/2}", True),
        (r"e^{-x (y - 1)}", r"\mathrm{e}^{-x(y-1)}", True),
        (r"2 \mathbb{E}[x]", r"\mathbb{E}[2 x]", True),
        (r"\sup_x \{ -x \}", r"-\sup_x \{ x \}", False),
        (r"x \wedge 2 y", r"x \wedge (2y)", True),
        (r"\langle x, y \rangle", r"\langle y, x \rangle", False),
    ],
)
def test_functions(one: str, other: str, same: bool) -> None:
    flat = Flattener().flat
    assert (flat(Reader().read(one)) == flat(Reader().read(other))) is same


@pytest.mark.parametrize(
    "tex",
    [
        r"x +",
        r"(x",
        r"(x]",
        r"x y / p_1 y",
        r"x / y / p_1",
        r"\cos x y",
        r"x_1_2",
        r"x^2^3",
        r"x^{999}",
        r"\text{if } x",
        r"2_1",
        r"(x)_12",
        r"x \cdot \pm y",
        r"\unknown x",
        r"\frac{x}",
        r"\frac x{} y",
        r"\frac{x}{}",
        r"{x + y} p_1",
        r"\begin{cases} x \end{cases}",
        "(" * 100 + "x" + ")" * 100,
        "x" * 7000,
        "1234567890123",
    ],
)
def test_what_is_outside_of_the_grammar(tex: str) -> None:
    with pytest.raises(Unreadable):
        expression(tex)


def test_towers_of_powers_are_not_expanded() -> None:
    with pytest.raises(Unreadable, match="too large"):
        Reader().read("(((x + y + p_1)^{12})^{12})^{12}")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=r"\xyp_^{}()[]+-=/|,1. fractbglE", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        Reader().read(text)
    except Unreadable:
        pass


def test_differentials_depend_on_the_display() -> None:
    assert Reader().read("d x") == sp.Symbol("d") * x
    assert Reader(Context(differentials=True)).read("dx") == sp.Function("d")(x)


def test_statements_of_rows() -> None:
    rows = ["K &= a,", r"\lambda & = 2r", r"& \quad + B p_1", "& > 0, \\quad c = d"]
    joined = statements(rows)
    assert [" ".join(s.split()) for s in joined] == [
        "K &= a",
        r"\lambda & = 2r & \quad + B p_1 & > 0",
        r"\quad c = d",
    ]
    first, second = relations(joined[1])
    assert (first.relation, second.relation) == ("=", ">")
    assert first.left == second.left


def test_symbol_maps_apply_at_once() -> None:
    names = {r"\alpha": r"\beta", r"\beta": r"\alpha", "h": r"\lambda", r"\hat{V}": "V", "w": "x"}
    reader = Reader(functions=frozenset("V"), symbols=SymbolMap(names))
    read = reader.read(r"\alpha_i \beta h h_{20} \hat V_{yw} m_h")
    found = {s.name for s in read.free_symbols}
    assert found == {r"\beta_{i}", r"\alpha", r"\lambda", "h_{20}", "V_{xy}", "m_{h}"}


PAPER = r"""
\documentclass{article}
\numberwithin{equation}{section}
\newcommand\risk{\gamma}  \def\E{\mathbb{E}}
\DeclareMathOperator{\Var}{Var}
\newcommand{\two}[1]{#1 #1}
\section{One}
\begin{equation} a = \risk_i \end{equation} % \begin{equation} b = 1 \end{equation}
\begin{subequations}
\begin{align} b &= 1 \\ c &= 2 \label{second} \end{align}
\end{subequations}
\section*{Not numbered}
\section{Two}
Let $D_1 = x$.
\begin{multline} d = 1 \\ + \Var(x) \end{multline}
\begin{align*} e &= \E x \tag{7.1} \\ f &= 1 \end{align*}
\[ g = \two{x} \tag{7.2} \]
\begin{gather} u = 1 \notag \\ v = 2 \\ w = 3 \end{gather}
\begin{verbatim} \begin{equation} no \end{equation} \end{verbatim}
\input{part}
\appendix
\section{Three}
\begin{equation} \begin{split} s &= 1 \\ &+ 2 \end{split} \label{eq:2.54} \end{equation}
"""


def test_numbers_and_contents(tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(PAPER)
    (tmp_path / "part.tex").write_text("\n$$ k = 1 \\tag{7.3} $$\n")
    found = {f.numbers: f for f in formulas(tmp_path / "paper.tex")}
    rows = {numbers: [row.tex for row in f.rows] for numbers, f in found.items()}
    assert rows == {
        ("1.1",): [r"a = \gamma_i"],
        ("1.2a",): ["b &= 1"],
        ("1.2b",): ["c &= 2"],
        ("2.1",): ["d = 1", r"+ \operatorname{Var}(x)"],
        ("7.1",): [r"e &= \mathbb{E} x"],
        ("7.2",): ["g = x x"],
        ("2.2",): ["u = 1", "v = 2"],
        ("2.3",): ["w = 3"],
        ("7.3",): ["k = 1"],
        ("2.54", "A.1"): ["s &= 1", "&+ 2"],
    }
    assert found[("1.2b",)].labels == ("second",)
    assert found[("7.3",)].place == "part.tex:2"
    assert found[("2.1",)].before[0][0].tex == "D_1 = x"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        formulas(tmp_path / "none.tex")
    (tmp_path / "binary.tex").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        formulas(tmp_path / "binary.tex")
    (tmp_path / "large.tex").write_text("x" * (MAX_SIZE + 1))
    with pytest.raises(InputError, match="larger"):
        formulas(tmp_path / "large.tex")


def test_inputs_are_followed_and_missing_ones_reported(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "paper.tex").write_text("\\input{parts/one}\n\\input none\n\\include{gone}\n")
    one = "\\input{parts/two}\n\\input{three.tex}\n\\begin{equation} a = 1 \\end{equation}\n"
    (tmp_path / "parts" / "one.tex").write_text(one)
    for name in ("two", "three"):
        formula = f"\\begin{{equation}} {name} = 2 \\end{{equation}}\n"
        (tmp_path / "parts" / f"{name}.tex").write_text(formula)
    found = formulas(tmp_path / "paper.tex")
    assert [f.place for f in found] == ["parts/two.tex:1", "parts/three.tex:1", "parts/one.tex:3"]
    missing = missing_inputs(tmp_path / "paper.tex")
    assert missing == ("paper.tex:2: \\input none", "paper.tex:3: \\include{gone}")


def test_a_circle_of_inputs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tex").write_text("\\input{b}")
    (tmp_path / "b.tex").write_text("\\input{a}")
    with pytest.raises(InputError, match="a.tex inputs itself"):
        formulas(tmp_path / "a.tex")


@pytest.mark.parametrize(
    "tex, other",
    [
        (r"\dot{x} + \mathop{}\!\mathrm{d} t", r"\Dot x + \mathrm{d} t"),
        (r"x^\prime + y^{\prime\prime}", "x' + y''"),
        (r"(x - y)' A", r"{(x - y)}' A"),
        (r"\| x \|^2_{p_1}", r"\| x \|_{p_1}^2"),
        (r"||x|| y", r"\| x \| y"),
        (r"2 |x| |y|", r"2 \left| x \right| \left| y \right|"),
        (r"\mathbb{E} |x|^2", r"\mathbb{E} \left| x \right|^2"),
        (r"\mathbb{E}[2 |x| |y|]", r"\mathbb{E}\left[ 2 \lvert x \rvert \lvert y \rvert \right]"),
        (r"\mathbb{E}\left[ \left. x \right| F \right]", r"\mathbb{E}[ x \mid F ]"),
        (r"\mathbb{E}\bigl[ x \Bigl| F \Bigr. \bigr]", r"\mathbb{E}[ x | F ]"),
        (r"\partial f / \partial x", r"\frac{\partial f}{\partial x}"),
        (r"\partial^2_{x y} f", r"\partial_{x y}^2 f"),
        (r"\frac{\partial f}{\partial \alpha^h_t}", r"\frac{\partial f}{\partial \alpha_t^h}"),
        (r"\int_0^T -x \, dt", r"\int_{0}^{T} -x \, dt"),
        (r"\left( x \right. \left. + y \right)", "(x + y)"),
        (r"{(x + y)}^2", "(x + y)^2"),
        (r"x, \cdot\cdot\cdot", r"x, \ldots"),
        (r"x, ...", r"x, \ldots"),
        (r"f|_{x=0} y", r"f\bigr|_{x = 0} y"),
        (r"x^{\frac{1}{3}}", r"\sqrt[3]{x}"),
        (r"x^{13} y", "y x^{13}"),
        (r"\log x \, \mathrm{d} t", r"\log(x) \mathrm{d} t"),
        (r"f(t-) y", "y f(t-)"),
        (r"x \pm 2 y", r"x \pm y \cdot 2"),
        (r"\alpha{} x^\alpha{} y", r"\alpha x^\alpha y"),
        (
            r"\frac{\partial^2 f}{\partial (x^i)^2}",
            r"\frac{\partial^2 f}{\partial x^i \partial x^i}",
        ),
        (r"x^{*(\alpha/2)} y", r"y x^{*(\alpha/2)}"),
        (r"\{ x \in A : y \hbox{ is small } \} + 1", r"1 + \{ x \in A : y \hbox{ is small } \}"),
        (r"x + \text{Rest}", r"\textrm{Rest} + x"),
        (r"\vert x \vert y \qed", r"\lvert x \rvert y"),
        (r"\big\vert x \big\vert 2 + \vert y \vert", r"|y| + 2 |x|"),
        (r"\mathop{\sum_{i=1}^n}_{i < j} 2 x", r"\mathop{\sum^n_{i=1}}_{i < j} (x + x)"),
        (r"x^{\scriptscriptstyle (1)}", "x^{(1)}"),
    ],
)
def test_spellings_that_are_read_alike(tex: str, other: str) -> None:
    context = Context(differentials=True, is_factor=lambda name, bracket: name.base != "f")
    flattener = Flattener()
    one, two = (f"g = ({side})" if "," in side else f"g = {side}" for side in (tex, other))
    first, second = (relations(side, context)[0].right for side in (one, two))
    reader = Reader(context)
    if r"\ldots" in other:
        assert first == second
        return
    gap = reader.expression(first) - reader.expression(second)
    assert sp.expand(flattener.flat(gap)) == 0


@pytest.mark.parametrize(
    "tex, other",
    [
        (r"x \pm y", r"x \mp y"),
        (r"x \pm y", "x + y"),
        (r"(x)_1", "(x)_2"),
        (r"x^{(n-1)}", "x^{n-1}"),
        (r"\partial x", "x"),
        (r"(x - y)'", "x - y"),
        (r"f|_{x=0}", "f|_{x=1}"),
        (r"f(t-)", "f(t)"),
        (r"\frac{\partial f}{\partial x^2}", r"\frac{\partial f}{\partial x}"),
        (r"\{ x \in A : y \hbox{ is small } \}", r"\{ x \in A : y \hbox{ is large } \}"),
        (r"x^{*2}", "x^2"),
        (r"\mathbb{E}[2 |x| |y|]", r"\mathbb{E}[2 x \mid y]"),
        (r"|x + y|_2", "|x + y|"),
        (r"x^{13}", "x^{14}"),
        (r"\int_0^T -x \, dt", r"\int_0^T x \, dt"),
        (r"\mathop{\sum_{i=1}^n}_{i < j} x", r"\sum_{i=1}^n x"),
        (r"\mathop{\sum_{i=1}^n}_{i < j} x", r"\mathop{\sum_{i=1}^n}_{i > j} x"),
        (r"x + \cancel{y}", "x + y"),
        (r"x + \cancelto{0}{y}", "x"),
        (r"\mathbb{E}[x \vert y]", r"\mathbb{E}[x \lvert y \rvert]"),
        (r"x \backslash y", "x y"),
    ],
)
def test_what_is_read_differently(tex: str, other: str) -> None:
    flattener = Flattener()
    reader = Reader(Context(differentials=True, is_factor=lambda name, bracket: name.base != "f"))
    assert sp.expand(flattener.flat(reader.read(tex) - reader.read(other))) != 0


@pytest.mark.parametrize(
    "rows, found",
    [
        ([r"\text{(forward)} \quad x &= y"], [r"x &= y \text{(forward)}"]),
        ([r"\text{not: } x = y"], [r"x = y \text{not: }"]),
        ([r"\text{s.t.} \quad & x = y"], ["x = y"]),
        ([r"\text{where } x = y"], ["x = y"]),
        ([r"\text{if } x = y"], [r"\text{if } x = y"]),
        ([r"\text{not } x = y"], [r"\text{not } x = y"]),
        (["x = 1.", r"y = 2"], ["x = 1", "y = 2"]),
        ([r"x = 1.5. \quad y = 2"], ["x = 1.5", "y = 2"]),
        ([r"x = 1, \quad \text{for us}"], [r"x = 1 \text{for us}"]),
        ([r"x = y \quad (y \in A)."], [r"x = y \text{for } y \in A"]),
        ([r"x = y \quad (1 + z)"], ["x = y (1 + z)"]),
    ],
)
def test_words_before_a_statement(rows: list[str], found: list[str]) -> None:
    made = [
        " ".join(text.replace(r"\quad", "").replace("& x", "x").split())
        for text in statements(rows)
    ]
    assert made == found


def test_words_name_what_they_describe() -> None:
    """They are a name that no display has, and such a statement is compared with nothing."""
    (relation,) = relations(r"x = y + \text{small terms}")
    assert r"\text{small terms}" in str(relation.right)
    with pytest.raises(Unreadable, match="words stand for"):
        Reader().expression(relation.right)
    with pytest.raises(NoRelation):
        relations(r"\min_x x \quad \text{s.t.} \quad x \geq y")
    with pytest.raises(Unreadable, match="text in the formula"):
        relations(r"\text{one } y \text{ more: } x = y")


def test_an_expression_states_nothing() -> None:
    with pytest.raises(NoRelation):
        relations("x + y")
    assert issubclass(NoRelation, Unreadable)


@pytest.mark.parametrize(
    "tex",
    [
        r"\{ x, " * 35,
        r"\{ x : " * 30 + r"y \text{w w} " + r"\}" * 30,
        r"\{ x : " * 20 + "y " + r" \text{a b} \} " * 20,
        r"\{ x " * 30 + r"\text{a b}" + r"\}" * 30,
        "x |" * 1500,
        "|x (" * 700,
        "E[|x| | " * 39 + "y" + "]" * 39,
        "(" * 38 + "x|y|" + ")" * 38,
        r"{x \over y} " * 1000,
        "||x|| " * 900,
        r"\left. x \right| " * 300,
        r"\begin{cases} " * 35 + "x" + r" & 1 \end{cases}" * 35,
        "f(" * 38 + "x" + ")" * 38,
        "x" + "|_y" * 1500,
    ],
)
def test_steps_grow_with_the_formula(tex: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read again and again: looks at tokens are counted."""
    count = 0
    look = Cursor.peek

    def peek(self: Cursor, ahead: int = 0) -> str:
        nonlocal count
        count += 1
        return look(self, ahead)

    monkeypatch.setattr(Cursor, "peek", peek)
    try:
        relations(f"a = {tex}", Context(is_factor=lambda name, bracket: False))
    except Unreadable:
        pass
    assert 0 < count < 60 * len(tex)
