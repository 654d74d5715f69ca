"""The import of a module that is not installed goes in; an error that names its distribution comes out.

Python asks the finders in `sys.meta_path` in turn. The one here is the last, so it is asked only for
what no other finds, and it knows only this project's modules.
"""

import sys
from collections.abc import Mapping
from types import FrameType

__all__ = ["install", "leftovers", "message"]


def message(module: str, distribution: str) -> str:
    """Return what to tell someone who uses a module without its distribution."""
    text = (
        f"No module named {module!r}: it comes with the distribution"
        f" {distribution!r}: pip install {distribution}"
    )
    leftover = leftovers()
    return f"{text} ({leftover})" if leftover else text


def leftovers() -> str:
    """Return what to do if a released Tornado is installed beside this project; empty if none is.

    It has files in the same directory: those that ours did not replace fail on those that ours did.
    Looked up in the metadata only when something is missing, since that takes milliseconds.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution("tornado")
    except PackageNotFoundError:
        return ""
    # Ours of that name, the full stack, has no modules of its own.
    if not any(file.parts == ("tornado", "web.py") for file in found.files or ()):
        return ""
    return (
        f"the distribution 'tornado' {found.version} is installed in the same environment, and its"
        " files do not work with those of tornado-core: pip uninstall tornado, then install the"
        " distributions of this project again (pip install --force-reinstall)"
    )


class _Finder:
    """Finds nothing; raises for modules that it knows, if they are really to be imported."""

    def __init__(self, distributions: Mapping[str, str]) -> None:
        self.distributions = distributions

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        distribution = self.distributions.get(fullname)
        if distribution is None:
            return
        importing = _import_functions(sys._getframe(1))
        if "_find_and_load_unlocked" not in importing:
            return  # importlib.util.find_spec only asks, and expects None
        # "from tornado import web" swallows the error for the very module, for a poorer one.
        name = None if "_handle_fromlist" in importing else fullname
        raise ModuleNotFoundError(message(fullname, distribution), name=name)


def _import_functions(frame: FrameType | None) -> set[str]:
    """Return the names of the import system's functions that are calling."""
    names = set()
    while frame is not None and frame.f_code.co_filename == "<frozen importlib._bootstrap>":
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    return names


def install(distributions: Mapping[str, str]) -> None:
    """Tell the import system, once, which distribution holds each module (by its full name)."""
    if not any(type(finder).__module__ == __name__ for finder in sys.meta_path):
        sys.meta_path.append(_Finder(distributions))
