"""The page of a game in the gallery: every part, from the file alone."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import sympy as sp
from click.testing import CliRunner
from markupsafe import Markup

from eqsolve import registry, verbs
from eqsolve.cli import cli
from eqsolve.derivation.derivation import derive
from eqsolve.game import Model
from eqsolve.registry import resolve
from eqsolve.site.game_figure import Strategy, examples
from eqsolve.site.game_notation import coefficients, joined, notation
from eqsolve.site.game_page import part
from eqsolve.site.symbols import Meaning
from eqsolve.solve.solve import solve
from eqsolve.verify.models import variants

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of a game that nobody has seen, with a named set and a source."""
    monkeypatch.setattr(registry, "_adopted", {})
    start = README.index('"""A regulator until a random time')
    text = README[start : README.index("```", start)]
    ending = '    title="a regulator",\n    source="Somebody (2020)",\n'
    ending += '    cases={"mine": {"sigma": "1/2", "lambda": "1/4"}},\n)\n'
    path = tmp_path / "mine.py"
    path.write_text(text.rstrip().removesuffix(")") + ending, encoding="utf-8")
    return path


def test_the_page_of_an_own_game_has_all_parts(game: Path, tmp_path: Path) -> None:
    out = tmp_path / "pages"
    done = CliRunner().invoke(cli, ["gallery", str(game), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "1 game: " in done.stderr
    page = (out / "my-regulator.md").read_text(encoding="utf-8")
    parts = ("The problem", "The solution", "A figure", "How it is proved", "Reference")
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == list(parts)
    assert "# A regulator\n" in page and "Somebody (2020)" in page
    assert "eqsolve explore ./mine.py --out my-regulator.html" in page
    assert "until a random time: dX = p dt + sigma dW" in page
    assert '<span class="proof proved">proved</span>' in page
    (linked,) = re.findall(r'<a href="#(theorems-1)">4</a>', page)
    assert f'<details id="{linked}">' in page and "Theorem hjb_J" in page
    assert "0.8827822185" in page
    assert "![The strategy](my-regulator.svg)" in page
    assert (out / "my-regulator.svg").stat().st_size > 1000
    assert (out / "my-regulator.txt").read_text() == game.read_text()
    first = (out / "index.md").read_text(encoding="utf-8")
    assert "(my-regulator.md)" in first and "Level of the proof: proved\n" in first


def test_a_proof_that_hangs_on_a_sign_is_called_conditional(game: Path, tmp_path: Path) -> None:
    """Without the domain of the weight the second-order condition is a condition.

    Without named sets, too, there is a figure, and its caption has the numbers.
    """
    text = game.read_text(encoding="utf-8")
    text = text.replace("(x**2 + p**2) / 2", "(x**2 + lam * p**2) / 2")
    text = text.replace('random horizon", positive', 'random horizon"')
    game.write_text(re.sub(r"    cases=.*\n", "", text), encoding="utf-8")
    (entry,) = verbs.gallery(str(game), out=tmp_path / "pages")
    assert [level for _, level in entry.proof] == ["conditional"]
    page = (tmp_path / "pages" / "my-regulator.md").read_text(encoding="utf-8")
    assert entry.figure and re.search(r"</math> at <math>.*</math> = \d", page)
    marked = set(re.findall(r'data-symbol="([^"]*)"', page))
    assert "sigma" in marked <= set(re.findall(r'<tr id="symbol-([^"]*)"', page))
    assert "the coefficient of" in page


def test_letters_of_an_ansatz_are_named_with_what_they_multiply() -> None:
    """With the factor; a letter that is not alone in a coefficient is called a part of it."""
    model = resolve("regulator").model
    assert isinstance(model, Model)
    P, k, (x,) = sp.Symbol("P"), sp.Symbol("k"), model.game.state_symbols
    found = notation(derive(model), lambda e: Markup(str(e)), "solution")
    assert found[P].told == "the coefficient of x**2/2 in J"
    assert found[k].told == "the coefficient of -x in p"
    assert found[sp.Symbol("c")].told == "the constant in J"
    # two letters in one place; nothing is derived
    functions = {"J": (P + sp.Symbol("e")) * x**2}
    other = replace(model, ansatz=replace(model.ansatz, functions=functions))
    rows = dict(coefficients(other, lambda e: Markup(str(e))))
    assert rows[P] == "a part of the coefficient of x**2 in J"


def test_a_letter_with_two_meanings_has_both() -> None:
    first, second = (Meaning("P", Markup("P"), Markup(told)) for told in ("one", "two"))
    tables = [{sp.Symbol("P"): m} for m in (first, second, first)]
    (row,) = joined(tables)
    assert row.told == "one; in another structure two"


def test_types_of_their_own_are_drawn_by_the_first(tmp_path: Path) -> None:
    """Against a parameter of the type, as an answer has it there."""
    variant = next(iter(variants(resolve("lacker-zariphopoulou-cara"))))
    values, answer = next(examples(variant))
    curves = Strategy(derive(variant.model), values, answer).figure()
    assert curves is not None and curves.parameter is not None
    (curve,) = curves.curves.values()
    place = {**values, curves.parameter.name: Fraction(curves.places[7])}
    expected = solve(variant.model, place).strategy["pi_1"]["1"]
    assert curve[7] == pytest.approx(expected, rel=1e-12)
    caption = part(variant, (), "types").figure(tmp_path / "types.svg")
    assert "<mn>1</mn>" in caption and "at the set <i>two managers</i>" in caption
    assert "at the start against" in caption and (tmp_path / "types.svg").is_file()


def test_the_short_form_derives_nothing(game: Path, tmp_path: Path) -> None:
    (entry,) = verbs.gallery(str(game), out=tmp_path / "pages", short=True)
    page = (tmp_path / "pages" / "my-regulator.md").read_text(encoding="utf-8")
    assert not entry.proof and not entry.figure
    assert "## The problem" in page and "## The solution" not in page


@pytest.fixture
def market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that ``eqsolve new game`` writes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_adopted", {})
    assert CliRunner().invoke(cli, ["new", "game", "my-market"]).exit_code == 0
    return tmp_path / "my_market.py"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('"m0": "0.5"', '"mo": "0.5"', "the set 'default' of cases has values of mo, which"),
        ("P * x**2 / 2 + S * x * m +", "P * x**2 / 2 +", "the ansatz does not close"),
    ],
    ids=["a letter of a set that is none", "a form that closes for another notion only"],
)
@pytest.mark.parametrize("verb", ["derive", "verify", "gallery", "report"])
def test_a_file_with_a_mistake_has_no_page_and_no_check(
    verb: str, right: str, wrong: str, said: str, market: Path
) -> None:
    """Other structures of the file may be right; what it declares first is what is asked for."""
    market.write_text(market.read_text().replace(right, wrong))
    words = [verb, "./my_market.py", *(["--out", "pages"] if verb in ("gallery", "report") else [])]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 2 and done.stderr.startswith("eqsolve: my-market, ")
    assert said in done.stderr and "Traceback" not in done.stderr
    assert not Path("pages").exists()
