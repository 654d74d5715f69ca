"""Flower over a Celery worker and a real Redis: its pages and its API."""

from __future__ import annotations

import json

import pytest
import requests

TASKS = """
import os
from celery import Celery
app = Celery("tasks", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.worker_send_task_events = True
app.conf.task_send_sent_event = True

@app.task
def add(x, y):
    return x + y
"""


@pytest.mark.long
def test_flower(installed, redis_server, unused_port, until):
    home = installed("flower", "redis", "packaging")
    (home.folder / "tasks.py").write_text(TASKS, "utf-8")
    environ = {
        "BROKER": f"redis://127.0.0.1:{redis_server}/0",
        "FLOWER_UNAUTHENTICATED_API": "true",
    }
    worker = home.start(
        "celery", "-A", "tasks", "worker", "--pool=solo", "-E", "-l", "info", environ=environ
    )
    worker.wait_for_line("ready")
    port = unused_port()
    server = home.start(
        "celery", "-A", "tasks", "flower", f"--port={port}", "--address=127.0.0.1", environ=environ
    )
    base = f"http://127.0.0.1:{port}"
    server.wait_for_url(f"{base}/")
    until(lambda: requests.get(f"{base}/api/workers?refresh=1", timeout=60).json(), 60)
    made = requests.post(
        f"{base}/api/task/apply/tasks.add", data=json.dumps({"args": [40, 2]}), timeout=60
    )
    assert (made.status_code, made.json()["result"]) == (200, 42)
    info = f"{base}/api/task/info/{made.json()['task-id']}"
    until(lambda: requests.get(info, timeout=60).status_code == 200, 60)
    until(lambda: requests.get(info, timeout=60).json()["state"] == "SUCCESS", 60)
    for page in ("", "workers", "tasks", "broker", "healthcheck", "metrics", "api/tasks"):
        response = requests.get(f"{base}/{page}", timeout=60)
        assert response.status_code == 200, (page, response.text)
    assert "task-" in requests.get(f"{base}/metrics", timeout=60).text.replace("_", "-")
    server.no_errors()
