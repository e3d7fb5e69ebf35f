"""Names and values of letters."""

from __future__ import annotations

from collections.abc import Mapping

from flint import arb

#: Letters by name.
Names = tuple[str, ...]
#: Values by name.
Environment = Mapping[str, arb]
