"""The source distribution is complete, and the wheel that is installed works elsewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from setuptools import Distribution
from setuptools.command.build_py import build_py

import lowest
from eqsolve import ship
from eqsolve.distribution import NAME, VERSION

ROOT = Path(__file__).resolve().parents[1]

# Where the folders of the repository are installed.
INSTALLED_AS = {
    "eqsolve": "eqsolve",
    "derivations": "eqsolve/derivations",
    "paper": "eqsolve/paper",
    "templates": "eqsolve/templates",
    "paper_figures": "eqsolve/paper_figures",
}
STEM = f"{NAME.replace('-', '_')}-{VERSION}"
FOLDERS = (*INSTALLED_AS, "rust", "tests", "benchmarks", "docs", ".ci")
FILES = (
    ".pre-commit-hooks.yaml",
    ".zenodo.json",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "MANIFEST.in",
    "Makefile",
    "README.md",
    "pyproject.toml",
    "requirements.lock",
    "setup.cfg",
    "setup.py",
)
GENERATED = shutil.ignore_patterns(
    "__pycache__", "*.py[cod]", "*.nb[ic]", "*.so", "target", "_build", "gallery", "generated"
)


def test_the_distribution_has_one_name_and_one_version() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert config["metadata"]["name"] == NAME
    assert config["metadata"]["version"] == "attr: eqsolve.distribution.VERSION"
    assert f"\nversion: {VERSION}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {VERSION} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_extra_is_explained() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    assert set(config["options.extras_require"]) <= set(rows)


def test_archives_are_told_what_the_citation_says() -> None:
    """.zenodo.json and CITATION.cff."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    archived = json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))
    for name in ("title", "version", "license", "keywords"):
        assert archived[name] == cited[name]
    assert archived["creators"] == cited["authors"]
    (related,) = archived["related_identifiers"]
    (reference,) = cited["references"]
    assert [related["identifier"]] == [row["value"] for row in reference["identifiers"]]


def _locked(text: str) -> list[tuple[Requirement, int]]:
    """What a lock file pins, and how many hashes it has."""
    entries = text.replace("\\\n", " ").splitlines()
    split = [line.split("--hash=sha256:") for line in entries if line and line[0] != "#"]
    return [(Requirement(head), len(hashes)) for head, *hashes in split]


