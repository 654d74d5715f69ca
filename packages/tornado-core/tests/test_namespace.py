"""The `tornado` package: its version, its lazy modules, and what it says where one is missing."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import tornado

CORE_FILES = ("__init__.py", "_missing.py", "util.py", "log.py", "options.py")


@pytest.fixture
def core_alone(tmp_path):
    """A directory for ``sys.path`` that holds nothing but the package's own files."""
    source = os.path.dirname(tornado.__file__)
    package = tmp_path / "tornado"
    for part in ("_core", "_options", "_legacy"):
        shutil.copytree(os.path.join(source, part), package / part)
    for name in CORE_FILES:
        shutil.copy(os.path.join(source, name), package / name)
    return tmp_path


def run(directory, code):
    """Run code that sets `result`, in a process that sees only the directory and the standard library."""
    script = f"import sys, json\nsys.path.insert(0, {str(directory)!r})\n{code}\nprint(json.dumps(result))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_version():
    assert tornado.version == "6.100.0"
    assert tornado.version_info == (6, 100, 0, 0)
    assert ".".join(map(str, tornado.version_info[:3])) == tornado.version


def test_version_is_above_every_released_one():
    assert tornado.version_info > (6, 6, 1, 0)


def test_all():
    assert {"log", "options", "util"} <= set(tornado.__all__)
    assert all(hasattr(tornado, name) for name in tornado.__all__)


def test_a_star_import_gives_the_modules_that_are_installed(core_alone):
    code = """
import tornado
names = {}
exec("from tornado import *", names)
result = [sorted(set(names) - {"__builtins__"}), names["util"].__name__, tornado.__all__]
"""
    assert run(core_alone, code) == [
        ["log", "options", "util"],
        "tornado.util",
        ["log", "options", "util"],
    ]


def test_a_module_whose_optional_project_is_missing_is_left_out(core_alone):
    (core_alone / "tornado" / "curl_httpclient.py").write_text("import pycurl\n")
    assert "curl_httpclient" not in run(core_alone, "import tornado\nresult = tornado.__all__")
    (core_alone / "pycurl.py").write_text("")
    assert "curl_httpclient" in run(core_alone, "import tornado\nresult = tornado.__all__")


def test_modules_are_imported_on_first_use(core_alone):
    code = """
import tornado
before = "tornado.options" in sys.modules
result = [before, tornado.options.__name__, "tornado.options" in sys.modules]
"""
    assert run(core_alone, code) == [False, "tornado.options", True]


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("web", "tornado-web"),
        ("ioloop", "tornado-loop"),
        ("platform", "tornado-loop"),
        ("curl_httpclient", "tornado-httpclient"),
        ("locale", "tornado-escape"),
    ],
)
def test_a_missing_module_names_its_distribution(core_alone, module, distribution):
    code = f"""
import tornado
result = []
for statement in (
    "tornado.{module}",
    "import tornado.{module}",
    "from tornado import {module}",
    "from tornado.{module} import anything",
):
    try:
        exec(statement)
    except (AttributeError, ImportError) as error:
        result.append([type(error).__name__, str(error)])
"""
    told = (
        f"No module named 'tornado.{module}': it comes with the distribution"
        f" '{distribution}': pip install {distribution}"
    )
    assert run(core_alone, code) == [
        ["AttributeError", told],
        ["ModuleNotFoundError", told],
        ["ModuleNotFoundError", told],
        ["ModuleNotFoundError", told],
    ]


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("asyncio", "tornado-loop"),
        ("caresresolver", "tornado-iostream"),
        ("twisted", "tornado-twisted"),
    ],
)
def test_missing_modules_of_the_platform_package(core_alone, module, distribution):
    (core_alone / "tornado" / "platform").mkdir()
    (core_alone / "tornado" / "platform" / "__init__.py").write_text("")
    code = f"""
try:
    import tornado.platform.{module}
except ImportError as error:
    result = str(error)
"""
    assert run(core_alone, code).endswith(f"pip install {distribution}")


def test_the_error_carries_the_modules_name(core_alone):
    code = """
try:
    import tornado.web
except ModuleNotFoundError as error:
    result = error.name
"""
    assert run(core_alone, code) == "tornado.web"


def test_asking_for_a_missing_module_is_no_error(core_alone):
    code = """
import importlib.util, tornado
result = [
    importlib.util.find_spec("tornado.web") is None,
    hasattr(tornado, "web"),
    getattr(tornado, "web", "absent"),
]
"""
    assert run(core_alone, code) == [True, False, "absent"]


