#!/usr/bin/env bash
# zarr 3.0.8: a chunk that is lost reads as zeros, for floats too.
#
# An array made without fill_value gets 0. If the file of one chunk is lost after the run (a broken
# copy, a full disk), reading gives zeros in its place without an error. Where 0 means "ok" in a
# column of statuses, lost results look like good ones. Seen: [0. 0. 3. 4.] after [1. 2. 3. 4.].
# What helps: fill_value=nan for floats and a value outside the legal ones for codes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv .
bin/pip install --quiet zarr==3.0.8 numpy==2.2.6
bin/python - <<'PYTHON'
from pathlib import Path

import numpy as np
import zarr

values = np.array([1.0, 2.0, 3.0, 4.0])
array = zarr.create_array("results.zarr", shape=4, chunks=2, dtype="f8")
array[:] = values
Path("results.zarr/c/0").unlink()
found = zarr.open_array("results.zarr", mode="r")[:]
print(values, "->", found, "fill value", array.fill_value)
assert array.fill_value == 0, "the default is another one now"
assert (found == [0, 0, 3, 4]).all(), "a lost chunk is no longer read as zeros"
guarded = zarr.create_array(
    "guarded.zarr", shape=4, chunks=2, dtype="f8", fill_value=float("nan")
)
guarded[:] = values
Path("guarded.zarr/c/0").unlink()
assert np.isnan(zarr.open_array("guarded.zarr", mode="r")[:2]).all()
PYTHON
