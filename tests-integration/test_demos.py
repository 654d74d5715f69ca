"""The demos, used as a person would: in real browsers, by curl, ended by SIGTERM."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEMOS = ROOT / "demos"


def command(name: str, port: int, *options: str) -> list[str]:
    return [sys.executable, str(DEMOS / name / "main.py"), f"--port={port}", *options]


@pytest.fixture
def wait():
    def until(browser, condition, seconds=15):
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(browser, seconds, poll_frequency=0.05).until(condition)

    return until


def find(browser, selector):
    from selenium.webdriver.common.by import By

    return browser.find_element(By.CSS_SELECTOR, selector)


def find_all(browser, selector):
    from selenium.webdriver.common.by import By

    return browser.find_elements(By.CSS_SELECTOR, selector)


def complaints(browser):
    """Return what the browser's console holds that is an error of the page's own."""
    rows = browser.get_log("browser")
    return [
        row["message"]
        for row in rows
        if row["level"] == "SEVERE" and "favicon" not in row["message"]
    ]


def test_helloworld_by_curl(run, require, unused_port):
    curl = require("curl", "curl")
    port = unused_port()
    url = f"http://127.0.0.1:{port}/"
    with run(command("helloworld", port), url) as server:
        done = subprocess.run([curl, "-s", "-i", url], capture_output=True, text=True, timeout=10)
        assert done.stdout.startswith("HTTP/1.1 200 OK\n")
        assert done.stdout.endswith("\n\nHello, world")
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0


def enter(browser, wait, url, name):
    browser.get(url)
    wait(browser, lambda b: "/login" in b.current_url)
    find(browser, "#name").send_keys(name)
    find(browser, "form button").click()
    wait(browser, lambda b: find_all(b, "#messages"))


def say(browser, text):
    find(browser, "#text").send_keys(text)
    find(browser, "#say button").click()


def test_chat_between_two_browsers(run, unused_port, chromium, wait, in_view, tmp_path):
    port = unused_port()
    url = f"http://127.0.0.1:{port}/"
    with run(command("chat", port), url) as server:
        ann, bob = chromium(), chromium()
        enter(ann, wait, url, "Ann")
        enter(bob, wait, url, "<b>Bob</b>")
        say(ann, "Hello, Bob & all")
        wait(bob, lambda b: find_all(b, "#messages li"))
        say(bob, "<script>document.title = 'stolen'</script>")
        wait(ann, lambda b: len(find_all(b, "#messages li")) == 2)
        # Once more, so that both long polls have gone round.
        say(ann, "日本 🎉")
        wait(bob, lambda b: len(find_all(b, "#messages li")) == 3)
        for browser in (ann, bob):
            texts = [item.text for item in find_all(browser, "#messages li")]
            assert texts == [
                "Ann Hello, Bob & all",
                "<b>Bob</b> <script>document.title = 'stolen'</script>",
                "Ann 日本 🎉",
            ]
            assert browser.title == "Chat"
            assert complaints(browser) == []
        ann.save_screenshot(str(tmp_path / "chat.png"))
        for number in range(30):
            say(ann, f"line {number}")
            wait(ann, lambda b, n=number: len(find_all(b, "#messages li")) == n + 4)
        assert in_view(ann, "#text")
        assert in_view(ann, "#messages li:last-child")
        # A reload shows what was said; leaving asks for a name again.
        ann.refresh()
        assert len(find_all(ann, "#messages li")) == 33
        assert in_view(ann, "#text")
        find(ann, "header button").click()
        wait(ann, lambda b: "/login" in b.current_url)
        started = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
        assert time.monotonic() - started < 5, "the waiting polls were sent home"


def test_chat_refuses_a_form_without_token(run, require, unused_port):
    curl = require("curl", "curl")
    port = unused_port()
    url = f"http://127.0.0.1:{port}/login"
    with run(command("chat", port), url):
        done = subprocess.run(
            [curl, "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", "name=Eve", url],
            capture_output=True,
            text=True,
            timeout=10,
        )
        assert done.stdout == "403"


def test_serve_sets_up_from_the_sources(require, unused_port, run, tmp_path):
    """The README's first command, in a clone of its own."""
    git = require("git", "git")
    clone = tmp_path / "clone"
    subprocess.run([git, "clone", "-q", "--shared", str(ROOT), str(clone)], check=True)
    port = unused_port()
    url = f"http://127.0.0.1:{port}/login"
    serve = [sys.executable, str(clone / "tools" / "serve.py"), f"--port={port}"]
    with run(serve, url) as server:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
