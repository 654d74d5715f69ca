"""The blog demo, used by an author and a reader in real browsers."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

MAIN = Path(__file__).resolve().parent.parent / "demos" / "blog" / "main.py"


@pytest.fixture
def blog(run, unused_port, tmp_path):
    port = unused_port()
    url = f"http://127.0.0.1:{port}/"
    command = [sys.executable, str(MAIN), f"--port={port}", "--logging=warning"]
    with run([*command, f"--database=sqlite:///{tmp_path}/blog.db"], url + "auth/login"):
        yield url


def find(browser, selector):
    from selenium.webdriver.common.by import By

    return browser.find_element(By.CSS_SELECTOR, selector)


def texts(browser, selector):
    from selenium.webdriver.common.by import By

    return [item.text for item in browser.find_elements(By.CSS_SELECTOR, selector)]


def wait(browser, condition):
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(
        browser,
        15,
        0.05,
        [StaleElementReferenceException],  # the page may change while it is read
    ).until(condition)


def fill(browser, button, **fields):
    for name, value in fields.items():
        field = find(browser, f"#{name}")
        field.clear()
        field.send_keys(value)
    find(browser, button).click()


TITLE = "Brackets <script>alert(1)</script> & more"


def test_an_author_and_a_reader(blog, chromium, tmp_path):
    author = chromium()
    author.get(blog)
    assert author.current_url == blog + "auth/create"
    fill(author, "#go", name="Ann", email="ann@example.com", password="long enough")
    wait(author, lambda b: texts(b, "#leave") == ["Sign out Ann"])
    author.get(blog)
    assert "Nothing has been written" in find(author, "main").text
    author.get(blog + "compose")
    fill(author, "#save", title=TITLE, content="First paragraph.\n\nSecond, <b>not bold</b>.")
    wait(author, lambda b: texts(b, "article h1") == [TITLE])
    assert author.current_url == blog + "entry/brackets-script-alert-1-script-more"
    assert texts(author, "article p")[1:] == ["First paragraph.", "Second, <b>not bold</b>."]
    author.save_screenshot(str(tmp_path / "blog.png"))

    reader = chromium()
    reader.get(blog)
    assert texts(reader, "article h1") == [TITLE]
    assert "Nothing has been written" not in find(reader, "main").text
    assert texts(reader, ".edit") == []
    reader.get(blog + "compose")
    assert "/auth/login" in reader.current_url
    fill(reader, "#go", email="ann@example.com", password="a guess")
    wait(reader, lambda b: texts(b, ".problem") == ["The address or the password is wrong."])
    fill(reader, "#go", email="ann@example.com", password="long enough")
    wait(reader, lambda b: texts(b, "#save") == ["Publish"])

    find(author, ".edit").click()
    fill(author, "#save", title="Changed", content="Other words.")
    wait(author, lambda b: texts(b, "article h1") == ["Changed"])
    author.get(blog + "archive")
    assert texts(author, "main li a") == ["Changed"]
    find(author, "#leave").click()
    wait(author, lambda b: "Sign in" in texts(b, "nav a"))

    with urllib.request.urlopen(blog + "feed") as answer:
        feed = ElementTree.fromstring(answer.read())
    atom = "{http://www.w3.org/2005/Atom}"
    assert [e.findtext(atom + "title") for e in feed.iter(atom + "entry")] == ["Changed"]


def status(curl, *arguments):
    command = [curl, "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    return done.stdout.strip()


def test_what_is_refused(blog, require):
    curl = require("curl", "curl")
    assert status(curl, "-d", "email=a&password=b", blog + "auth/login") == "403"
    assert status(curl, blog + "entry/nothing") == "404"
    assert status(curl, "-H", "Cookie: author=1", blog + "compose").startswith("302 ")
    # The token is the cookie's, and a foreign address is not followed after signing in.
    form = ["-b", "_xsrf=x", "-d", "_xsrf=x", "-d", "name=Ann", "-d", "email=a@b", "-d"]
    redirect = ["password=12345678", "-d", "next=/%09/evil.example/", blog + "auth/create"]
    assert status(curl, *form, *redirect) == f"302 {blog}"
    assert status(curl, *form, *redirect) == "404"
