#!/usr/bin/env bash
# open_spiel 2.0.2: the exploitability of mfg_crowd_modelling leaves the last action out.
#
# A decision node's reward has the cost of the action that was taken before, but the node's string
# is "(x, t)" without it. PolicyValue and BestResponseValue keep values by the string, so that the
# node that is visited first gives its cost to all others of the name. With 4 places, horizon 3 and
# the uniform policy NashConv says 0.31944 (23/72); following every history by itself, with the same
# laws, the gain is 1/3. Nothing is raised or logged. mfg_crowd_modelling, in C++, has the same nodes
# and gives the same number. Seen as stated below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
bin/pip install --quiet open_spiel==2.0.2
bin/python - <<'PYTHON'
import pyspiel
from open_spiel.python import policy as policies
from open_spiel.python.mfg.algorithms import distribution, nash_conv
from open_spiel.python.mfg.games import crowd_modelling  # registers the game

for name in ("python_mfg_crowd_modelling", "mfg_crowd_modelling"):
    game = pyspiel.load_game(name, {"size": 4, "horizon": 3})
    uniform = policies.UniformRandomPolicy(game)
    laws = distribution.DistributionPolicy(game, uniform)

    def value(node, best):
        """By every history, without a table."""
        reward = node.rewards()[0]
        if node.is_terminal():
            return reward
        player = node.current_player()
        if player == pyspiel.PlayerId.CHANCE:
            return sum(p * value(node.child(a), best) for a, p in node.chance_outcomes())
        if player == pyspiel.PlayerId.MEAN_FIELD:
            told = node.clone()
            told.update_distribution([laws.value_str(s, 0.0) for s in node.distribution_support()])
            return reward + value(told, best)
        found = [value(node.child(a), best) for a in node.legal_actions()]
        return reward + (max(found) if best else sum(found) / len(found))

    start = game.new_initial_state()
    exact = value(start, True) - value(start, False)
    said = nash_conv.NashConv(game, uniform).nash_conv()
    print(name, "NashConv", said, "by every history", exact)
    assert abs(exact - 1 / 3) < 1e-9, exact
    assert abs(said - 23 / 72) < 1e-9, "the last action now counts"
PYTHON
