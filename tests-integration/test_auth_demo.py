"""The auth demo in a real browser: each way to log in, refusing, and answers that are not one's own."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parent.parent / "demos" / "auth" / "main.py"

WAYS = {"oauth2": "OAuth 2.0", "oauth1": "OAuth 1.0a", "openid": "OpenID 2.0"}


def find(browser, selector):
    from selenium.webdriver.common.by import By

    return browser.find_element(By.CSS_SELECTOR, selector)


def wait_for(browser, selector):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    found = WebDriverWait(browser, 15, poll_frequency=0.05).until(
        lambda b: b.find_elements(By.CSS_SELECTOR, selector)
    )
    return found[0]


@pytest.fixture
def demo(run, unused_port):
    port = unused_port()
    url = f"http://127.0.0.1:{port}/"
    with run([sys.executable, str(DEMO), f"--port={port}"], url) as server:
        yield url
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) == 0


def test_every_way_in_and_out(demo, chromium):
    browser = chromium()
    for way, shown in WAYS.items():
        browser.get(demo)
        find(browser, f"#{way}").click()
        wait_for(browser, "#name").send_keys("Zoë <b>")
        assert not browser.current_url.startswith(demo), "the provider is another site"
        find(browser, "#yes").click()
        text = wait_for(browser, "#user").text
        assert text == f"You are Zoë <b> (Zo%C3%AB%20%3Cb%3E@provider.example), by {shown}."
        assert browser.current_url == demo
        find(browser, "#logout").click()
        wait_for(browser, f"#{way}")
    errors = [row for row in browser.get_log("browser") if row["level"] == "SEVERE"]
    assert [row["message"] for row in errors if "favicon" not in row["message"]] == []


@pytest.mark.parametrize("way", WAYS)
def test_a_visitor_who_refuses(demo, chromium, way):
    browser = chromium()
    browser.get(demo)
    find(browser, f"#{way}").click()
    wait_for(browser, "#no").click()
    assert "did not work" in wait_for(browser, ".problem").text
    # And can think better of it.
    find(browser, f"#{way}").click()
    wait_for(browser, "#name").send_keys("Ann")
    find(browser, "#yes").click()
    assert "Ann" in wait_for(browser, "#user").text


@pytest.mark.parametrize("way", WAYS)
def test_the_answer_of_somebody_else(demo, chromium, way):
    """An answer that Eve got, opened in the browser of Ann, who asked for none."""
    eve, ann = chromium(), chromium()
    eve.get(demo)
    find(eve, f"#{way}").click()
    wait_for(eve, "#name").send_keys("Eve")
    find(eve, "#yes").click()
    wait_for(eve, "#user")
    answer = next(u for u in addresses(eve) if u.startswith(f"{demo}login/{way}?"))
    ann.get(answer)
    assert "did not work" in wait_for(ann, ".problem").text
    assert "Eve" not in find(ann, "main").text


def addresses(browser):
    """Return every address that the browser was sent to."""
    import json

    found = []
    for row in browser.get_log("performance"):
        message = json.loads(row["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.append(message["params"]["request"]["url"])
    return found
