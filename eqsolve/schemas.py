"""JSON Schemas (draft 2020-12) of what commands print with ``--json`` and ``to_dict`` returns.

Every document has the key ``schema`` with the version of its form; a list consists of documents.
The version changes when a key is renamed, is removed or changes its meaning. A new key does not
change it. Where the keys are fixed, a document with another one is not valid.
"""

from __future__ import annotations

from typing import Any

from eqsolve.errors import InputError, near
from eqsolve.status import labels

#: The version of all forms.
SCHEMA = 1
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
#: None stands for what is not finite or not defined.
_MAYBE: Schema = {"type": ["number", "null"]}


def _one_of(*words: str) -> Schema:
    return {"enum": list(words)}


def _many(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _tuple(*items: Schema) -> Schema:
    return {"type": "array", "prefixItems": [*items], "minItems": len(items), "items": False}


def _by_name(value: Schema) -> Schema:
    """Names that depend on the game, each with such a value."""
    return {"type": "object", "additionalProperties": value}


def _or_null(value: Schema) -> Schema:
    return {"anyOf": [value, {"type": "null"}]}


def _record(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with these keys and no other."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _document(required: Schema, optional: Schema | None = None) -> Schema:
    """A record that says which version of its form it has."""
    return _record({"schema": {"const": SCHEMA}, **required}, optional)


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


#: Numbers under the names of a game, in any depth; lists for agents or types.
_DEFINITIONS: dict[str, Schema] = {
    "numbers": {
        "anyOf": [
            {"type": ["number", "boolean", "string", "null"]},
            _many(_ref("numbers")),
            _by_name(_ref("numbers")),
        ]
    }
}
_NUMBERS = {"type": "object", "additionalProperties": _ref("numbers")}
_ROWS = _many(_NUMBERS)
_STATUS = _one_of(*labels())
_VERDICT = _one_of("equal", "equal up to a factor", "different", "not checked")
_TRUTH = _one_of("pass", "fail", "not verified")
_SIGN = _record(
    {"positive": _COUNT, "negative": _COUNT, "zero": _COUNT, "verdict": _one_of(*"+-0", "+-")}
)
_ANSWERED = {"status": _STATUS, "message": _TEXT}
_DERIVED = {
    "values": _by_name(_MAYBE),
    "derivatives": _by_name(_by_name(_MAYBE)),
    "elasticities": _by_name(_by_name(_MAYBE)),
}
_BAND = {"estimate": _MAYBE, "standard_error": _MAYBE, "low": _MAYBE, "high": _MAYBE}
_RANGE = _record({"value": _MAYBE, "low": _MAYBE, "high": _MAYBE})
_SKIPPED = _many(_record({"n": _COUNT, "status": _STATUS}))

#: What agents who differ play, and its value, have the names that the game gives them.
_SOLVE = _document(
    {"game": _TEXT, "params": _NUMBERS, **_ANSWERED, "provenance": _NUMBERS},
    {
        # what was asked
        "equilibrium": _TEXT,
        "notion": _TEXT,
        "selection": _TEXT,
        "hazard": _TEXT,
        "enclosure": _NUMBERS,
        "size": {"type": ["integer", "null"]},
        "t": _NUMBER,
        "agents": _COUNT,
        # what was found
        **dict.fromkeys(("strategy", "feedback", "value", "coefficients", "moments"), _NUMBERS),
        **dict.fromkeys(("laws", "outputs", "at", "admissibility", "growth"), _NUMBERS),
        **dict.fromkeys(("implied", "aggregates", "summary", "certificate"), _NUMBERS),
        **dict.fromkeys(("line", "solutions"), _ref("numbers")),
        "statuses": _by_name(_COUNT),
        "response": {"anyOf": [_NUMBERS, _ROWS]},
        "roots": {"anyOf": [_ROWS, _many(_ROWS)]},
        **dict.fromkeys(("equilibria", "types"), _ROWS),
        "complete": _FLAG,
        "region": _by_name(_NUMBER),
        "explosion": _MAYBE,
    },
) | {"additionalProperties": _many(_NUMBER)}

_LIST_ROW = _document(
    {
        "name": _TEXT,
        "title": _TEXT,
        "source": _TEXT,
        "parameters": _by_name(_record({"meaning": _TEXT, "domain": _TEXT, "unit": _TEXT})),
        "sets": _many(_TEXT),
        "notions": _many(_TEXT),
        "solutions": _many(_TEXT),
        "verbs": _by_name({"anyOf": [{"const": True}, _TEXT]}),
        "options": _by_name(_TEXT),
    }
)
_BROKEN_ROW = _document(
    {"name": _TEXT, "error": _TEXT, "path": _TEXT, "line": {"type": ["integer", "null"]}}
)

_STAGES = _document(
    {
        "game": _TEXT,
        "notion": _TEXT,
        "stages": _many(
            _record(
                {
                    "key": _TEXT,
                    "title": _TEXT,
                    "displays": _many(
                        _record({"prose": _TEXT, "lines": _many(_TEXT), "latex": _many(_TEXT)})
                    ),
                }
            )
        ),
    }
)
_STEP = _document(
    {
        "label": _TEXT,
        "title": _TEXT,
        "equations": _many(_record({"left": _TEXT, "right": _TEXT})),
        "latex": _many(_TEXT),
    }
)

#: Attributes of netCDF, Zarr and Parquet, and the file beside a CSV file.
_SWEEP = {
    **_document(
        {**dict.fromkeys(("game", "source", "selection", "eqsolve", "kernel", "software"), _TEXT)},
        {"command": _TEXT},
    ),
    "patternProperties": {
        "^parameter_": {"type": ["number", "string", "array"]},
        "^varied_": _TEXT,
    },
}

_COMPARED = _document(
    {
        "game": _TEXT,
        "notion": _TEXT,
        "size": {"type": ["integer", "null"]},
        "params": _NUMBERS,
        **_ANSWERED,
        "minimized": _FLAG,
        "welfare": _record({"nash": _MAYBE, "planner": _MAYBE}),
        "gap": _MAYBE,
        "price": _MAYBE,
        "nash": _SOLVE,
        "planner": _SOLVE,
        "tax": {
            "anyOf": [
                {"type": "null"},
                _record(
                    {
                        "rate": _by_name(_by_name(_NUMBER)),
                        "at": _by_name(_NUMBER),
                        "gain": _MAYBE,
                        "maximal": {"type": ["boolean", "null"]},
                    }
                ),
            ]
        },
        "commitment": {
            "anyOf": [
                {"type": "null"},
                _record({"welfare": _NUMBER, "weights": _NUMBERS, "answer": _SOLVE}),
            ]
        },
    }
)
_ALONG = _document(
    {
        "game": _TEXT,
        "notion": _TEXT,
        "vary": _TEXT,
        "rows": _many(_record({"at": _NUMBER, "found": _COMPARED})),
    }
)
_CONVERGE_IN_TIME = _document(
    {
        "game": _TEXT,
        "hazard": _TEXT,
        "moments": _many(
            _record(
                {
                    "t": _NUMBER,
                    "limit": _by_name(_NUMBER),
                    "rate_constants": _by_name(_NUMBER),
                    "order": _MAYBE,
                    "rows": _many({**_by_name(_NUMBER), "required": ["n"]}),
                    "skipped": _SKIPPED,
                }
            )
        ),
    }
)
_CONVERGE = _document(
    {
        "game": _TEXT,
        "limit": _by_name(_MAYBE),
        "rate_constants": _by_name(_MAYBE),
        "order": _MAYBE,
        "directions": _by_name(_TEXT),
        "rows": _many({**_by_name(_MAYBE), "required": ["n"], "properties": {"n": _COUNT}}),
    },
    {
        "second_order_constants": _by_name(_MAYBE),
        "orders": _by_name(_MAYBE),
        "exploitability": _MAYBE,
        "constants": _TEXT,
        "why": _TEXT,
        "leading_order": _MAYBE,
        "skipped": _SKIPPED,
        "epsilon": _by_name(
            _record(
                {},
                {
                    "message": _TEXT,
                    "strategy": _NUMBERS,
                    "order": _MAYBE,
                    "constant": _NUMBER,
                    "terms": _many(_NUMBER),
                    "rows": _many(_record({"n": _COUNT, "epsilon": _MAYBE})),
                    "at": _NUMBERS,
                    "slopes": _many(_NUMBERS),
                    "curvature": _NUMBER,
                },
            )
        ),
        "pathwise": _record(
            {
                "paths": _COUNT,
                "seed": _COUNT,
                "rows": _many(
                    _record({"n": _COUNT, "distance": _MAYBE, "low": _MAYBE, "high": _MAYBE})
                ),
                "order": _RANGE,
                "constant": _RANGE,
                "confidence": _NUMBER,
            },
        ),
    },
)

_SENSITIVITY = _document(
    {"game": _TEXT, **_ANSWERED, **_DERIVED},
    {"params": _NUMBERS, "at": _NUMBERS, "steepness": _MAYBE},
)
_REGION = _document(
    {
        "game": _TEXT,
        "params": _NUMBERS,
        "axes": _by_name(_many(_NUMBER)),
        "statuses": _by_name(_COUNT),
        "signs": _by_name(_by_name(_SIGN)),
        "locus": _many(
            _record(
                {
                    "output": _TEXT,
                    "parameter": _TEXT,
                    "kind": _one_of("zero", "jump", "gap", "between"),
                    "low": _NUMBER,
                    "high": _NUMBER,
                    "at": _by_name(_NUMBER),
                }
            )
        ),
    }
)

_SIMULATE = _document(
    {
        "game": _TEXT,
        "paths": _COUNT,
        "seed": _COUNT,
        "step": _NUMBER,
        "confidence": _NUMBER,
        "moments": _by_name(
            _record(
                _BAND,
                {
                    "bias": _MAYBE,
                    "heavy_tail": _FLAG,
                    "exact": _MAYBE,
                    "inside": {"type": ["boolean", "null"]},
                },
            )
        ),
    },
    {
        "params": _NUMBERS,
        "agents": _COUNT,
        "feedback": _by_name(_NUMBER),
        "at": _by_name(_NUMBER),
        "finite_fourth_moments": _FLAG,
        "agent_steps": _COUNT,
    },
)

_VERIFY = _document(
    {
        "ok": _FLAG,
        "level": _one_of("quick", "full"),
        "not_verified": _COUNT,
        "seconds": _by_name(_NUMBER),
        "checks": _many(
            _record(
                {
                    **dict.fromkeys(("name", "game", "kind", "note"), _TEXT),
                    **dict.fromkeys(("value", "reference", "error", "allowed"), _MAYBE),
                    "verdict": _TRUTH,
                }
            )
        ),
    },
    {
        "planted": _COUNT,
        "caught": _COUNT,
        "kinds": _by_name(_record({"planted": _COUNT, "caught": _COUNT})),
        "missed": _many(_TEXT),
    },
)
_TABLE = _document(
    {
        "sets": _many(
            _record(
                {
                    **dict.fromkeys(("game", "set", "reason"), _TEXT),
                    "parameters": _by_name(_TEXT),
                    "verdict": _one_of("verified", "refuted", "not verified"),
                    "allowed": _NUMBER,
                    "errors": _by_name(_MAYBE),
                    "coefficients": _by_name(_by_name(_MAYBE)),
                },
                {
                    "box": _many(_many(_NUMBER)),
                    "status": _TEXT,
                    "steps": {"type": ["integer", "null"]},
                    "short_wave_growth": _MAYBE,
                },
            )
        )
    }
)

_LEDGER_ROW = _document(
    {
        **dict.fromkeys(("number", "title", "game", "kind"), _TEXT),
        "proof": _one_of("definition", "exact", "formal", "ball", "numeric", "reconstructed"),
        "depends": _many(_TEXT),
        "let": _many(_TEXT),
        "latex": _TEXT,
    }
)
_CLAIM = _document(
    {
        **dict.fromkeys(("id", "source", "statement", "condition", "evidence"), _TEXT),
        "verdict": _one_of("holds", "conditional", "false"),
        "counterexample": {"type": ["string", "null"]},
        "tests": _many(
            _record(
                {
                    **dict.fromkeys(("kind", "says", "scope", "domain"), _TEXT),
                    "passed": _FLAG,
                }
            )
        ),
        "formal": _TEXT,
        "theorems": _many(
            _record({"game": _TEXT, "file": _TEXT, "theorem": _TEXT, "formal": _FLAG})
        ),
    }
)

_PAPER = _document(
    {
        "file": _TEXT,
        "ok": _FLAG,
        "counts": _by_name(_COUNT),
        "missing": _many(_TEXT),
        "notes": _many(_TEXT),
        "formulas": _many(
            _record(
                {
                    **dict.fromkeys(("number", "label", "place", "title", "printed"), _TEXT),
                    "abbreviation": _FLAG,
                    "definitions": _many(_TEXT),
                    "verdict": _VERDICT,
                    "parts": _many(
                        _record(
                            {"tex": _TEXT, "verdict": _VERDICT},
                            dict.fromkeys(
                                ("how", "factor", "difference", "expected", "repair", "repaired")
                                + ("reason",),
                                _TEXT,
                            ),
                        )
                    ),
                }
            )
        ),
        "passed": _many(
            _record(dict.fromkeys(("place", "environment", "reason", "readability"), _TEXT))
        ),
        "proposal": {
            "anyOf": [
                {"type": "null"},
                _record({"symbols": _by_name(_TEXT), "equal": _COUNT, "compared": _COUNT}),
            ]
        },
    }
)

_PROVE_ROW = _document(
    {
        "game": _TEXT,
        "structure": _many(_TEXT),
        "theorems": _many(
            _record(
                {"name": _TEXT, "title": _TEXT, "source": _TEXT},
                {
                    "proved": _FLAG,
                    "seconds": _NUMBER,
                    "axioms": _many(_TEXT),
                    "file": _TEXT,
                    "message": _TEXT,
                    "assumptions": _by_name(
                        _record(
                            {
                                "verdict": _one_of("needed", "needless", "open"),
                                "point": _by_name(_TEXT),
                            }
                        )
                    ),
                },
            )
        ),
        "not_stated": _many(_TEXT),
        "formal": _many(_TEXT),
    }
)

#: Arrays have the names that the problem gives them.
_PDE = {
    **_document(
        {
            "problem": _TEXT,
            "kind": _one_of("extended-hjb", "mfg", "controlled-diffusion"),
            "status": _TEXT,
            "ok": _FLAG,
            "message": _TEXT,
            "sentences": _many(_TEXT),
            "diagnostics": _NUMBERS,
        }
    ),
    "additionalProperties": {"type": "array", "items": {"type": ["number", "null", "array"]}},
}
_GRID = {
    **_document({"status": _TEXT, "message": _TEXT}),
    "additionalProperties": _ref("numbers"),
}

_ATLAS = _document(
    {
        "game": _TEXT,
        "status": _TEXT,
        "message": _TEXT,
        "params": _NUMBERS,
        "formulas": _by_name(_TEXT),
        "axes": _by_name(_many(_NUMBER)),
        "root": _TEXT,
        "shown": _TEXT,
        "polynomial": _TEXT,
        "left_out": _many(_TEXT),
        "discriminant": _TEXT,
        "factors": _many(_record({"factor": _TEXT, "power": _COUNT})),
        "cusps": _many(
            _record({"at": _by_name(_NUMBER), "root": _NUMBER, "equations": _by_name(_TEXT)})
        ),
        "complete": _FLAG,
        "shares": _by_name(_NUMBER),
        "admissible": _many(_many(_MAYBE)),
        "near": _COUNT,
        "selected": _many(_many(_MAYBE)),
    }
)

_GRANULARITY = _document(
    {
        "game": _TEXT,
        "law": _TEXT,
        "vanishes": {"type": ["boolean", "null"]},
        "params": _by_name(_TEXT),
        "limit": _by_name(_NUMBER),
        "ratio": _MAYBE,
        "ratios": _many(_record({"t": _NUMBER, "ratio": _NUMBER})),
        "rows": _many(
            _record(
                {
                    "n": _COUNT,
                    "herfindahl": _NUMBER,
                    "theory": _MAYBE,
                    "own": _NUMBER,
                    "common": _NUMBER,
                    "share": _MAYBE,
                    "simulated": {"type": ["array", "null"], "items": _NUMBER},
                    "largest": _by_name(_NUMBER),
                    "smallest": _by_name(_NUMBER),
                    "course": _many(
                        _record({"t": _NUMBER, "own": _NUMBER, "common": _NUMBER, "share": _MAYBE})
                    ),
                }
            )
        ),
    }
)

_FIGURE = _record(dict.fromkeys(("value", "error", "low", "high"), _MAYBE))
_FIGURES = _by_name(_FIGURE)
_MARKET = _document(
    {
        "game": _TEXT,
        "params": _by_name(_TEXT),
        "estimated": _by_name(_TEXT),
        "draws": _COUNT,
        "seed": _COUNT,
        "data": _record(
            {
                "kind": _one_of("prices", "returns", "log-returns"),
                "assets": _many(_TEXT),
                "periods": _COUNT,
                "periods_of_year": _NUMBER,
                "first": _TEXT,
                "last": _TEXT,
            }
        ),
        "notes": _many(_TEXT),
        "criteria": _by_name(_NUMBER),
        "transition": _many(_many(_NUMBER)),
        "risk": _FIGURES,
        "plan": _or_null(
            _record(
                {
                    "position": _TEXT,
                    "penalty": {"anyOf": [_NUMBER, {"const": "inf"}]},
                    "aversion": _NUMBER,
                    "measure": _one_of("variance", "tail"),
                    "constraints": _record(
                        {"low": _NUMBER, "high": _NUMBER, "budget": _MAYBE, "leverage": _MAYBE}
                    ),
                }
            )
        ),
        "regimes": _many(
            _record(
                {
                    "periods": _COUNT,
                    "length": _MAYBE,
                    "estimates": _FIGURES,
                    "assets": _by_name(_FIGURES),
                    "kurtosis": _NUMBER,
                    "equilibrium": _record(
                        {
                            "parameters": _by_name(_MAYBE),
                            "status": _STATUS,
                            "columns": _FIGURES,
                            "statuses": _by_name(_COUNT),
                        }
                    ),
                    "risk": _FIGURES,
                    "portfolio": _or_null(
                        _record(
                            {
                                "weights": _by_name(_NUMBER),
                                "equilibrium": _or_null(_by_name(_NUMBER)),
                                "distance": _MAYBE,
                                "objective": _NUMBER,
                                "status": _one_of("ok", "unresolved"),
                                "risk": _FIGURES,
                            }
                        )
                    ),
                }
            )
        ),
    }
)

_LEARN = _document(
    {
        "game": _TEXT,
        "notion": _TEXT,
        "method": _TEXT,
        "seed": _COUNT,
        "steps": _COUNT,
        "parameters": _by_name(_TEXT),
        "seconds": _by_name(_NUMBER),
        "status": _one_of("ok", "unresolved"),
        "rows": _by_name(_by_name(_MAYBE)),
        "worse_than_guess": _many(_TEXT),
        "losses": _many(_MAYBE),
    }
)

_DOCTOR = _document(
    {
        "ok": _FLAG,
        "parts": _many(
            _record(
                {
                    "name": _TEXT,
                    "found": _FLAG,
                    "required": _FLAG,
                    "detail": _TEXT,
                    "enables": _TEXT,
                }
            )
        ),
    }
)

#: A program: names, constants, operations on numbers of entries, and which of these are results.
_CODE = _record(
    {
        "arguments": _many(_TEXT),
        "constants": _many(_TEXT),
        "steps": _many(_many({"type": ["string", "integer"]})),
        "outputs": _many(_COUNT),
    }
)
#: Mantissa, exponent of two, and radius.
_BALL = _tuple({"type": "integer"}, {"type": "integer"}, _NUMBER)
_GROWING = _record(
    {
        "functions": _many(_TEXT),
        "matrix": _ref("code"),
        "rate": _ref("code"),
        "start": _many(_ref("code")),
    }
)
_LYAPUNOV = _record(
    {
        "functions": _many(_COUNT),
        "finite": _FLAG,
        "P": _many(_many(_NUMBER)),
        "v": _many(_NUMBER),
        "shift": _NUMBER,
    }
)


_MOVING = _record(
    {
        "names": _many(_TEXT),
        "start": _ref("code"),
        "rates": _ref("code"),
        "end": _TEXT,
        "order": _COUNT,
        "after": {"anyOf": [{"type": "null"}, _ref("proof")]},
        "steps": _many(_record({"end": _TEXT, "over": _many(_BALL), "at": _many(_BALL)})),
    }
)
_PROOF = {
    "game": _TEXT,
    "parameters": _by_name(_TEXT),
    "at": _by_name(_TEXT),
    "names": _many(_TEXT),
    "equations": _ref("code"),
    "groups": _many({"type": "array"}),
    "number": {"type": ["integer", "null"]},
    "solutions": _many(_record({"boxes": _by_name(_BALL), "growth": _many(_LYAPUNOV)})),
    "selected": _COUNT,
    "moving": {"anyOf": [{"type": "null"}, _MOVING]},
    "open": _many(_TEXT),
    "explicit": _many(_tuple(_TEXT, _ref("code"))),
    "fixed": _many(_tuple(_many(_TEXT), _ref("code"))),
    "claims": _many(_tuple(_TEXT, _ref("code"))),
    "growth": _many(_GROWING),
    "play": _many(_tuple(_GROWING, _LYAPUNOV)),
    "results": _many(_tuple(_TEXT, _ref("code"), _MAYBE)),
    "types": _many(_ref("proof")),
    "averages": _many(_tuple(_TEXT, _ref("code"))),
}
_FACED = {"notion": _TEXT, "size": {"type": ["integer", "null"]}}
_DEFINITIONS |= {"code": _CODE, "proof": _record(_PROOF, _FACED)}
_CERTIFICATE = _document({"format": _TEXT, "bits": _COUNT, **_PROOF}, _FACED)

#: Equations of a source that Coq accepted: digests of the equation and of its theorems.
_FORMAL = _document(
    {"coq": _TEXT, "library": _TEXT, "displays": _by_name(_by_name(_tuple(_TEXT, _TEXT)))}
)


def _table(axes: int) -> Schema:
    """Numbers in so many dimensions."""
    return _many(_table(axes - 1)) if axes else _NUMBER


#: Tables by time, state and action; those that a law enters have its state and action last.
_FINITE = _document(
    {"horizon": _COUNT, "initial": _table(1), "reward": _table(3), "transition": _table(4)},
    {
        "reward_law": _table(5),
        "transition_law": _table(6),
        "log_weight": _table(3),
        "log_epsilon": _NUMBER,
        "legal": _table(3),
        "name": _TEXT,
    },
)

#: Every form by its name: what it is of, and its schema.
_FORMS: dict[str, tuple[str, Schema]] = {
    "anarchy": ("eqsolve anarchy", {"anyOf": [_COMPARED, _ALONG]}),
    "certificate": ("eqsolve solve --certificate FILE.json", _CERTIFICATE),
    "claims": ("eqsolve claims", _many(_CLAIM)),
    "converge": ("eqsolve converge", {"anyOf": [_CONVERGE, _CONVERGE_IN_TIME]}),
    "derive": ("eqsolve derive --format json", {"anyOf": [_STAGES, _many(_STEP)]}),
    "doctor": ("eqsolve doctor", _DOCTOR),
    "finite-game": ("the file of eqsolve.finite.write", _FINITE),
    "formal": ("the record of eqsolve prove: equations that Coq accepted", _FORMAL),
    "grid": ("to_dict() of the solutions that functions of eqsolve.pde return", _GRID),
    "latex-check": (
        "eqsolve latex --check",
        {"anyOf": [_PAPER, _document({"files": _many(_PAPER)})]},
    ),
    "learn": ("eqsolve learn", _LEARN),
    "ledger": ("eqsolve ledger", _many(_LEDGER_ROW)),
    "list": ("eqsolve list", _many({"anyOf": [_LIST_ROW, _BROKEN_ROW]})),
    "market": ("eqsolve market", _MARKET),
    "pde": ("eqsolve pde", _PDE),
    "prove": ("eqsolve prove", _many(_PROVE_ROW)),
    "roots": ("eqsolve roots", _ATLAS),
    "sensitivity": ("eqsolve sensitivity", _SENSITIVITY),
    "signs": ("eqsolve sensitivity --vary", _REGION),
    "simulate": ("eqsolve simulate", _SIMULATE),
    "sizes": ("eqsolve sizes", _many(_GRANULARITY)),
    "solve": ("eqsolve solve", _SOLVE),
    "sweep": ("what the files of eqsolve sweep say about themselves", _SWEEP),
    "table": ("eqsolve verify --table FILE.json", _TABLE),
    "verify": ("eqsolve verify", _VERIFY),
}


def forms() -> dict[str, str]:
    """What every form is of, by its name."""
    return {name: what for name, (what, _) in _FORMS.items()}


def schema(name: str) -> Schema:
    """The JSON Schema of a form, which refers to no other file.

    Raises
    ------
    InputError
        If there is no form of this name.
    """
    if name not in _FORMS:
        raise InputError(
            f"there is no form {name!r}.",
            stage="schema",
            remedy=f"{near(name, _FORMS)}Forms are {', '.join(_FORMS)}.",
        )
    what, body = _FORMS[name]
    return {
        "$schema": DIALECT,
        "$id": f"urn:eqsolve:schema:{SCHEMA}:{name}",
        "title": what,
        **body,
        "$defs": _DEFINITIONS,
    }
