"""The install matrix: each distribution alone, the small stacks, the whole; wheels, sdists, editable."""

from __future__ import annotations

import re
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

NAMES = [
    "tornado-core", "tornado-escape", "tornado-template", "tornado-loop", "tornado-iostream",
    "tornado-http", "tornado-httpserver", "tornado-httpclient", "tornado-web", "tornado-websocket",
    "tornado-auth", "tornado-wsgi", "tornado-asgi", "tornado-cli", "tornado-testing",
    "tornado-speedups", "tornado-broadcast", "tornado-database", "tornado-twisted",
]  # fmt: skip

# Modules that need an extra, and the words by which they say so.
NEEDS_EXTRA = {
    "tornado.curl_httpclient": "pycurl",
    "tornado._httpclient.curl": "pycurl",
    "tornado.platform.caresresolver": "pycares",
    "tornado._testing.pytest_plugin": "pytest",
}


@pytest.fixture(scope="session")
def workspace():
    import _workspace

    return _workspace.load()


def examples(readme: Path) -> list[str]:
    """Return the Python blocks of a README."""
    return re.findall(r"^```python\n(.*?)^```", readme.read_text("utf-8"), re.M | re.S)


def follow(block: str, environment, run, port: int) -> None:
    """Do what a reader does with a sample: run it, and open the page of one that serves."""
    if "http://localhost:8888/" not in block:
        environment.run(block)
        return
    program = environment.folder / "sample.py"
    program.write_text(block.replace("8888", str(port)), "utf-8")
    command = [str(environment.python), "-u", "-W", "error", str(program)]
    url = f"http://localhost:{port}/"
    with run(command, url, cwd=environment.folder) as process:
        assert url in process.stdout.readline()
        with urllib.request.urlopen(url, timeout=10) as response:
            assert response.status == 200
            assert response.read()


def declared(name: str, workspace) -> set[str]:
    """Return every project that installing `name` may bring: siblings and what they require."""
    import _workspace

    siblings = _workspace.closure(name, workspace) | {name}
    direct = {_workspace.requirement_name(r) for s in siblings for r in workspace[s].requires}
    return siblings | direct


def import_all(environment, distribution) -> None:
    lines = ["import importlib"]
    for module in distribution.modules():
        if module.endswith(".__main__"):
            continue
        extra = next((v for k, v in NEEDS_EXTRA.items() if module.startswith(k)), None)
        if extra is None:
            lines.append(f"importlib.import_module({module!r})")
        else:
            lines.append(
                f"try: importlib.import_module({module!r})\n"
                f"except ImportError as error: assert {extra!r} in str(error), error"
            )
    environment.run("\n".join(lines))


@pytest.mark.parametrize("name", NAMES)
def test_alone(name, environment, workspace, run, unused_port):
    environment.install(name)
    extra = environment.installed() - declared(name, workspace)
    if name != "tornado-twisted":  # Twisted brings requirements of its own
        assert extra == set()
    import_all(environment, workspace[name])
    blocks = examples(workspace[name].folder / "README.md")
    assert blocks, "a README shows the smallest use"
    for block in blocks:
        follow(block, environment, run, unused_port())


def test_template_alone_is_three_wheels(environment):
    environment.install("tornado-template")
    assert environment.installed() == {"tornado-core", "tornado-escape", "tornado-template"}


def test_loop_alone_is_two_wheels(environment):
    environment.install("tornado-loop")
    assert environment.installed() == {"tornado-core", "tornado-loop"}


def test_a_missing_module_names_its_distribution(environment):
    environment.install("tornado-loop")
    code = "import tornado\ntry: tornado.web\nexcept AttributeError as error: print(error)"
    assert "pip install tornado-web" in environment.run(code)


@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
def test_full_stack(kind, environment, workspace, dist):
    if kind == "wheel":
        environment.install("tornado[all,speedups]")
    elif kind == "sdist":
        environment.install(*map(str, sorted(dist.glob("*.tar.gz"))), pinned=False)
    else:
        folders = [str(d.folder) for d in workspace.values()]
        environment.install(*[part for f in folders for part in ("-e", f)], pinned=False)
    for distribution in workspace.values():
        import_all(environment, distribution)
    hello = environment.run("import tornado; print(tornado.version, tornado.web.__name__)")
    assert hello == f"{workspace['tornado'].version} tornado.web\n"


def test_meta_package_example_and_top_readme(environment, workspace, run, unused_port):
    environment.install("tornado[all]")
    blocks = examples(workspace["tornado"].folder / "README.md") + examples(ROOT / "README.md")
    assert blocks
    for block in blocks:
        follow(block, environment, run, unused_port())


def test_no_file_lies_in_two_wheels(dist):
    seen: dict[str, str] = {}
    for wheel in sorted(dist.glob("*.whl")):
        for name in zipfile.ZipFile(wheel).namelist():
            if ".dist-info/" in name:
                continue
            assert name not in seen, f"{name} lies in {seen[name]} and {wheel.name}"
            seen[name] = wheel.name
    assert seen["tornado/__init__.py"].startswith("tornado_core-")
    assert seen["tornado/py.typed"].startswith("tornado_core-")
    assert seen["tornado/platform/__init__.py"].startswith("tornado_loop-")


def test_wheels_are_pure_but_for_the_one_in_c(dist):
    tags = {w.name.split("-", 2)[0]: w.name.split("-", 2)[2] for w in dist.glob("*.whl")}
    assert tags.pop("tornado_speedups").startswith("cp310-abi3-")
    assert set(tags.values()) == {"py3-none-any.whl"}