def _unlocked(text: str, minor: int) -> set[str]:
    """What setup.cfg requires and a lock file does not pin, with hashes, for a Python."""
    env = {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0"}
    pins = {}
    for pin, hashes in _locked(text):
        if pin.marker is None or pin.marker.evaluate(env):
            (only,) = pin.specifier
            assert only.operator == "==" and pin.name not in pins
            if hashes:
                pins[canonicalize_name(pin.name)] = only.version
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    groups = config["options"]["install_requires"], config["options.extras_require"]["sweep"]
    required = [Requirement(line) for group in groups for line in group.split()]
    return {
        r.name
        for r in required
        if not r.specifier.contains(pins.get(canonicalize_name(r.name), "0"))
    }


@pytest.mark.parametrize("minor", [11, 12, 13, 14])
def test_the_lock_file_pins_what_is_required(minor: int) -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert _unlocked(text, minor) == set()
    assert re.search(r"index-url|find-links|://|^-", text, re.M) is None
    assert _unlocked(text.replace("sympy==1.", "sympy==0."), minor) == {"sympy"}
    bare = re.sub(r"(tqdm==\S+) \\\n( +--hash\S+( \\)?\n)+", r"\1\n", text)
    assert bare != text and _unlocked(bare, minor) == {"tqdm"}


def test_every_python_that_is_promised_is_tried() -> None:
    """The classifiers, the script that builds wheels, and cibuildwheel."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    minors = re.findall(r"Python :: 3\.(\d+)$", config["metadata"]["classifiers"], re.M)
    script = (ROOT / ".ci" / "wheels").read_text(encoding="utf-8")
    assert re.findall(r"^for minor in (.*); do$", script, re.M) == [" ".join(minors)]
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert table["tool"]["cibuildwheel"]["build"] == [f"cp3{minor}-*" for minor in minors]


def test_every_requirement_has_a_lowest_version(tmp_path: Path) -> None:
    """What ``make lowest`` installs: one version of every requirement."""
    found = dict(line.split("==") for line in lowest.constraints())
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    required = re.findall(r"^([\w-]+)>=", config["options"]["install_requires"], re.M)
    assert len(required) > 12 and set(required) <= set(found)
    assert all(re.fullmatch(r"[0-9.]+", version) for version in found.values())
    text = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    (tmp_path / "setup.cfg").write_text(text.replace("click>=", "click>"), encoding="utf-8")
    with pytest.raises(ValueError, match="'click>.*' in setup.cfg has no lower bound"):
        lowest.constraints(tmp_path / "setup.cfg")


def test_what_derives_for_a_wheel_is_required_by_its_build() -> None:
    """With the bounds of what is installed: keys of programs hold the versions of libraries."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    installed = set(config["options"]["install_requires"].split())
    built = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    derives = {line for line in built["requires"] if not line.startswith("setuptools")}
    assert len(derives) > 5 and derives <= installed


#: What would have somebody install a package; the stranger's name stands where ours should.
INSTALLS = re.compile(r"""pip\s+install\s[^\n]*|\beqsolve\[\w+\]""")
STRANGER = re.compile(r"""(?<![\w./-])eqsolve(?![\w./-])""")


def _names_the_stranger(text: str) -> bool:
    return any(STRANGER.search(match.group()) for match in INSTALLS.finditer(text))


def test_programs_are_derived_with_the_packages_of_the_build(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """pip names those of an isolated build in the environment."""
    seen: dict[str, str] = {}
    monkeypatch.setattr(build_py, "run", lambda self: None)
    monkeypatch.setattr(ship.subprocess, "run", lambda *command, env, **how: seen.update(env))
    monkeypatch.setenv("PYTHONPATH", "packages-of-the-build")
    monkeypatch.chdir(tmp_path)
    step = ship.WithPrograms(Distribution({"name": "any"}))
    step.build_lib = str(tmp_path)
    step.run()
    first, *_, last = seen["PYTHONPATH"].split(os.pathsep)
    assert (first, last) == (str(tmp_path), "packages-of-the-build")


def test_no_message_names_a_package_that_is_not_ours() -> None:
    """On the public index ``eqsolve`` is not this program."""
    folders = [ROOT / name for name in FOLDERS if name != "rust"]
    paths = [*ROOT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    kinds = (".py", ".md", ".cfg", ".toml", ".jinja", ".yml", "")
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in paths
        if path.is_file() and path.suffix in kinds and path != Path(__file__)
    }
    assert len(texts) > 300
    assert [str(path) for path, text in texts.items() if _names_the_stranger(text)] == []


@pytest.mark.parametrize(
    "text", ["pip install eqsolve", "pip install 'eqsolve[sweep]'", "Install it: eqsolve[sweep]"]
)
def test_the_name_of_the_stranger_is_seen(text: str) -> None:
    assert _names_the_stranger(text)
    assert not _names_the_stranger(text.replace("eqsolve", NAME))


def files_below(folder: Path) -> Iterator[str]:
    """Yield the paths of all files below ``folder``, relative to it."""
    return (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command and return its output; on failure the test shows all of it."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def clean_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the sources without anything that a build or a run leaves behind."""
    copy = tmp_path_factory.mktemp("packaging") / "copy"
    copy.mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, copy)
    for name in FOLDERS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=GENERATED)
    return copy


@pytest.fixture(scope="module")
def sdist(clean_copy: Path) -> Path:
    """Return the folder of the unpacked source distribution of the clean copy."""
    out = clean_copy.parent / "sdist"
    build = (sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", out, ".")
    run(*build, cwd=clean_copy)
    with tarfile.open(out / f"{STEM}.tar.gz") as archive:
        archive.extractall(out, filter="data")
    return out / STEM


@pytest.fixture(scope="module")
def wheel() -> Path:
    """Return the wheel that is installed, built from its source distribution."""
    run("make", "--silent", "dist/.built", cwd=ROOT)
    (built,) = (ROOT / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the scripts folder of a new environment that holds the wheel.

    The dependencies are those of the present environment, which comes later on
    the new one's path: eqsolve itself is found in the new one.
    """
    new = tmp_path_factory.mktemp("elsewhere") / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", new, cwd=new.parent)
    scripts = Path(sysconfig.get_path("scripts", "venv", {"base": str(new)}))
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(new)}))
    pip = (sys.executable, "-m", "pip", "--python", scripts / "python", "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", wheel, cwd=new.parent)
    # Only now, or pip would take eqsolve for installed.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return scripts


@pytest.mark.slow
def test_sdist_is_complete(clean_copy: Path, sdist: Path) -> None:
    assert set(files_below(clean_copy)) <= set(files_below(sdist))


@pytest.mark.slow
def test_wheel_holds_every_source_and_nothing_else(clean_copy: Path, wheel: Path) -> None:
    expected = {
        f"{target}/{name}"
        for folder, target in INSTALLED_AS.items()
        for name in files_below(clean_copy / folder)
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    extension = {name for name in packed if name.startswith("eqsolve/_grid.") and "abi3" in name}
    rooms = ("eqsolve/program/shipped/", "eqsolve/kernels/shipped/")
    shipped = {name for name in packed if name.startswith(rooms)}
    assert len(extension) == 1 and len(shipped) > 30
    assert packed - extension - shipped == expected
    assert "-cp311-abi3-" in wheel.name


@pytest.mark.slow
def test_wheel_works_elsewhere(elsewhere: Path, tmp_path: Path) -> None:
    assert VERSION in run(elsewhere / "eqsolve", "--version", cwd=tmp_path)
    names = ("_grid", "cli", "derivations", "paper", "templates", "paper_figures")
    script = f"""
import importlib, importlib.resources
for name in {names}:
    print(importlib.import_module("eqsolve." + name).__file__)
templates = importlib.resources.files("eqsolve.templates").iterdir()
assert any(path.name.endswith(".jinja") for path in templates)
"""
    files = run(elsewhere / "python", "-c", script, cwd=tmp_path).split()
    assert len(files) == len(names)
    assert all(Path(file).is_relative_to(elsewhere.parent) for file in files)


@pytest.mark.slow
def test_a_shipped_program_answers_without_deriving(elsewhere: Path, tmp_path: Path) -> None:
    """On a new machine, where nothing was kept; and the answer is that of a derivation."""
    script = """
import sys
import eqsolve
answer = eqsolve.solve("regulator", {"sigma": "1/2", "lambda": "1/4"}).to_dict()
print("sympy" in sys.modules, answer)
"""
    found = {}
    for off in ("", "1"):
        env = {"EQSOLVE_CACHE_DIR": str(tmp_path / "cache"), "EQSOLVE_NO_PROGRAMS": off}
        out = run(elsewhere / "python", "-c", script, cwd=tmp_path, env=env)
        derived, found[off] = out.split(maxsplit=1)
        assert derived == str(bool(off))
    assert found[""] == found["1"] and "'ok'" in found[""]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("derive", "n-agent"),
        ("derive", "regulator", "--format", "latex"),
        ("solve", "mean-field", "--set", "S1"),
    ],
)
def test_what_is_told_of_games_is_shipped(
    words: tuple[str, ...], elsewhere: Path, tmp_path: Path
) -> None:
    script = """
import sys
from eqsolve.cli import main
sys.argv[0] = "eqsolve"
try:
    main()
finally:
    print("sympy" in sys.modules)
"""
    found = []
    for off in ("", "1"):
        env = {"EQSOLVE_CACHE_DIR": str(tmp_path / "cache"), "EQSOLVE_NO_PROGRAMS": off}
        out = run(elsewhere / "python", "-c", script, *words, cwd=tmp_path, env=env)
        *text, derived = out.splitlines()
        assert derived == str(bool(off)) and text
        found.append(text)
    assert found[0] == found[1]


def test_tests_see_the_extension_module() -> None:
    """The sources in the present folder do not hide the installed package."""
    script = "import eqsolve._grid, eqsolve.derivations, eqsolve.paper, eqsolve.templates"
    run(sys.executable, "-P", "-c", script, cwd=ROOT)
