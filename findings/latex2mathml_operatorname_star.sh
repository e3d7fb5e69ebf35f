#!/usr/bin/env bash
# latex2mathml 3.78.0: the star of \operatorname* is printed and the name falls apart.
#
# \operatorname{argmax} becomes one operator. \operatorname*{argmax}, its form with limits
# beneath, becomes an empty operator, a printed asterisk and the product of six italic letters; the
# subscript hangs on the brace. Nothing is raised or logged, and the page shows "* argmax x" as
# mathematics. \stackrel comes out as its own source text. Seen as stated below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
bin/pip install --quiet latex2mathml==3.78.0
bin/python - <<'PYTHON'
from latex2mathml.converter import convert

plain, starred = convert(r"\operatorname{argmax}"), convert(r"\operatorname*{argmax}_x f")
print(plain)
print(starred)
assert "argmax" in plain
assert "&#x0002A;" in starred and "argmax" not in starred, "the starred form is now understood"
assert all(f"<mi>{letter}</mi>" in starred for letter in "argmax")
over = convert(r"a \stackrel{d}{=} b")
print(over)
assert "\\stackrel" in over, "\\stackrel is now understood"
PYTHON
