"""The documentation site: ``make site`` builds it into ``build/site``.

Pages in ``docs/generated`` are written from the installed package before the others are read; none
is committed. Formulas are MathML, so that the built pages need no network.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

from eqsolve import __version__  # noqa: E402

project = "eqsolve"
author = "the eqsolve developers"
version = release = __version__
html_title = f"eqsolve {version}"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "docstrings",
    "mathematics",
    "notebooks",
    "searching",
    "generated",
]
exclude_patterns = ["_build", "example", "extensions", "generated/levels.md"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3

#: Notebooks that need what is not installed are shown without their results.
_NEEDS = {"pymc": ["tutorials/calibrate_pymc.md"], "arch": ["tutorials/market.md"]}
nb_execution_mode = "cache"
nb_execution_cache_path = str(Path(__file__).parents[1] / "build" / "site-notebooks")
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_execution_excludepatterns = [p for n, ps in _NEEDS.items() if not find_spec(n) for p in ps]
nb_execution_in_temp = True
nb_merge_streams = True

autosummary_generate = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
add_module_names = False
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_search_scorer = str(Path(__file__).parent / "extensions" / "search.js")
html_show_sphinx = False
html_show_copyright = False
html_math_renderer = "mathml"
highlight_language = "text"
# an option is written with two hyphens, not with a dash
smartquotes_action = "qe"
# two classes may have attributes of one name
suppress_warnings = ["ref.python"]


def setup(app: Sphinx) -> None:
    """Tables of CSV are shown as they are: Pygments has no lexer of theirs."""
    app.add_lexer("csv", TextLexer)
