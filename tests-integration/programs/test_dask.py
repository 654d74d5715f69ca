"""A Dask cluster: work over TCP and over WebSockets, the scheduler's pages and its dashboard."""

from __future__ import annotations

import pytest
import requests

CLIENT = """
import sys
from distributed import Client
with Client(sys.argv[1], timeout=60) as client:
    client.wait_for_workers(1, timeout=60)
    print(sum(client.gather(client.map(lambda x: x * x, range(100)))))
    print(client.submit(lambda b: len(b), b"x" * 3_000_000).result(timeout=60))
"""


@pytest.fixture(params=["tcp", "ws"])
def cluster(request, installed, unused_port):
    home = installed("distributed", "bokeh")
    port, dashboard = unused_port(), unused_port()
    address = f"{request.param}://127.0.0.1:{port}"
    scheduler = home.start(
        "dask", "scheduler", "--host", address, "--dashboard-address", f"127.0.0.1:{dashboard}"
    )
    scheduler.wait_for_url(f"http://127.0.0.1:{dashboard}/health")
    worker = home.start(
        "dask", "worker", address, "--no-nanny", "--nthreads=1", "--dashboard-address=127.0.0.1:0"
    )
    worker.wait_for_line("Registered to")
    (home.folder / "client.py").write_text(CLIENT, "utf-8")
    return home, scheduler, address, f"http://127.0.0.1:{dashboard}"


def test_cluster(cluster):
    home, scheduler, address, base = cluster
    assert home.call("python", "client.py", address) == "328350\n3000000\n"
    for page in (
        "status",
        "workers",
        "tasks",
        "info/main/workers.html",
        "info/main/logs.html",
    ):
        response = requests.get(f"{base}/{page}", timeout=60)
        assert (response.status_code, bool(response.content)) == (200, True), page
    code = f"""
from bokeh.client import pull_session
with pull_session(url="{base}/status") as session:
    print(len(session.document.roots))
"""
    assert int(home.run(code)) > 0
    scheduler.no_errors()


@pytest.mark.long
def test_dashboard_in_a_browser(cluster, chromium, until, screenshot):
    home, scheduler, address, base = cluster
    browser = chromium()
    browser.get(f"{base}/status")
    until(lambda: browser.execute_script("return window.Bokeh && Bokeh.documents.length > 0"), 60)
    assert home.call("python", "client.py", address).startswith("328350\n")
    # The stream of tasks shows what the client had the cluster do.
    names = (
        "const names = [];"
        "for (const root of Bokeh.documents[0].roots()) root.references().forEach("
        "m => { if (m.type == 'ColumnDataSource' && m.data.name) names.push(...m.data.name) });"
        "return names.join(' ')"
    )
    until(lambda: "lambda" in browser.execute_script(names), 60)
    screenshot(browser)
    scheduler.no_errors()
