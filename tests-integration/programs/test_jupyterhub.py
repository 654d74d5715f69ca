"""JupyterHub behind its proxy: log in, spawn, follow the progress, run a cell, use the API with a token."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import requests
from test_jupyter import execute

CONFIGURATION = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {{"alice"}}
c.JupyterHub.spawner_class = "simple"
c.Spawner.args = ["--allow-root"]
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.JupyterHub.services = [{{"name": "watcher", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [{{"name": "watchers", "scopes": ["list:users"], "services": ["watcher"]}}]
"""
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="session")
def http_proxy(tmp_path_factory) -> Path:
    """The folder of the Hub's own proxy, a Node program."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm")
    folder = tmp_path_factory.mktemp("node")
    command = [npm, "install", "--no-audit", "--no-fund", "configurable-http-proxy"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "node_modules" / ".bin"


@pytest.fixture
def hub(installed, http_proxy, unused_port):
    home = installed("jupyterhub", "jupyterlab")
    port = unused_port()
    text = CONFIGURATION.format(
        port=port, hub_port=unused_port(), api_port=unused_port(), token=TOKEN
    )
    (home.folder / "configuration.py").write_text(text, "utf-8")
    path = f"{home.bin}:{http_proxy}:{home.environ['PATH']}"
    server = home.start("jupyterhub", "-f", "configuration.py", environ={"PATH": path})
    base = f"http://127.0.0.1:{port}"
    server.wait_for_line("JupyterHub is now running")
    server.wait_for_url(f"{base}/hub/login")
    return server, base


def log_in(base: str, name: str) -> requests.Session:
    user = requests.Session()
    page = user.get(f"{base}/hub/login", timeout=60)
    assert page.status_code == 200
    form = {"username": name, "password": "secret", "_xsrf": user.cookies["_xsrf"]}
    response = user.post(f"{base}/hub/login", data=form, timeout=60, allow_redirects=False)
    assert response.status_code == 302
    return user


@pytest.mark.long
def test_login_spawn_and_cell(hub):
    server, base = hub
    user = log_in(base, "alice")
    user.get(f"{base}/hub/spawn", timeout=120)
    xsrf = {"X-XSRFToken": user.cookies.get("_xsrf", path="/hub/") or user.cookies["_xsrf"]}
    progress = user.get(
        f"{base}/hub/api/users/alice/server/progress",
        timeout=120,
        headers={"Referer": base, **xsrf},
    )
    events = [json.loads(e[6:]) for e in progress.text.split("\n\n") if e.startswith("data: ")]
    assert events[-1].get("ready"), events
    page = user.get(f"{base}/user/alice/lab", timeout=120)
    assert page.status_code == 200
    assert "jupyter-config-data" in page.text
    # A token from the Hub's API opens the user's own server.
    made = user.post(
        f"{base}/hub/api/users/alice/tokens", json={"note": "a test"}, headers=xsrf, timeout=60
    )
    token = made.json()["token"]
    api = f"{base}/user/alice/api"
    with_token = {"Authorization": f"token {token}"}
    kernel = requests.post(f"{api}/kernels", headers=with_token, json={}, timeout=60).json()["id"]
    url = f"ws{api[4:]}/kernels/{kernel}/channels?"
    assert execute(url, "print(6 * 7)", additional_headers=with_token) == "42\n"
    users = requests.get(
        f"{base}/hub/api/users", headers={"Authorization": f"token {TOKEN}"}, timeout=60
    )
    assert [u["name"] for u in users.json()] == ["alice"]
    deadline = time.monotonic() + 60
    stopped = user.delete(f"{base}/hub/api/users/alice/server", headers=xsrf, timeout=60)
    assert stopped.status_code in (202, 204)
    while requests.get(f"{api}/status", headers=with_token, timeout=60).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    server.no_errors()


@pytest.mark.long
def test_the_hubs_page_in_a_browser(hub, chromium, until, screenshot):
    from selenium.webdriver.common.by import By

    server, base = hub
    browser = chromium()
    browser.get(f"{base}/hub/login")
    browser.find_element(By.ID, "username_input").send_keys("alice")
    browser.find_element(By.ID, "password_input").send_keys("secret")
    browser.find_element(By.ID, "login_submit").click()
    until(lambda: "/lab" in browser.current_url, 120)
    browser.get(f"{base}/hub/home")
    until(lambda: browser.find_elements(By.ID, "stop"))
    screenshot(browser)
    server.no_errors()
