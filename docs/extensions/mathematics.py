"""Formulas as MathML, their font, and letters that say what they mean: nothing is fetched."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from eqsolve.site.fonts import rule
from eqsolve.site.page import template
from eqsolve.site.typeset import mathematics

STYLE, SCRIPT = "mathematics.css", "symbols.js"
logging.getLogger("fontTools").setLevel(logging.WARNING)


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(f'<span class="math">{mathematics(node.astext())}</span>')
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    formula = str(mathematics(" ".join(node.astext().split())))
    shown = formula.replace("<math", '<math display="block"', 1)
    writer.body.append(f'<div class="math" tabindex="0">{shown}</div>\n')
    raise nodes.SkipNode


def _font(app: Sphinx, error: Exception | None) -> None:
    """Write the font with what the pages show, and the script."""
    if error is None and app.builder.format == "html":
        pages = sorted(Path(app.outdir).rglob("*.html"))
        text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
        for name, content in ((STYLE, rule(text)), (SCRIPT, template(SCRIPT))):
            (Path(app.outdir) / "_static" / name).write_text(content, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.add_css_file(STYLE)
    app.add_js_file(SCRIPT, loading_method="defer")
    app.connect("build-finished", _font)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
