"""The newest releases of widely used programs resolve and install beside our wheels.

An installer that finds a requirement it cannot meet steps back to an old release, silently. So the resolution
with our wheels has to be the one that a released Tornado gets.
"""

from __future__ import annotations

import sys

import pytest

from conftest import uv

PROGRAMS = ["flower", "thumbor", "luigi", "jupyterlab", "bokeh", "distributed", "streamlit"]


def resolved(requirements: str, tmp_path, *arguments: str) -> dict[str, str]:
    """Return name -> version of everything that installing `requirements` would bring."""
    wanted = tmp_path / "requirements.in"
    wanted.write_text(requirements, "utf-8")
    done = uv("pip", "compile", "-q", "--python", sys.executable, *arguments, str(wanted))
    assert done.returncode == 0, done.stderr
    lines = [line.split("#")[0].strip() for line in done.stdout.splitlines()]
    return dict(line.split("==") for line in lines if "==" in line)


def is_ours(name: str) -> bool:
    return name == "tornado" or name.startswith("tornado-")


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_stepping_back(name, pins, tmp_path):
    released = resolved(f"{name}\ntornado<7\n", tmp_path)
    ours = resolved(
        f"{name}\ntornado\n", tmp_path, "-c", str(pins), "--find-links", str(pins.parent)
    )
    assert ours[name] == released[name]
    others = {n: v for n, v in released.items() if not is_ours(n)}
    assert {n: v for n, v in ours.items() if not is_ours(n) and n in others} == others


def test_all_of_them_in_one_environment(installed):
    home = installed(*PROGRAMS)
    done = uv("pip", "check", "--python", str(home.python))
    assert done.returncode == 0, done.stdout + done.stderr
    home.run(
        "import bokeh, distributed, flower, jupyterlab, luigi, streamlit, thumbor, tornado.web"
    )
