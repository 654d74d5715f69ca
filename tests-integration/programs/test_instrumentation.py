"""Agents that watch an application by wrapping its methods see each request and each error."""

from __future__ import annotations

import json

APPLICATION = """
from tornado import httpclient, httpserver, ioloop, netutil, web

class Good(web.RequestHandler):
    def get(self):
        self.write("good")

class Waiting(web.RequestHandler):
    async def get(self):
        response = await httpclient.AsyncHTTPClient().fetch(BASE + "/good")
        self.set_status(201)
        self.write(response.body)

class Bad(web.RequestHandler):
    def get(self):
        raise ZeroDivisionError("bad")

sockets = netutil.bind_sockets(0, "127.0.0.1")
BASE = "http://127.0.0.1:%d" % sockets[0].getsockname()[1]

def drive(application):
    server = httpserver.HTTPServer(application)
    server.add_sockets(sockets)
    async def main():
        client = httpclient.AsyncHTTPClient()
        for path in ("/good", "/waiting", "/bad"):
            await client.fetch(BASE + path, raise_error=False)
        server.stop()
        await server.close_all_connections()
    ioloop.IOLoop.current().run_sync(main)

def make():
    return web.Application([("/good", Good), ("/waiting", Waiting), ("/bad", Bad)])
"""

OPENTELEMETRY = """
import json
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.instrumentation.tornado import TornadoInstrumentor

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
TornadoInstrumentor().instrument()
from application import *
drive(make())
rows = []
for span in exporter.get_finished_spans():
    status = span.attributes.get("http.status_code", span.attributes.get("http.response.status_code"))
    rows.append([span.kind.name, span.name, status])
print(json.dumps(sorted(rows)))
"""

SENTRY = """
import json
import sentry_sdk
from sentry_sdk.integrations.tornado import TornadoIntegration
from sentry_sdk.transport import Transport

seen = []

class Keep(Transport):
    def capture_envelope(self, envelope):
        for item in envelope.items:
            seen.append((item.type, item.payload.json))

sentry_sdk.init(dsn="http://a@127.0.0.1:1/1", transport=Keep, traces_sample_rate=1.0,
                integrations=[TornadoIntegration()], default_integrations=False)
from application import *
drive(make())
rows = []
for kind, event in seen:
    if kind == "transaction":
        rows.append([kind, event["transaction"].rsplit(".", 2)[-2:]])
    elif kind == "event":
        name = event["exception"]["values"][-1]["type"]
        rows.append([kind, name, event["request"]["url"].rsplit("/", 1)[1]])
print(json.dumps(sorted(rows)))
"""

ELASTIC = """
import json
from application import *
from elasticapm.contrib.tornado import ElasticAPM
import elasticapm.transport.base

seen = []
elasticapm.transport.base.Transport.queue = lambda self, kind, data, flush=False: seen.append((kind, data))

application = make()
application.settings["ELASTIC_APM"] = {
    "SERVICE_NAME": "a", "SERVER_URL": "http://127.0.0.1:1", "CENTRAL_CONFIG": False,
    "METRICS_INTERVAL": "0s", "CLOUD_PROVIDER": "none", "VERIFY_SERVER_CERT": False}
ElasticAPM(application)
drive(application)
rows = []
for kind, data in seen:
    if kind == "transaction":
        rows.append([kind, data["name"], data["result"]])
    if kind == "error":
        rows.append([kind, data["exception"]["type"], ""])
print(json.dumps(sorted(rows)))
"""

DDTRACE = """
import json, os
os.environ.update(DD_INSTRUMENTATION_TELEMETRY_ENABLED="false", DD_REMOTE_CONFIGURATION_ENABLED="false",
                  DD_TRACE_STARTUP_LOGS="false")
from ddtrace.trace import TraceFilter, tracer

seen = []

class Keep(TraceFilter):
    def process_trace(self, trace):
        seen.extend(trace)
        return None

tracer.configure(trace_processors=[Keep()])
from ddtrace import patch
patch(tornado=True)
from application import *
drive(make())
rows = [[span.name, span.resource, span.get_tag("http.status_code"), span.error] for span in seen]
print(json.dumps(sorted(row for row in rows if row[0] == "tornado.request")))
"""

NEW_RELIC = """
import json, os
os.environ.update(NEW_RELIC_APP_NAME="a", NEW_RELIC_DEVELOPER_MODE="true", NEW_RELIC_LICENSE_KEY="0" * 40,
                  NEW_RELIC_STARTUP_TIMEOUT="10")
import newrelic.agent
newrelic.agent.initialize()
from newrelic.core.agent import Agent

seen = []

def keep(self, name, transaction):
    attributes = {a.name: a.value for a in transaction.agent_attributes}
    seen.append([transaction.name, attributes.get("response.status"),
                 [error.type.rpartition(":")[2] for error in transaction.errors]])

Agent.record_transaction = keep
newrelic.agent.register_application(timeout=10)
from application import *
drive(make())
print(json.dumps(sorted(seen)))
"""


def rows(installed, code, *requirements):
    home = installed("setuptools<81", *requirements)
    (home.folder / "application.py").write_text(APPLICATION, "utf-8")
    (home.folder / "watch.py").write_text(code, "utf-8")
    return json.loads(home.call("python", "watch.py").splitlines()[-1])


def test_opentelemetry(installed):
    got = rows(
        installed, OPENTELEMETRY, "opentelemetry-instrumentation-tornado", "opentelemetry-sdk"
    )
    assert [row for row in got if row[0] == "SERVER"] == [
        ["SERVER", "GET /bad", 500],
        ["SERVER", "GET /good", 200],
        ["SERVER", "GET /good", 200],
        ["SERVER", "GET /waiting", 201],
    ]
    assert [row[2] for row in got if row[0] == "CLIENT"] == [200, 200, 201, 500]


def test_sentry(installed):
    got = rows(installed, SENTRY, "sentry-sdk")
    assert ["event", "ZeroDivisionError", "bad"] in got
    assert [row[1] for row in got if row[0] == "transaction"] == [
        ["Bad", "get"],
        ["Good", "get"],
        ["Good", "get"],
        ["Waiting", "get"],
    ]


def test_elastic_apm(installed):
    assert rows(installed, ELASTIC, "elastic-apm", "wrapt") == [
        ["error", "ZeroDivisionError", ""],
        ["transaction", "GET Bad", "HTTP 5xx"],
        ["transaction", "GET Good", "HTTP 2xx"],
        ["transaction", "GET Good", "HTTP 2xx"],
        ["transaction", "GET Waiting", "HTTP 2xx"],
    ]


def test_ddtrace(installed):
    assert rows(installed, DDTRACE, "ddtrace") == [
        ["tornado.request", "application.Bad", "500", 1],
        ["tornado.request", "application.Good", "200", 0],
        ["tornado.request", "application.Good", "200", 0],
        ["tornado.request", "application.Waiting", "201", 0],
    ]


def test_new_relic(installed):
    assert rows(installed, NEW_RELIC, "newrelic") == [
        ["Function/application:Bad.get", "500", ["ZeroDivisionError"]],
        ["Function/application:Good.get", "200", []],
        ["Function/application:Good.get", "200", []],
        ["Function/application:Waiting.get", "201", []],
    ]
