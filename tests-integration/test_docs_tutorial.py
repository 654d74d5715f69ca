"""The tutorial, walked: each program as the pages show it, started, used in browsers, tested and ended."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import entry_points
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).resolve().parent.parent / "docs" / "tutorial"
PROGRAMS = TUTORIAL / "programs"


@pytest.fixture
def folder(tmp_path):
    """Return a function that gives a folder with the files of a step, as a newcomer has them."""
    return lambda step: Path(shutil.copytree(PROGRAMS / step, tmp_path / step))


def test_first_page(folder, tmp_path):
    with socket.socket() as probe:
        if not probe.connect_ex(("127.0.0.1", 8888)):
            pytest.skip("something listens on the tutorial's port, 8888")
    # With debug=True it would start itself anew when a file changes: its end is ours.
    process = subprocess.Popen([sys.executable, "chat.py"], cwd=folder("first"))
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                page = urllib.request.urlopen("http://127.0.0.1:8888/", timeout=5).read()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert b"<li>Mind the &lt;b&gt;brackets&lt;/b&gt;</li>" in page
    finally:
        process.terminate()
        process.wait(10)


def test_two_browsers_chat_and_the_server_ends_at_once(folder, run, unused_port, chromium, until):
    from selenium.webdriver.common.by import By

    def heard(browser):
        return [each.text for each in browser.find_elements(By.CSS_SELECTOR, "#messages li")]

    def say(browser, text):
        browser.find_element(By.NAME, "text").send_keys(text)
        browser.find_element(By.TAG_NAME, "button").click()

    port = unused_port()
    url = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-W", "error", "chat.py", f"--port={port}"]
    with run(command, url, cwd=folder("chat")) as server:
        ann, bob = chromium(), chromium()
        ann.get(url)
        say(ann, "hello")
        until(lambda: heard(ann) == ["hello"])
        bob.get(url)
        assert heard(bob) == ["hello"]
        say(bob, "<script>alert(1)</script>")
        for browser in (ann, bob):
            until(lambda browser=browser: heard(browser) == ["hello", "<script>alert(1)</script>"])
        # Both wait for news now; that delays the end by nothing.
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0
        assert time.monotonic() - began < 5
        ann.get("about:blank")
        bob.get("about:blank")


def test_the_tests_of_the_tutorial_pass(folder):
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    if not entry_points(
        group="pytest11", name="tornado_testing"
    ):  # a checkout that is not installed
        command += ["-p", "tornado._testing.pytest_plugin"]
    done = subprocess.run(
        command,
        cwd=folder("chat"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
