"""The test suites that other projects were released with, against our wheels.

What does not pass is listed, with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import RELEASE

#: Where checkouts of projects are whose source distributions hold no tests: a folder each, by its name.
CHECKOUTS = os.environ.get("TORNADO_PROGRAMS_SOURCES", "")

JUPYTER_SERVER = (
    # Alone it fails under Tornado 6.6.1 too: it gives a kernel a second to respond.
    "tests/services/kernels/test_connection.py::test_disconnect_resolves_orphaned_kernel_info_future",
    # Now and then it fails there too: half a second is little for a kernel to lose a connection. What
    # it leaves open then fails another test.
    "tests/services/sessions/test_api.py::test_restart_kernel",
    # These start a server that refuses to be root, and leave variables behind that fail others.
    *(("tests/extension/test_launch.py",) if os.geteuid() == 0 else ()),
)

WEBSSH = (
    # They fail under Tornado 6.6.1 too, with the newest paramiko.
    "tests/test_handler.py::TestPrivateKey::test_get_pkey_obj_with_encrypted_ed25519_key",
    "tests/test_handler.py::TestPrivateKey::test_get_pkey_obj_with_encrypted_new_rsa_key",
    "tests/test_handler.py::TestPrivateKey::test_get_pkey_obj_with_plain_new_dsa_key",
    # Content over a limit is 413 here (RFC 9110 section 15.5.14), where 6.6.1 sends 400.
    "tests/test_app.py::TestAppBasic::test_app_post_form_with_large_body_size_by_multipart_form",
    "tests/test_app.py::TestAppBasic::test_app_post_form_with_large_body_size_by_urlencoded_form",
)

STREAMZ = (
    # They fail under Tornado 6.6.1 too: pytest without a plugin for coroutines, and measured times.
    "streamz/tests/test_core.py::test_backpressure_connect_empty_stream",
    "streamz/tests/test_core.py::test_map_async",
    "streamz/tests/test_core.py::test_map_async_restart",
    "streamz/tests/test_core.py::test_map_async_tornado",
    "streamz/tests/test_core.py::test_timed_window_timedelta",
    "streamz/tests/test_dask.py::test_buffer",
)

#: project -> (what its tests need, where they are in its source distribution, what does not pass)
SUITES: dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]] = {
    "jupyter_server": (("jupyter_server[test]", "jupyterlab"), "tests", JUPYTER_SERVER),
    "jupyter_server_terminals": (("jupyter_server_terminals[test]",), "tests", ()),
    "terminado": (("terminado[test]", "pytest"), "tests", ()),
    "streamz": (
        ("streamz", "pytest", "flaky", "requests", "distributed", "dask[dataframe]"),
        "streamz/tests",
        STREAMZ,
    ),
    "flower": (("flower", "pytest", "packaging", "redis"), "tests/unit", ()),
    "webssh": (("webssh", "pytest", "mock"), "tests", WEBSSH),
}


def sources(name: str, version: str) -> Path:
    """Return a project's source distribution, from the cache or the package index."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "tornado-tests" / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}.tar.gz"
    if not path.exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:"]
        done = subprocess.run(
            [*command, "-d", str(folder), f"{name}=={version}"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    return path


@pytest.mark.long
@pytest.mark.parametrize("name", SUITES)
def test_suite(name, installed):
    requirements, tests, known = SUITES[name]
    home = installed(*requirements)
    with tarfile.open(sources(name, home.version(name))) as tar:
        tar.extractall(home.folder, filter="data")
    folder = next(home.folder.glob(f"{name}-*"))
    run_suite(home, folder, [tests], known)


def run_suite(home, folder: Path, tests: list[str], known: tuple[str, ...]) -> None:
    command = ["python", "-m", "pytest", "-q", "--tb=short", "-ra", *tests]
    command += [f"--deselect={test}" for test in known]
    if RELEASE:
        command += ["-W", "ignore::DeprecationWarning"]  # what 6.6.1 deprecated is no error there
    try:
        home.call(*command, timeout=1500, cwd=folder)
    except AssertionError:
        # Some of these suites measure time: what failed has a second chance, alone.
        home.call(
            *command, "--last-failed", "--last-failed-no-failures=none", timeout=900, cwd=folder
        )


@dataclass(frozen=True)
class Checkout:
    """A project whose tests are only in its repository."""

    #: Its owner and name on GitHub.
    repository: str
    #: What is checked out: the tests belong to this version.
    tag: str
    #: What its tests need; the project itself at that version among it.
    requirements: tuple[str, ...]
    #: The files and folders of the checkout that are used.
    parts: tuple[str, ...]
    tests: tuple[str, ...]
    #: What does not pass, with the reason beside it.
    known: tuple[str, ...] = ()

    def copy(self, name: str, target: Path) -> Path:
        """Copy the parts to `target`; skip with one line where there is no checkout."""
        source = Path(CHECKOUTS) / name
        if not CHECKOUTS or not source.is_dir():
            pytest.skip(
                f"needs {self.repository} at {self.tag}: check it out as a folder {name}, and set "
                "TORNADO_PROGRAMS_SOURCES to the folder that holds it"
            )
        folder = target / name
        for part in self.parts:
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            if (source / part).is_dir():
                shutil.copytree(source / part, folder / part)
            else:
                shutil.copy(source / part, folder / part)
        return folder


BOKEH = Checkout(
    "bokeh/bokeh",
    "3.6.0",
    (
        "bokeh==3.6.0",
        "pytest<8",
        "pytest-asyncio<0.22",
        "pytest-timeout",
        "beautifulsoup4",
        "flaky",
        "ipython",
        "nbconvert",
        "networkx",
        "requests",
        "selenium",
    ),
    ("pyproject.toml", "tests/__init__.py", "tests/conftest.py", "tests/support", "tests/unit"),
    ("tests/unit/bokeh/server", "tests/unit/bokeh/client"),
    # Accept-Encoding names all that the client decodes, of which 6.6.1 knows gzip alone.
    ("tests/unit/bokeh/server/test_server__server.py::test__exclude_headers",),
)

DISTRIBUTED = Checkout(
    "dask/distributed",
    "2026.7.1",
    (
        "distributed==2026.7.1",
        "bokeh",
        "cryptography",
        "dask[dataframe]",
        "ipykernel",
        "ipywidgets",
        "prometheus_client",
        "pytest",
        "pytest-rerunfailures",
        "pytest-timeout",
        "requests",
    ),
    ("pyproject.toml", "conftest.py", "distributed", "docs/source/prometheus.rst"),
    ("distributed/comm", "distributed/http"),
    # They fail under Tornado 6.6.1 too: the page shows another frame of the stack than the test
    # looks for, and a container has no IPv6.
    (
        "distributed/http/scheduler/tests/test_scheduler_http.py::test_call_stack_page",
        "distributed/comm/tests/test_comms.py::test_default_client_server_ipv6",
        "distributed/comm/tests/test_comms.py::test_tcp_client_server_ipv6",
    ),
)

STREAMLIT = Checkout(
    "streamlit/streamlit",
    "1.39.0",
    (
        "streamlit==1.39.0",
        "hypothesis",
        "parameterized",
        "pytest",
        "pytest-mock",
        "requests-mock",
        "testfixtures",
    ),
    ("lib/tests",),
    ("lib/tests/streamlit/web",),
    # It fails under Tornado 6.6.1 too.
    (
        "lib/tests/streamlit/web/server/server_test.py::ScriptCheckEndpointDoesNotExistTest::test_endpoint",
    ),
)

TORNADO_REDIS = Checkout(
    "leporo/tornado-redis",
    "master",
    ("tornado-redis", "pytest", "mock"),
    ("tornadoredis",),
    ("tornadoredis/tests",),
)


@pytest.mark.parametrize("project", [BOKEH, DISTRIBUTED, STREAMLIT, TORNADO_REDIS])
def test_the_nightly_run_checks_out_the_same(project):
    workflow = Path(__file__).parents[2] / ".github" / "workflows" / "nightly.yml"
    lines = [line.strip() for line in workflow.read_text("utf-8").splitlines()]
    at = lines.index(f"repository: {project.repository}")
    name = project.repository.partition("/")[2]
    assert lines[at + 1 : at + 3] == [f"ref: {project.tag}", f"path: sources/{name}"]


@pytest.mark.long
@pytest.mark.parametrize(
    "project", [BOKEH, DISTRIBUTED, STREAMLIT], ids=["bokeh", "distributed", "streamlit"]
)
def test_suite_of_a_checkout(project, request, installed, tmp_path):
    folder = project.copy(request.node.callspec.id, tmp_path)
    run_suite(installed(*project.requirements), folder, [*project.tests], project.known)


@pytest.mark.long
@pytest.mark.skipif(bool(RELEASE), reason="does not import without gen.Task, which 6.0 removed")
def test_suite_of_tornado_redis(installed, redis_server, tmp_path):
    folder = TORNADO_REDIS.copy("tornado-redis", tmp_path)
    for path in folder.glob("tornadoredis/**/*.py"):
        text = path.read_text("utf-8").replace("6379", str(redis_server))
        path.write_text(text, "utf-8")
    run_suite(installed(*TORNADO_REDIS.requirements), folder, [*TORNADO_REDIS.tests], ())
