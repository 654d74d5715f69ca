"""JupyterLab and Notebook: pages, static files, a cell run over the kernel's WebSocket, in a browser too."""

from __future__ import annotations

import json
import re
import uuid

import pytest
import requests
from websockets.sync.client import connect

TOKEN = "a-token-of-this-test"

NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "id": "first",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": "print('the result is', 6 * 7)",
        }
    ],
    "metadata": {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}


def execute(url: str, code: str, **options: object) -> str:
    """Run code in the kernel behind this WebSocket; return what it printed."""
    session = uuid.uuid4().hex
    header = {
        "msg_id": uuid.uuid4().hex,
        "session": session,
        "username": "",
        "date": "2026-01-01T00:00:00Z",
        "msg_type": "execute_request",
        "version": "5.3",
    }
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    message = {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
        "buffers": [],
    }
    printed = ""
    with connect(f"{url}&session_id={session}", open_timeout=60, **options) as socket:
        socket.send(json.dumps(message))
        while True:
            reply = json.loads(socket.recv(timeout=60))
            if reply["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            if reply["msg_type"] == "stream":
                printed += reply["content"]["text"]
            if reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
                return printed


@pytest.fixture(params=["lab", "notebook"])
def served(request, installed, unused_port):
    """A running JupyterLab or Notebook: its server, its address, which of both."""
    home = installed("jupyterlab", "notebook")
    (home.folder / "x.ipynb").write_text(json.dumps(NOTEBOOK), "utf-8")
    port = unused_port()
    server = home.start(
        "jupyter", request.param, "--no-browser", "--allow-root", f"--port={port}",
        "--ServerApp.ip=127.0.0.1", "--LabApp.news_url=None", f"--IdentityProvider.token={TOKEN}",
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    server.wait_for_url(f"{base}/api")
    return server, base, request.param


def test_pages_and_a_kernel(served):
    server, base, kind = served
    user = requests.Session()
    user.headers["Authorization"] = f"token {TOKEN}"
    page = user.get(f"{base}/{'lab' if kind == 'lab' else 'tree'}", timeout=60)
    assert page.status_code == 200
    files = re.findall(r'(?:src|href)="(/[^"]*static[^"]*)"', page.text)
    assert files
    for file in files:
        response = user.get(base + file, timeout=60)
        assert response.status_code == 200, file
        assert response.content
    assert user.get(f"{base}/api/contents/x.ipynb", timeout=60).json()["name"] == "x.ipynb"
    assert requests.get(f"{base}/api/contents", timeout=60).status_code == 403
    kernel = user.post(f"{base}/api/kernels", json={"name": "python3"}, timeout=60).json()["id"]
    url = f"ws{base[4:]}/api/kernels/{kernel}/channels?token={TOKEN}"
    assert execute(url, "print('the result is', 6 * 7)") == "the result is 42\n"
    assert user.delete(f"{base}/api/kernels/{kernel}", timeout=60).status_code == 204
    server.no_errors()


@pytest.mark.long
def test_a_cell_in_a_browser(served, chromium, until, screenshot):
    from selenium.webdriver import ActionChains, Keys
    from selenium.webdriver.common.by import By

    server, base, kind = served
    browser = chromium()
    page = "lab/tree" if kind == "lab" else "notebooks"
    browser.get(f"{base}/{page}/x.ipynb?token={TOKEN}")
    cells = "div.jp-CodeCell .cm-content"
    until(lambda: browser.find_elements(By.CSS_SELECTOR, cells), 120)
    # The kernel is there when the indicator says so.
    idle = "[data-status=idle], .jp-Notebook-ExecutionIndicator[data-status=idle]"
    until(lambda: browser.find_elements(By.CSS_SELECTOR, idle), 120)

    def pressed() -> bool:
        """Press Shift+Enter in the cell, and again if the page was not ready for it."""
        cell = browser.find_elements(By.CSS_SELECTOR, cells)[0]
        chain = ActionChains(browser).click(cell).key_down(Keys.SHIFT)
        chain.send_keys(Keys.ENTER).key_up(Keys.SHIFT).pause(1).perform()
        prompts = browser.find_elements(By.CSS_SELECTOR, ".jp-InputPrompt")
        return any(prompt.text.strip("[]: ") for prompt in prompts)

    until(pressed, 60)

    def printed() -> bool:
        outputs = browser.find_elements(By.CSS_SELECTOR, ".jp-OutputArea-output")
        return any("the result is 42" in output.text for output in outputs)

    try:
        until(printed, 60)
    finally:
        screenshot(browser)
    # Two kernels may have been started, of which Jupyter interrupts one: its traceback is no matter.
    assert "Uncaught exception" not in server.output
