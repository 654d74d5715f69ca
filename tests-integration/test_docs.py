"""Every Python sample of the documentation, run: the blocks of a page, in their order, as one program.

And what makes the generated parts of the pages: the picture of the layers, the benchmarks, the links.
"""

from __future__ import annotations

import configparser
import itertools
import json
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from xml.etree import ElementTree

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
sys.path.insert(0, str(DOCS / "_ext"))
TIME_LIMIT_SECONDS = 30

# What a page needs but does not show stands in a comment: ".. invisible-code-block: python".
_BLOCK = re.compile(
    r"^(?P<indent> *)\.\. (?:code-block:|invisible-code-block): python\n"
    r"(?P<body>(?:(?P=indent) +\S.*\n|[ \t]*\n)+)",
    re.M,
)
_OPTION = re.compile(r":(\w+): *(.*)\n")


def blocks(language: str) -> list[tuple[str, str]]:
    """Return (page, source) for each block of another language than Python."""
    pattern = _BLOCK.pattern.replace(
        "(?:code-block:|invisible-code-block): python", f"code-block:: {language}"
    )
    return [
        (str(page.relative_to(DOCS)), textwrap.dedent(match["body"]).strip("\n") + "\n")
        for page in sorted(DOCS.rglob("*.rst"))
        for match in re.finditer(pattern, page.read_text("utf-8") + "\n", re.M)
    ]


def samples(page: Path) -> list[tuple[str, bool]]:
    """Return (source, whether it is only a fragment) for each Python block of a page."""
    found = []
    for match in _BLOCK.finditer(page.read_text("utf-8") + "\n"):
        body = textwrap.dedent(match["body"]).lstrip("\n")
        options = {}
        while option := _OPTION.match(body):
            options[option[1]] = option[2]
            body = body[option.end() :]
        found.append((body.strip("\n") + "\n", "fragment" in options.get("class", "")))
    return found


PAGES = [page for page in sorted(DOCS.rglob("*.rst")) if samples(page)]


