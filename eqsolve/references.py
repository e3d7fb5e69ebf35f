"""References as text and for BibTeX: that of eqsolve, and those of the methods that it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eqsolve.distribution import VERSION

#: The field for where something appeared, by the kind of entry.
_WHERE = {"article": "journal", "inproceedings": "booktitle"}
_BIBTEX = str.maketrans({c: f"\\{c}" for c in "&%$#_{}"})


@dataclass(frozen=True)
class Reference:
    """A publication or a program.

    Attributes
    ----------
    key, kind : of BibTeX, such as ``article``.
    authors : people as BibTeX separates them, by ``and``; or a group.
    where : the journal with volume and pages, or where the program is.
    doi, arxiv : identifiers, or empty.
    """

    key: str
    kind: str
    authors: str
    title: str
    year: int = 0
    where: str = ""
    doi: str = ""
    arxiv: str = ""

    def __str__(self) -> str:
        identifiers = f"doi:{self.doi}" * bool(self.doi), f"arXiv:{self.arxiv}" * bool(self.arxiv)
        when = f" ({self.year})" if self.year else ""
        parts = (f"{self.authors}{when}", self.title, self.where, *identifiers)
        return ". ".join(filter(None, parts)) + "."

    @property
    def bibtex(self) -> str:
        """The entry for BibTeX."""
        fields = {
            # a group is one name
            "author": self.authors if "," in self.authors else f"{{{self.authors}}}",
            # braces keep capitals
            "title": f"{{{self.title.translate(_BIBTEX)}}}",
            "year": str(self.year or ""),
            _WHERE.get(self.kind, "howpublished"): self.where.translate(_BIBTEX),
            "doi": self.doi,
            "eprint": self.arxiv,
            "archiveprefix": "arXiv" if self.arxiv else "",
        }
        lines = (f"  {name} = {{{text}}}," for name, text in fields.items() if text)
        return "\n".join((f"@{self.kind}{{{self.key},", *lines, "}"))


@dataclass(frozen=True)
class Citation:
    """The references of a result; printed they are a text with a line each."""

    references: tuple[Reference, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.references))

    @property
    def bibtex(self) -> str:
        """All entries for BibTeX."""
        return "\n\n".join(reference.bibtex for reference in self.references) + "\n"


#: As CITATION.cff has it.
OWN = Reference("eqsolve", "misc", "the eqsolve developers", "eqsolve", where=f"Version {VERSION}")

#: What computes, by a short name.
METHODS = {
    "sympy": Reference(
        "sympy",
        "article",
        "Meurer, A. and others",
        "SymPy: symbolic computing in Python",
        2017,
        "PeerJ Computer Science 3, e103",
        "10.7717/peerj-cs.103",
    ),
    "arb": Reference(
        "arb",
        "article",
        "Johansson, F.",
        "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic",
        2017,
        "IEEE Transactions on Computers 66, 1281-1292",
        "10.1109/TC.2017.2690633",
    ),
    "krawczyk": Reference(
        "krawczyk",
        "article",
        "Krawczyk, R.",
        "Newton-Algorithmen zur Bestimmung von Nullstellen mit Fehlerschranken",
        1969,
        "Computing 4, 187-201",
        "10.1007/BF02234767",
    ),
    "numpy": Reference(
        "numpy",
        "article",
        "Harris, C. R. and others",
        "Array programming with NumPy",
        2020,
        "Nature 585, 357-362",
        "10.1038/s41586-020-2649-2",
    ),
    "scipy": Reference(
        "scipy",
        "article",
        "Virtanen, P. and others",
        "SciPy 1.0: fundamental algorithms for scientific computing in Python",
        2020,
        "Nature Methods 17, 261-272",
        "10.1038/s41592-019-0686-2",
    ),
    "numba": Reference(
        "numba",
        "inproceedings",
        "Lam, S. K. and Pitrou, A. and Seibert, S.",
        "Numba: a LLVM-based Python JIT compiler",
        2015,
        "Proceedings of the Second Workshop on the LLVM Compiler Infrastructure in HPC",
        "10.1145/2833157.2833162",
    ),
    "xarray": Reference(
        "xarray",
        "article",
        "Hoyer, S. and Hamman, J.",
        "xarray: N-D labeled arrays and datasets in Python",
        2017,
        "Journal of Open Research Software 5, 10",
        "10.5334/jors.148",
    ),
    "stationary-bootstrap": Reference(
        "stationary-bootstrap",
        "article",
        "Politis, D. N. and Romano, J. P.",
        "The stationary bootstrap",
        1994,
        "Journal of the American Statistical Association 89, 1303-1313",
        "10.1080/01621459.1994.10476870",
    ),
    "local-whittle": Reference(
        "local-whittle",
        "article",
        "Robinson, P. M.",
        "Gaussian semiparametric estimation of long range dependence",
        1995,
        "Annals of Statistics 23, 1630-1661",
        "10.1214/aos/1176324317",
    ),
    "differential-evolution": Reference(
        "differential-evolution",
        "article",
        "Storn, R. and Price, K.",
        "Differential evolution: a simple and efficient heuristic for global optimization over "
        "continuous spaces",
        1997,
        "Journal of Global Optimization 11, 341-359",
        "10.1023/A:1008202821328",
    ),
    **{
        name: Reference(name, "misc", authors, title, where=where)
        for name, authors, title, where in (
            (
                "empyrical",
                "Quantopian and contributors",
                "empyrical-reloaded: risk measures of returns",
                "https://github.com/stefan-jansen/empyrical-reloaded",
            ),
            (
                "arch",
                "Sheppard, K. and others",
                "arch: autoregressive conditional heteroskedasticity and bootstraps in Python",
                "https://github.com/bashtage/arch",
            ),
            (
                "hmmlearn",
                "hmmlearn developers",
                "hmmlearn: hidden Markov models in Python",
                "https://github.com/hmmlearn/hmmlearn",
            ),
        )
    },
}


def collected(references: Iterable[Reference]) -> Citation:
    """References, each once."""
    return Citation(tuple(dict.fromkeys(references)))
