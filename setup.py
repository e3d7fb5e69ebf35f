"""The step of the build that setup.cfg cannot name: setuptools-rust enters its own before that."""

import sys
from pathlib import Path

from setuptools import setup

# a build leaves nothing beside the sources, and packs no compiled code
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))

from eqsolve.ship import WithPrograms  # noqa: E402

setup(cmdclass={"build_py": WithPrograms})