def test_there_are_samples():
    assert len(PAGES) > 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_samples(page, tmp_path):
    program = ""
    for source, is_fragment in samples(page):
        compile(source, str(page), "exec")
        if not is_fragment:
            program += source + "\n"
    script = tmp_path / "sample.py"
    script.write_text(program, "utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_configurations_of_nginx_are_valid(require, unused_port, tmp_path):
    nginx = require("nginx", "nginx")
    for folder in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        (tmp_path / folder).mkdir()
    paths = "".join(
        f"{name}_temp_path {folder};\n"
        for name, folder in [
            ("client_body", "body"),
            *((n, n) for n in ("proxy", "fastcgi", "uwsgi", "scgi")),
        ]
    )
    found = blocks("nginx")
    assert found
    for page, source in found:
        source = source.replace("listen 80;", f"listen 127.0.0.1:{unused_port()};")
        configuration = tmp_path / "nginx.conf"
        head = "pid nginx.pid; error_log stderr; events {}\n"
        configuration.write_text(f"{head}http {{ access_log off;\n{paths}{source}}}\n", "utf-8")
        done = subprocess.run(
            [nginx, "-t", "-e", "stderr", "-p", str(tmp_path), "-c", str(configuration)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{page}: {done.stderr}"


def test_commands_for_the_shell_can_be_read(require):
    bash = require("bash", "bash")
    found = blocks("sh")
    assert found
    for page, source in found:
        done = subprocess.run([bash, "-n", "-c", source], capture_output=True, text=True)
        assert done.returncode == 0, f"{page}: {done.stderr}"


# --- the picture of the layers ---------------------------------------------------------------------


def test_picture_shows_every_distribution_and_arrow():
    import check_layers
    import layer_picture

    graph = check_layers.graph(DOCS.parent)
    svg = ElementTree.fromstring(layer_picture.picture(graph, "reference/"))
    titles = {text.text for text in svg.iter() if text.get("class") == "title"}
    assert titles == {name.removeprefix("tornado-") for name in graph if name != "tornado"}
    arrows = [path for path in svg.iter() if path.get("class") == "arrow"]
    del graph["tornado"]
    assert len(arrows) == sum(map(len, layer_picture.direct(graph).values()))
    pages = {link.get("href") for link in svg.iter() if link.get("href")}
    assert pages == {
        f"reference/{page.stem}.html" for page in (DOCS / "reference").glob("*.rst")
    } - {"reference/index.html", "reference/platform_older.html"}


def test_picture_leaves_out_what_another_arrow_implies():
    import layer_picture

    graph = {"a": ([], []), "b": ([], ["a"]), "c": ([], ["a", "b", "elsewhere"])}
    assert layer_picture.direct(graph) == {"a": [], "b": ["a"], "c": ["b"]}
    assert layer_picture.levels(graph) == {"a": 0, "b": 1, "c": 2}


def test_arrows_point_down_and_boxes_stand_apart():
    import check_layers
    import layer_picture

    graph = check_layers.graph(DOCS.parent)
    del graph["tornado"]
    rows = layer_picture.rows_of(graph)
    layer_picture.arrange(rows)
    for row in rows:
        for node in row:
            assert all(other.y > node.y for other in node.below)
        for left, right in itertools.pairwise(row):
            assert right.x - left.x > (left.width + right.width) / 2


# --- the page of the benchmarks --------------------------------------------------------------------


def test_data_of_benchmarks_becomes_a_page():
    import benchmark_figures

    results = benchmark_figures.results()
    assert results
    page = "\n".join(benchmark_figures.page())
    for name, data in results.items():
        assert f"\n{name}\n~" in "\n" + page
        for figures in data["sections"].values():
            assert all(workload in page for workload, rows in figures.items() if any(rows.values()))
    for picture in re.findall("<svg.*</svg>", page):
        ElementTree.fromstring(picture)


def test_ratios_are_to_ours_and_name_who_is_ahead():
    from benchmark_figures import ratios

    figures = {
        "page": {"fast": [5.0], "ours": [9.0, 10.0, 14.0], "slow": [2000.0], "a floor": [1.0]},
        "none": {"ours": []},
    }
    times = "\N{MULTIPLICATION SIGN}"
    assert ratios("cpu_us", figures) == [
        ["workload", "ours", "fast", "slow", "a floor"],
        ["page", "10", f"**0.50 {times}**", f"200.00 {times}", f"0.10 {times}"],
    ]
    row = ratios("requests_per_second", figures)[1]
    assert row[2:] == [f"0.50 {times}", f"**200.00 {times}**", f"0.10 {times}"]
    figures["page"]["ours, uvloop"] = [8.0]
    assert ratios("cpu_us", figures)[:3] == [
        ["contestant", "page"],
        ["ours", "10"],
        ["fast", f"**0.50 {times}**"],
    ]


def test_losses_are_rows_whose_best_is_a_peer():
    import benchmark_figures  # noqa: F401 - puts the benchmarks' modules where they are found
    import run

    figures = {
        "a": {"peer": [5.0], "ours": [10.0], "ours, uvloop": [6.0], "fixed bytes": [1.0]},
        "b": {"peer": [8.0], "ours": [10.0], "ours, uvloop": [6.0]},
        "c": {"ours": [10.0]},
    }
    assert run.ahead("cpu_us", figures) == [("a", "peer", 2.0)]
    assert run.ahead("fetches_per_s", figures) == []


# --- links -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("other.html", None),
        ("other.html#there", None),
        ("folder/", None),
        ("#here", None),
        ("https://example.com/a?b=c#d", None),
        ("http://127.0.0.1:8888/", None),
        ("mailto:someone@example.com", None),
        ("missing.html", "no such file"),
        ("other.html#nowhere", "no such anchor"),
        ("#nowhere", "no such anchor"),
        ("https://example/", "no host name"),
        ("https:/example.com", "no host name"),
        ("https://example.com/a b", "characters that a URL cannot hold"),
        ("htp://example.com/", "neither http nor https"),
        ("https://example.com:99999/", "Port out of range 0-65535"),
    ],
)
def test_links_are_checked(tmp_path, link, problem):
    import links

    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "index.html").write_text("<p>", "utf-8")
    (tmp_path / "other.html").write_text("<p id=there>", "utf-8")
    (tmp_path / "page.html").write_text(f'<p id=here>\n<a href="{link}">', "utf-8")
    expected = [f"page.html:2: {link}: {problem}"] if problem else []
    assert list(links.problems(tmp_path)) == expected


