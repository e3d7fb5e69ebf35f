"""Everything the file of a game needs: ``from eqsolve.game import Game, Model, State, ...``."""

from eqsolve.game.ansatz import Ansatz
from eqsolve.game.game import (
    Clock,
    Crowd,
    Game,
    Horizon,
    Law,
    Moment,
    Notion,
    Player,
    Preference,
    State,
    expected,
    t,
)
from eqsolve.game.model import Model
from eqsolve.game.vocabulary import (
    Letter,
    Vocabulary,
    correlation,
    nonnegative,
    nonzero,
    parameter,
    positive,
    real,
)

__all__ = [
    "Ansatz",
    "Clock",
    "Crowd",
    "Game",
    "Horizon",
    "Law",
    "Letter",
    "Model",
    "Moment",
    "Notion",
    "Player",
    "Preference",
    "State",
    "Vocabulary",
    "correlation",
    "expected",
    "nonnegative",
    "nonzero",
    "parameter",
    "positive",
    "real",
    "t",
]
