"""OctoPrint: log in, upload files, download ranges of them, its sockjs endpoint, limits on uploads."""

from __future__ import annotations

import json

import pytest
import requests
from websockets.sync.client import connect

KEY = "0123456789ABCDEF0123456789ABCDEF"

CONFIGURATION = f"""
api:
  key: {KEY}
server:
  firstRun: false
  onlineCheck: {{enabled: false}}
  pluginBlacklist: {{enabled: false}}
  uploads: {{maxSize: 1000000}}
  seenWizards: {{}}
accessControl: {{salt: abcdefgh}}
plugins:
  _disabled: [pluginmanager, softwareupdate, announcements, tracking, pi_support, backup, discovery]
"""

GCODE = b"; a file\n" + b"G1 X1 Y1 F3000\n" * 2000


@pytest.mark.long
def test_uploads(installed, unused_port):
    # It asks for 6.5 alone, which neither this project nor the newest release is.
    home = installed("OctoPrint>=1.11", "setuptools<81", override=True)
    base_folder = home.folder / "base"
    base_folder.mkdir()
    (base_folder / "config.yaml").write_text(CONFIGURATION, "utf-8")
    home.call(
        "octoprint",
        "-b",
        str(base_folder),
        "user",
        "add",
        "--password",
        "secret",
        "--admin",
        "alice",
    )
    port = unused_port()
    server = home.start(
        "octoprint", "-b", str(base_folder), "serve", "--iknowwhatimdoing", "--host", "127.0.0.1",
        "--port", str(port),
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    server.wait_for_url(f"{base}/api/version")
    user = requests.Session()
    user.headers["X-Api-Key"] = KEY
    server.wait_for(
        lambda: user.get(f"{base}/api/version", timeout=60).status_code == 200, "a version"
    )
    login = requests.post(
        f"{base}/api/login",
        json={"user": "alice", "pass": "secret"},
        headers={"X-Api-Key": KEY},
        timeout=60,
    )
    assert login.json()["name"] == "alice"
    made = user.post(f"{base}/api/files/local", files={"file": ("part.gcode", GCODE)}, timeout=120)
    assert made.status_code == 201, made.text
    got = user.get(f"{base}/downloads/files/local/part.gcode", timeout=60)
    assert got.content == GCODE
    part = user.get(
        f"{base}/downloads/files/local/part.gcode", headers={"Range": "bytes=9-22"}, timeout=60
    )
    assert (part.status_code, part.content) == (206, GCODE[9:23])
    listed = user.get(f"{base}/api/files", timeout=60).json()
    assert [file["name"] for file in listed["files"]] == ["part.gcode"]
    assert requests.get(f"{base}/sockjs/info", timeout=60).json()["websocket"] is True
    with connect(f"ws{base[4:]}/sockjs/000/abc/websocket", open_timeout=60) as socket:
        assert socket.recv(timeout=60) == "o"
        assert "connected" in json.loads(socket.recv(timeout=60)[1:])[0]
    assert "Uncaught exception" not in server.output
