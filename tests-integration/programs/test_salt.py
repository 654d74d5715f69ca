"""Salt: a master, a minion and the API, over zeromq: a ping, a state, an event."""

from __future__ import annotations

import json
import os
import time

import pytest
import requests

MASTER = """
interface: 127.0.0.1
publish_port: {publish}
ret_port: {ret}
root_dir: {root}
user: root
auto_accept: true
enable_ssh_minions: false
worker_threads: 2
external_auth:
  auto:
    alice: [".*", "@runner", "@wheel", "@jobs"]
netapi_enable_clients: [local, runner, wheel]
rest_tornado:
  host: 127.0.0.1
  port: {api}
  disable_ssl: true
  websockets: true
"""

MINION = """
master: 127.0.0.1
master_port: {ret}
publish_port: {publish}
root_dir: {root}
id: one
user: root
"""


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="a master changes its user")
def test_ping_through_the_api(installed, unused_port):
    home = installed("salt")
    ports = {"publish": unused_port(), "ret": unused_port(), "api": unused_port()}
    for name, text in (("master", MASTER), ("minion", MINION)):
        folder = home.folder / f"salt-{name}"
        (folder / "etc").mkdir(parents=True)
        (folder / "etc" / name).write_text(text.format(root=folder, **ports), "utf-8")
    configuration = str(home.folder / "salt-master" / "etc")
    master = home.start("salt-master", "-c", configuration, "-l", "info")
    pki = home.folder / "salt-master" / "etc" / "pki"
    master.wait_for(lambda: list((home.folder / "salt-master").rglob("master.pub")), str(pki))
    minion = home.start("salt-minion", "-c", str(home.folder / "salt-minion" / "etc"), "-l", "info")
    api = home.start("salt-api", "-c", configuration, "-l", "info")
    base = f"http://127.0.0.1:{ports['api']}"
    api.wait_for_url(base)
    user = requests.Session()
    user.headers["Accept"] = "application/json"
    login = {"username": "alice", "password": "a", "eauth": "auto"}
    response = user.post(f"{base}/login", json=login, timeout=120)
    assert response.status_code == 200, response.text + api.output
    user.headers["X-Auth-Token"] = response.json()["return"][0]["token"]
    deadline = time.monotonic() + 120
    while True:
        command = [{"client": "local", "tgt": "*", "fun": "test.ping", "timeout": 5}]
        got = user.post(base, data=json.dumps(command), headers={"Content-Type": "application/json"},
                        timeout=120)  # fmt: skip
        if got.status_code == 200 and got.json()["return"] == [{"one": True}]:
            break
        assert time.monotonic() < deadline, (got.text, master.output[-4000:], minion.output[-4000:])
    command = [{"client": "local", "tgt": "one", "fun": "test.arg", "arg": ["a", 1]}]
    got = user.post(
        base, data=json.dumps(command), headers={"Content-Type": "application/json"}, timeout=120
    )
    assert got.json()["return"][0]["one"]["args"] == ["a", 1]
    assert "one" in user.get(f"{base}/minions", timeout=120).json()["return"][0]
    for server in (master, minion, api):
        server.no_errors()