def serve_commands():
    """Return each ``tornado serve`` that a page shows: page, arguments."""
    found = []
    for page, source in blocks("sh") + blocks("ini"):
        for line in source.replace("\\\n", " ").splitlines():
            before, mark, after = line.partition("tornado serve ")
            if mark and not before.lstrip().startswith("#"):
                found.append((page, shlex.split(after, comments=True)))
    for page, source in blocks("docker"):
        for line in source.splitlines():
            if line.startswith("CMD "):
                found.append((page, json.loads(line[4:])[2:]))
    return found


def test_commands_that_serve_have_only_options_that_exist():
    from tornado._cli.commands import _parser
    from tornado._cli.options import settle

    found = serve_commands()
    assert len(found) > 5
    for page, arguments in found:
        try:
            options = vars(_parser("tornado").parse_args(["serve", *arguments]))
            settle(options, {})
        except SystemExit:
            raise AssertionError(f"{page}: tornado serve {arguments}") from None


def test_units_of_systemd():
    sections = {}
    for page, source in blocks("ini"):
        if page != "guides/deploying.rst":
            continue
        unit = configparser.RawConfigParser(strict=True, interpolation=None)
        unit.optionxform = str
        unit.read_string(source)
        for section in unit.sections():
            sections.setdefault(section, {}).update(unit[section])
    service = sections["Service"]
    assert service["Type"] == "notify"
    assert int(service["TimeoutStopSec"]) > 30, "the command's graceful timeout"
    assert sections["Unit"]["Requires"] == "chat.socket"
    known = {
        "Unit": {"Description", "Requires", "After"},
        "Socket": {"ListenStream"},
        "Install": {"WantedBy"},
        "Service": {
            "Type", "DynamicUser", "WorkingDirectory", "ExecStart", "ExecReload", "LoadCredential",
            "Restart", "WatchdogSec", "KillMode", "TimeoutStopSec",
        },
    }  # fmt: skip
    for section, entries in sections.items():
        assert set(entries) <= known[section]


def test_the_docker_file():
    ((_, source),) = blocks("docker")
    lines = [line.split(" ", 1) for line in source.splitlines() if line]
    assert [each[0] for each in lines if each[0] == "FROM"] == ["FROM", "FROM"]
    words = "FROM COPY RUN WORKDIR USER ENV EXPOSE STOPSIGNAL HEALTHCHECK CMD".split()
    assert {each[0] for each in lines} <= set(words)
    values = dict(lines)  # the last of each kind
    images = [value.split()[0] for name, value in lines if name == "FROM"]
    assert images[0] == images[1], "the environment is of the same Python"
    assert all(":" in image and not image.endswith(":latest") for image in images)
    assert any(name == "COPY" and value.startswith("--from=build ") for name, value in lines)
    assert values["USER"] not in ("root", "0")
    assert values["STOPSIGNAL"] == "SIGTERM"
    command = json.loads(values["CMD"])
    ports = [command[i + 1] for i, word in enumerate(command) if word.endswith("port")]
    assert ports == values["EXPOSE"].split()
    health = json.loads(values["HEALTHCHECK"].removeprefix("CMD "))
    assert health[:3] == ["tornado", "fetch", "--fail"]
    assert health[3].endswith(f":{ports[1]}/healthz")


def test_the_probes_of_kubernetes():
    yaml = pytest.importorskip("yaml")
    ((_, source),) = blocks("yaml")
    pod = yaml.safe_load(source)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    probes = {name: value["httpGet"] for name, value in container.items() if name.endswith("Probe")}
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startupProbe": "/readyz",
        "readinessProbe": "/readyz",
        "livenessProbe": "/healthz",
    }
    assert {probe["port"] for probe in probes.values()} == {8001}
    assert container["ports"] == [{"containerPort": 8000}]
    assert pod["terminationGracePeriodSeconds"] > 30 + 5
