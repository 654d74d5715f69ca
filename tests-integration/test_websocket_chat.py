"""The WebSocket chat: one process by itself, and four behind nginx that share their talk by Redis."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parent.parent / "demos" / "wschat"
PROCESSES = 4


def command(port, *options):
    return [sys.executable, str(DEMO / "main.py"), f"--port={port}", *options]


def find(browser, selector):
    from selenium.webdriver.common.by import By

    return browser.find_element(By.CSS_SELECTOR, selector)


def until(condition, what, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.05)


def process_of(browser):
    """Return the number of the process that the page is connected to, 0 for none."""
    if "connected" not in find(browser, "#state").text:
        return 0
    return int(find(browser, "#state").get_attribute("data-process"))


def join(browser, url, name):
    browser.get(url)
    until(lambda: process_of(browser), "a connection")
    find(browser, "#name").send_keys(name)
    find(browser, "#join button").click()
    until(lambda: find(browser, "#say").is_displayed(), "the room")


def say(browser, text):
    find(browser, "#text").send_keys(text)
    find(browser, "#say button").click()


def heard(browser):
    return find(browser, "#messages").text.splitlines()


def losses(browser):
    return browser.execute_script("return window.losses")


def test_one_process(run, unused_port, chromium, in_view):
    port = unused_port()
    url = f"http://127.0.0.1:{port}/"
    with run(command(port), url) as server:
        ann, bob = chromium(), chromium()
        join(ann, url, "Ann")
        say(ann, "anybody here?")
        until(lambda: heard(ann) == ["Ann: anybody here?"], "what Ann said")
        join(bob, url, "Bob <b>")
        until(lambda: heard(bob) == ["Ann: anybody here?"], "what was said before")
        say(bob, "<script>alert(1)</script>")
        for browser in (ann, bob):
            until(
                lambda browser=browser: (
                    heard(browser)[1:] == ["Bob <b>: <script>alert(1)</script>"]
                ),
                "what Bob said",
            )
        for number in range(30):
            say(ann, f"line {number}")
        until(lambda: heard(ann)[-1] == "Ann: line 29", "all lines")
        assert in_view(ann, "#text")
        assert in_view(ann, "#messages li:last-child")
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
        until(lambda: losses(ann) == 1, "the loss to be seen")
    # The pages come back by themselves.
    with run(command(port), url):
        until(lambda: process_of(ann) and process_of(bob), "the pages to come back")
        until(lambda: find(bob, "#say").is_displayed(), "the room")
        until(lambda: say(ann, "again") or "Ann: again" in heard(bob), "talk after the restart")


@contextlib.contextmanager
def redis_server(executable, port, folder):
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    log = folder / "redis.log"
    process = subprocess.Popen(
        [executable, *options, "--dir", str(folder), "--logfile", str(log)],
        stdout=subprocess.DEVNULL,
    )
    try:
        until(lambda: log.exists() and "eady to accept" in log.read_text(), "Redis to start")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def nginx_configuration(listen, ports, folder):
    """Return the demo's own configuration with other ports."""
    text = (DEMO / "nginx.conf").read_text("utf-8")
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{listen}")
    for number, port in enumerate(ports, 8001):
        text = text.replace(f"127.0.0.1:{number}", f"127.0.0.1:{port}")
    assert not re.search(r"127\.0\.0\.1:80\d\d\b", text) or any(
        8000 <= p < 8100 for p in [listen, *ports]
    )
    if os.geteuid() == 0:
        text = "user root;\n" + text
    path = folder / "nginx.conf"
    path.write_text(text, "utf-8")
    return path


def test_four_processes_behind_nginx(run, require, unused_port, chromium, tmp_path):
    nginx = require("nginx", "nginx")
    redis = require("redis-server", "redis-server")
    pytest.importorskip("redis") if not os.environ.get("CI") else __import__("redis")
    listen, redis_port, *ports = (unused_port() for _ in range(2 + PROCESSES))
    with contextlib.ExitStack() as stack:
        shared = stack.enter_context(redis_server(redis, redis_port, tmp_path))
        servers = {}
        for port in ports:
            health = f"http://127.0.0.1:{port}/health"
            server = stack.enter_context(run(command(port, f"--redis={shared}"), health))
            servers[server.pid] = server
        configuration = nginx_configuration(listen, ports, tmp_path)
        url = f"http://127.0.0.1:{listen}/"
        stack.enter_context(run([nginx, "-p", str(tmp_path), "-c", str(configuration)], url))

        ann, bob = chromium(), chromium()
        join(ann, url, "Ann")
        say(ann, "early")
        join(bob, url, "Bob")
        for _ in range(20):
            if process_of(bob) != process_of(ann):
                break
            join(bob, url, "Bob")
        here, there = process_of(ann), process_of(bob)
        assert here != there
        assert {here, there} <= set(servers)

        until(lambda: heard(bob) == ["Ann: early"], "what was said before, through Redis")
        say(bob, "from another process")
        for browser in (ann, bob):
            until(
                lambda browser=browser: heard(browser)[-1] == "Bob: from another process",
                "what Bob said",
            )

        # One process dies without a word: its visitors go elsewhere, the others notice nothing.
        before = losses(ann)
        servers[there].kill()
        until(lambda: process_of(bob) not in (0, there), "Bob to be led to another process")
        until(lambda: find(bob, "#say").is_displayed() and heard(bob), "Bob in the room")
        assert losses(bob) >= 1
        assert (process_of(ann), losses(ann)) == (here, before)
        say(bob, "back again")
        until(lambda: heard(ann)[-1] == "Bob: back again", "talk after the loss")
        assert (process_of(ann), losses(ann)) == (here, before)
