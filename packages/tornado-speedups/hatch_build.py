"""Compile ``tornado.speedups`` when a wheel is built: one for all versions of Python from 3.10 on.

Only the limited API is used, so the wheel is tagged ``cp310-abi3``. The compiler is the one that Python
was built with, unless ``$CC`` names another; ``$CFLAGS`` and ``$LDFLAGS`` count as usual.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

SOURCE = Path("src", "tornado", "speedups.c")
NAME = "speedups.pyd" if sys.platform == "win32" else "speedups.abi3.so"


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds the compiled module to a wheel; an editable installation has it beside its source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the module.

        :param version: ``"editable"`` for an editable installation.
        """
        if self.target_name != "wheel":
            return
        source = Path(self.root, SOURCE)
        if version == "editable":
            compile_module(source, source.with_name(NAME))
        else:
            self._folder = tempfile.TemporaryDirectory()
            compiled = Path(self._folder.name, NAME)
            compile_module(source, compiled)
            build_data["force_include"][str(compiled)] = f"tornado/{NAME}"
        build_data["pure_python"] = False
        build_data["tag"] = f"cp310-abi3-{platform_tag()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was only needed for the wheel."""
        folder = getattr(self, "_folder", None)
        if folder is not None:
            folder.cleanup()


def platform_tag() -> str:
    """Return the tag of this machine; a distributor's wheel is retagged by auditwheel."""
    platforms = (tag.platform for tag in sys_tags())
    return next(each for each in platforms if "manylinux" not in each and "musllinux" not in each)


def compile_module(source: Path, target: Path) -> None:
    """Compile one C file to an extension module.

    :raises SystemExit: if that fails, with what the compiler said.
    """
    if sys.platform == "win32":
        _compile_with_setuptools(source, target)
        return
    linker = shlex.split(sysconfig.get_config_var("LDSHARED") or "cc -shared")
    if os.environ.get("CC"):
        linker[:1] = shlex.split(os.environ["CC"])
    command = [
        *linker,
        *shlex.split(sysconfig.get_config_var("CCSHARED") or ""),
        "-O3",
        "-Wall",
        "-Wextra",
        *shlex.split(os.environ.get("CFLAGS", "")),
        "-I" + sysconfig.get_path("include"),
        "-I" + sysconfig.get_path("platinclude"),
        str(source),
        "-o",
        str(target),
        *shlex.split(os.environ.get("LDFLAGS", "")),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise SystemExit(
            f"tornado-speedups needs a C compiler: {error}."
            " Everything works without this distribution, only large WebSocket messages more slowly."
        ) from error
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} failed:\n{done.stdout}{done.stderr}")


def _compile_with_setuptools(source: Path, target: Path) -> None:
    """Compile where the compiler is not on the path, as setuptools knows how to find it."""
    from setuptools import Distribution, Extension  # declared for this system only
    from setuptools.command.build_ext import build_ext

    extension = Extension("speedups", [str(source)], py_limited_api=True)
    command = build_ext(Distribution({"ext_modules": [extension]}))
    with tempfile.TemporaryDirectory() as folder:
        command.build_lib = command.build_temp = folder
        command.ensure_finalized()
        command.run()
        target.write_bytes(Path(command.get_ext_fullpath("speedups")).read_bytes())
