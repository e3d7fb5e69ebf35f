"""The folder of what is kept between processes: nobody else can write to it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path


def private_folder(name: str) -> Path | None:
    """A folder of the cache that nobody else can write to, which may not exist; None if none is."""
    chosen = os.environ.get("EQSOLVE_CACHE_DIR")
    bases = [Path(os.path.expanduser(chosen))] if chosen else []
    own = user_cache_path("eqsolve", appauthor=False)
    bases += [own] if own.is_absolute() else []  # it is not where nobody has a home
    for base in bases:
        if is_private(base / name):
            return base / name
    return None


def is_private(folder: Path) -> bool:
    """Whether nobody else can put anything into a folder, or put another one in its place."""
    if not hasattr(os, "getuid"):  # Windows: the folders of a user are the user's
        return True
    try:
        found = folder.stat()
        if found.st_uid != os.getuid() or found.st_mode & 0o022:
            return False
    except (FileNotFoundError, NotADirectoryError):
        pass  # whoever writes there will see
    except OSError:
        return False
    trusted = {os.getuid(), 0, os.stat("/").st_uid}  # in a container root may have another number
    for above in folder.absolute().parents:
        with suppress(FileNotFoundError, NotADirectoryError):
            found = above.stat()
            if found.st_uid not in trusted:
                return False
            if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
                return False
    return True
