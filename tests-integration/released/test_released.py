"""The tests that Tornado 6.6.1 was released with, against the installed wheels.

The suite is fetched when this runs, and nothing of it is kept. Which of its tests do not pass here,
and why, is in expected.toml. A listed test that passes fails the run, so the list stays true.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import suite

MODULES = (
    "web", "httpserver", "simple_httpclient", "curl_httpclient", "websocket", "iostream", "process",
    "httpclient", "gen", "ioloop", "autoreload", "api", "asyncio", "auth", "circlerefs",
    "concurrent", "escape", "http1connection", "httputil", "import", "locale", "locks", "log",
    "netutil", "options", "property", "queues", "routing", "security_corpus", "tcpclient",
    "tcpserver", "template", "testing", "twisted", "util", "wsgi",
)  # fmt: skip
NAMES = [f"tornado.test.{module}_test" for module in MODULES]

#: More failures than this in a module have a cause of their own, and are not tried again.
RETRIED = 8


@pytest.fixture(scope="session")
def tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the released tests."""
    folder = tmp_path_factory.mktemp("released")
    suite.extract_tests(suite.fetch(), folder)
    return folder


@pytest.fixture(scope="session")
def started(
    request: pytest.FixtureRequest, tests: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[dict[str, suite.Outcome]]]]:
    """The runs of all selected modules, two at a time."""
    results = tmp_path_factory.mktemp("results")
    chosen = [i.callspec.params["name"] for i in request.session.items if hasattr(i, "callspec")]
    with ThreadPoolExecutor(2) as pool:
        yield {n: pool.submit(suite.run, tests, results / f"{n}.jsonl", n) for n in chosen}


def outcomes_of(name: str, tests: Path, tmp_path: Path, first: dict[str, suite.Outcome]):
    """Return the outcomes, after each unexpected failure had a second chance, alone."""
    listed = suite.expected()
    outcomes = dict(first)
    failed = [t for t, o in first.items() if o.kind == "failed" and t not in listed]
    if len(failed) <= RETRIED:
        for number, test in enumerate(failed):
            if test.startswith(name):
                again = suite.run(tests, tmp_path / f"{number}.jsonl", test)
                outcomes[test] = again.get(test, outcomes[test])
    return outcomes


@pytest.mark.parametrize("name", NAMES)
def test_module(name, started, tests, tmp_path):
    outcomes = outcomes_of(name, tests, tmp_path, started[name].result())
    listed = {test for test in suite.expected() if test.startswith(f"{name}.")}
    failed = {test for test, outcome in outcomes.items() if outcome.kind in ("failed", "hung")}
    passed = {test for test, outcome in outcomes.items() if outcome.kind == "passed"}
    skipped = {outcome.text for outcome in outcomes.values() if outcome.kind == "skipped"}
    print(f"{name}: {len(passed)} passed, {len(failed)} not, of which {len(listed)} listed")
    print(f"skipped because: {sorted(skipped)}")
    problems = [f"{test}\n{outcomes[test].text}" for test in sorted(failed - listed)]
    problems += [f"{test} is listed in expected.toml, but passes" for test in listed & passed]
    problems += [f"{test} is listed, but there is no such test" for test in listed - set(outcomes)]
    assert outcomes, "no test ran"
    assert problems == [], "\n\n".join(problems)


def test_every_module_of_the_suite_is_run(tests):
    there = {path.stem for path in (tests / "tornado" / "test").glob("*_test.py")}
    assert {f"{module}_test" for module in MODULES} == there


def test_it_is_this_project_that_is_tested():
    import tornado

    assert importlib.metadata.version("tornado-core") == tornado.version
    assert tornado.version != suite.VERSION


def test_every_listed_test_has_a_reason():
    kinds = {reason.partition(":")[0] for reason in suite.expected().values()}
    assert kinds <= {"private", "settled", "stricter"}
    assert all(len(reason) > 30 for reason in suite.expected().values())
