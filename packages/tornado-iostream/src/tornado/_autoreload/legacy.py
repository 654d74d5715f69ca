"""Names of released versions' `tornado.autoreload` that programs use; see `tornado._legacy`."""

from __future__ import annotations

import os
import sys

from tornado import autoreload, process

#: Whether this system replaces a running program by another.
_has_execv = sys.platform != "win32"

#: What the module's command line noted about itself; programs read them to find out whether they run
#: under it.
_autoreload_is_main = False
_original_argv: list[str] | None = None
_original_spec = None


def _check_file(modify_times: dict[str, float], path: str) -> None:
    """Start the program again if ``path`` has changed since the last call with this dictionary."""
    try:
        modified = os.stat(path).st_mtime
    except OSError:
        return  # gone, or between the two steps of an editor's save
    if modify_times.setdefault(path, modified) != modified:
        autoreload._reload()


def _reload_on_update(modify_times: dict[str, float]) -> None:
    """Check the source of every module, and the files that `tornado.autoreload.watch` was given."""
    if autoreload._reload_attempted or process.task_id() is not None:
        return
    for module in list(sys.modules.values()):
        path = autoreload._source_of(module)
        if path is not None:
            _check_file(modify_times, path)
    for path in autoreload._watched_files:
        _check_file(modify_times, path)
