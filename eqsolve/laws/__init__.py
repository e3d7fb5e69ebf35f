"""Laws of a state: on the line by their partial moments, distances, quantizers and trees."""

from eqsolve.laws.distance import gaussian_distance, wasserstein
from eqsolve.laws.line import Atoms, Density, Line, Normal, Normals
from eqsolve.laws.quantize import Quantizer, quantize
from eqsolve.laws.tree import Tree, diffusion, tree

__all__ = [
    "Atoms",
    "Density",
    "Line",
    "Normal",
    "Normals",
    "Quantizer",
    "Tree",
    "diffusion",
    "gaussian_distance",
    "quantize",
    "tree",
    "wasserstein",
]
