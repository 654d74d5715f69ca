"""Bokeh and Panel: a page, a session, a change that goes to the server and comes back over the WebSocket."""

from __future__ import annotations

import re
import urllib.request

import pytest

APPLICATION = """
from bokeh.models import Div, Slider
from bokeh.plotting import column, curdoc, figure

plot = figure(height=250, width=400, title="a plot")
line = plot.line([1, 2, 3], [1, 4, 9])
slider = Slider(start=0, end=10, value=1, name="slider")
div = Div(text="nothing yet", name="text")

def changed(attr, old, new):
    div.text = f"the value is {new}"
    line.data_source.data = {"x": [1, 2, 3], "y": [new, 2 * new, 3 * new]}

slider.on_change("value", changed)
curdoc().add_root(column(slider, div, plot))
"""

CLIENT = """
import sys
from bokeh.client import pull_session
with pull_session(url=sys.argv[1]) as session:
    document = session.document
    document.get_model_by_name("slider").value = 7
    session.force_roundtrip()
    with pull_session(url=sys.argv[1], session_id=session.id) as second:
        print(second.document.get_model_by_name("text").text)
"""

PANEL = """
import panel as pn
slider = pn.widgets.IntSlider(name="slider", start=0, end=10)
pn.Column(slider, pn.bind(lambda value: f"value {value}", slider)).servable()
"""


@pytest.fixture
def served(installed, unused_port):
    home = installed("bokeh")
    (home.folder / "app.py").write_text(APPLICATION, "utf-8")
    port = unused_port()
    server = home.start(
        "bokeh", "serve", "app.py", f"--port={port}", f"--unused-session-lifetime={10**6}"
    )
    server.wait_for_url(f"http://127.0.0.1:{port}/app")
    return home, server, f"http://127.0.0.1:{port}"


def test_page_and_session(served):
    home, server, base = served
    page = urllib.request.urlopen(f"{base}/app").read().decode()
    assert "<title>Bokeh Application</title>" in page
    files = re.findall(r'src="/(static/[^"]+)"', page)
    assert files
    for file in files:
        response = urllib.request.urlopen(f"{base}/{file}")
        assert len(response.read()) == int(response.headers["Content-Length"]) > 10_000
    (home.folder / "client.py").write_text(CLIENT, "utf-8")
    assert home.call("python", "client.py", f"{base}/app") == "the value is 7\n"
    server.no_errors()


@pytest.mark.long
def test_in_a_browser(served, chromium, until, screenshot):
    _, server, base = served
    browser = chromium()
    browser.get(f"{base}/app")
    find = "Bokeh.documents[0].get_model_by_name"
    until(lambda: browser.execute_script("return window.Bokeh && Bokeh.documents.length > 0"))
    browser.execute_script(f"{find}('slider').value = 5")
    wanted = "the value is 5"
    until(lambda: browser.execute_script(f"return {find}('text').text") == wanted)
    screenshot(browser)
    server.no_errors()


def test_panel(installed, unused_port):
    home = installed("panel", "bokeh")
    (home.folder / "dashboard.py").write_text(PANEL, "utf-8")
    port = unused_port()
    server = home.start("panel", "serve", "dashboard.py", f"--port={port}")
    base = f"http://127.0.0.1:{port}"
    server.wait_for_url(f"{base}/dashboard")
    page = urllib.request.urlopen(f"{base}/dashboard").read().decode()
    assert "<title>Panel Application</title>" in page
    code = f"""
import panel
from bokeh.client import pull_session
with pull_session(url="{base}/dashboard") as session:
    print(len(session.document.roots))
"""
    assert int(home.run(code)) > 0
    server.no_errors()
