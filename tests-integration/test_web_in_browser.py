"""A small site in a real browser: login, forms with XSRF, redirects, gzip, cached static files, uploads."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

SITE = '''
import asyncio, json, os, sys
import tornado.template, tornado.web

PAGES = {
    "base.html": """<html><head><title>Site</title><link rel=icon href="data:,">
        <link rel=stylesheet href="{{ static_url('s.css') }}"></head>
        <body>{% block body %}{% end %}
        <script src="{{ static_url('s.js') }}"></script></body></html>""",
    "home.html": """{% extends base.html %}{% block body %}<h1 id=who>Hello {{ current_user }}</h1>
        <form method=post action=/say>{% module xsrf_form_html() %}
        <input name=text id=text><button id=go>Say</button></form>
        <ul>{% for word in words %}<li>{{ word }}</li>{% end %}</ul>
        <p>{{ "long text " * 300 }}</p><a id=out href=/logout>out</a>{% end %}""",
    "login.html": """{% extends base.html %}{% block body %}<form method=post>
        {% module xsrf_form_html() %}<input name=name id=name>
        <button id=go>Log in</button></form>{% end %}""",
}
LOG, WORDS = [], []

class Base(tornado.web.RequestHandler):
    def get_current_user(self):
        value = self.get_signed_cookie("user")
        return value and value.decode()

class Home(Base):
    @tornado.web.authenticated
    def get(self):
        self.render("home.html", words=WORDS)

class Say(Base):
    @tornado.web.authenticated
    def post(self):
        WORDS.append(self.get_argument("text"))
        self.redirect("/")

class Login(Base):
    def get(self):
        self.render("login.html")
    def post(self):
        self.set_signed_cookie("user", self.get_argument("name"), httponly=True, samesite="Lax")
        self.redirect(self.get_argument("next", "/"))

class Logout(Base):
    def get(self):
        self.clear_cookie("user")
        self.redirect("/login")

class Seen(tornado.web.RequestHandler):
    def get(self):
        self.write({"log": LOG})
        LOG.clear()

def log(handler):
    coding = handler._headers.get("Content-Encoding")
    LOG.append([handler.request.method, handler.request.path, handler.get_status(), coding])

async def main():
    app = tornado.web.Application(
        [("/", Home), ("/say", Say), ("/login", Login), ("/logout", Logout), ("/seen", Seen)],
        cookie_secret="x" * 40, login_url="/login", xsrf_cookies=True, static_path=sys.argv[2],
        compress_response=True, template_loader=tornado.template.DictLoader(PAGES), log_function=log)
    app.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()

asyncio.run(main())
'''


@pytest.fixture
def site(run, unused_port, tmp_path):
    """The URL of the site, and a function that returns what it served since the last call."""
    static = tmp_path / "static"
    static.mkdir()
    (static / "s.css").write_text("h1 { color: rgb(1, 2, 3) }\n")
    (static / "s.js").write_text("document.body.dataset.ran = 'yes';\n")
    (tmp_path / "site.py").write_text(SITE, "utf-8")
    port = unused_port()
    url = f"http://127.0.0.1:{port}/"

    def served():
        with urllib.request.urlopen(url + "seen") as answer:
            rows = json.load(answer)["log"]
        return [tuple(row) for row in rows if row[1] != "/seen"]

    with run([sys.executable, str(tmp_path / "site.py"), str(port), str(static)], url + "seen"):
        yield url, served


def find(browser, selector):
    from selenium.webdriver.common.by import By

    return browser.find_element(By.CSS_SELECTOR, selector)


def texts(browser, selector):
    from selenium.webdriver.common.by import By

    return [item.text for item in browser.find_elements(By.CSS_SELECTOR, selector)]


@pytest.fixture
def wait():
    def until(browser, condition):
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(browser, 15, poll_frequency=0.05).until(condition)

    return until


def test_a_site(site, chromium, wait):
    url, served = site
    browser = chromium()
    browser.get(url)
    assert browser.current_url.startswith(url + "login?next=")
    find(browser, "#name").send_keys("Ann <b>")
    find(browser, "#go").click()
    wait(browser, lambda b: texts(b, "#who") == ["Hello Ann <b>"])
    assert find(browser, "h1").value_of_css_property("color") == "rgba(1, 2, 3, 1)"
    assert find(browser, "body").get_attribute("data-ran") == "yes"
    served()
    find(browser, "#text").send_keys("schön & gut")
    find(browser, "#go").click()
    wait(browser, lambda b: texts(b, "li") == ["schön & gut"])
    assert served()[:2] == [("POST", "/say", 302, None), ("GET", "/", 200, "gzip")]
    # The versioned files are cached for good: a second visit asks for the page alone.
    browser.get(url)
    wait(browser, lambda b: texts(b, "li") == ["schön & gut"])
    assert served() == [("GET", "/", 200, "gzip")]
    cookies = {cookie["name"]: cookie for cookie in browser.get_cookies()}
    assert cookies["user"]["httpOnly"]
    assert cookies["user"]["sameSite"] == "Lax"
    # A form whose token was tampered with is refused.
    browser.execute_script("document.querySelector('[name=_xsrf]').value = 'x'")
    find(browser, "#go").click()
    wait(browser, lambda b: "403" in b.page_source)
    browser.get(url)
    find(browser, "#out").click()
    wait(browser, lambda b: b.current_url == url + "login")
    assert "user" not in {cookie["name"] for cookie in browser.get_cookies()}


def test_the_upload_demo(run, unused_port, chromium, wait, tmp_path):
    port = unused_port()
    url = f"http://127.0.0.1:{port}/"
    folder = tmp_path / "uploads"
    content = os.urandom(3_000_000)
    (tmp_path / "some file.bin").write_bytes(content)
    demo = [sys.executable, str(ROOT / "demos" / "upload" / "main.py")]
    with run([*demo, f"--port={port}", f"--folder={folder}"], url):
        browser = chromium()
        browser.get(url)
        find(browser, "#file").send_keys(str(tmp_path / "some file.bin"))
        find(browser, "button").click()
        wait(browser, lambda b: any("some file.bin" in text for text in texts(b, "li")))
        stored = [path for path in folder.rglob("*") if path.is_file()]
        assert [path.read_bytes() == content for path in stored] == [True]