def test_a_name_that_no_release_had(core_alone):
    code = """
result = []
import tornado
for statement in ("tornado.nonesuch", "import tornado.nonesuch", "from tornado import nonesuch"):
    try:
        exec(statement)
    except (AttributeError, ImportError) as error:
        result.append(str(error).split(" (")[0])
"""
    assert run(core_alone, code) == [
        "module 'tornado' has no attribute 'nonesuch'",
        "No module named 'tornado.nonesuch'",
        "cannot import name 'nonesuch' from 'tornado'",
    ]


def test_a_module_that_fails_on_its_own_import_says_so(core_alone):
    (core_alone / "tornado" / "web.py").write_text("import a_module_that_web_needs\n")
    code = """
import tornado
try:
    tornado.web
except ImportError as error:
    result = [type(error).__name__, error.name]
"""
    assert run(core_alone, code) == ["ModuleNotFoundError", "a_module_that_web_needs"]


def test_the_finder_is_installed_once(core_alone):
    code = """
import tornado, importlib
count = len(sys.meta_path)
importlib.reload(tornado)
result = len(sys.meta_path) - count
"""
    assert run(core_alone, code) == 0


def test_dir_lists_modules_and_names():
    names = dir(tornado)
    assert {"version", "version_info", "web", "ioloop", "options"} <= set(names)
    assert names == sorted(names)


def test_modules_in_other_directories_are_found(core_alone, tmp_path_factory):
    # Each distribution may be installed elsewhere: editable installs are.
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "tornado").mkdir()
    (elsewhere / "tornado" / "web.py").write_text("found = True\n")
    # `extend_path` takes directories that are packages; the marker says so for this one.
    (elsewhere / "tornado" / "__init__.py").write_text("")
    code = f"""
sys.path.append({str(elsewhere)!r})
import tornado
result = [tornado.web.found, tornado.version]
"""
    assert run(core_alone, code) == [True, "6.100.0"]


def test_core_imports_nothing_of_other_distributions(core_alone):
    code = """
import tornado.util, tornado.log, tornado.options
result = sorted(name for name in sys.modules if name.startswith("tornado"))
"""
    assert set(run(core_alone, code)) <= {
        "tornado",
        "tornado._core",
        "tornado._core.seam",
        "tornado._legacy",
        "tornado._missing",
        "tornado._options",
        "tornado._options.errors",
        "tornado._options.help",
        "tornado._options.option",
        "tornado._options.parser",
        "tornado._options.values",
        "tornado.log",
        "tornado.options",
        "tornado.util",
    }


@pytest.fixture
def over_an_older_release(core_alone):
    """This distribution installed over a released Tornado, of which some files are left."""
    (core_alone / "tornado" / "web.py").write_text(
        "from tornado.util import a_name_of_that_release\n"
    )
    (core_alone / "tornado" / "auth.py").write_text("import tornado.util\ntornado.util.gone\n")
    information = core_alone / "tornado-6.6.1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: tornado\nVersion: 6.6.1\n")
    (information / "RECORD").write_text(
        "tornado/__init__.py,,\ntornado/web.py,,\ntornado/util.py,,\n"
        "tornado-6.6.1.dist-info/METADATA,,\n"
    )
    return core_alone


@pytest.mark.parametrize(
    "statement",
    ["import tornado.web", "import tornado.auth", "import tornado.ioloop", "tornado.ioloop"],
)
def test_leftovers_of_an_older_release_are_named(over_an_older_release, statement):
    code = f"""
import tornado
try:
    exec({statement!r})
except (ImportError, AttributeError) as error:
    result = str(error)
"""
    told = run(over_an_older_release, code)
    assert "'tornado' 6.6.1 is installed in the same environment" in told
    assert "pip uninstall tornado" in told


def test_leftovers_are_looked_for_only_when_an_import_fails(over_an_older_release):
    code = """
import tornado.util, tornado.options, tornado._missing, tornado._legacy
tornado._missing.leftovers = tornado._legacy.leftovers = None
result = [hasattr(tornado.util, "gone"), hasattr(tornado.options, "exec_in")]
"""
    assert run(over_an_older_release, code) == [False, True]


def test_the_full_stack_of_this_project_is_no_leftover(over_an_older_release):
    record = over_an_older_release / "tornado-6.6.1.dist-info" / "RECORD"
    record.write_text("tornado-6.100.0.dist-info/METADATA,,\n")
    code = """
import tornado
try:
    import tornado.web
except ImportError as error:
    result = str(error)
"""
    assert run(over_an_older_release, code).startswith(
        "cannot import name 'a_name_of_that_release'"
    )
    assert "6.6.1" not in run(over_an_older_release, code)
