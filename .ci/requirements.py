"""Print the requirements of setup.cfg with those of the extra sweep."""

from configparser import ConfigParser
from pathlib import Path

config = ConfigParser()
config.read(Path(__file__).parents[1] / "setup.cfg", encoding="utf-8")
groups = config["options"]["install_requires"], config["options.extras_require"]["sweep"]
print("\n".join(line for group in groups for line in group.splitlines() if line))
