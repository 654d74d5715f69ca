"""Published libraries import, and the names of Tornado that their sources use are all there."""

from __future__ import annotations

import pytest

from conftest import NAMES_TOOL, RELEASE

# Project on the package index -> modules that touch Tornado.
LIBRARIES = {
    "bokeh": "bokeh.server.server bokeh.server.tornado bokeh.client",
    "panel": "panel.io.server",
    "jupyterlab": "jupyterlab.labapp jupyter_server.serverapp",
    "notebook": "notebook.app",
    "jupyterhub": "jupyterhub.app jupyterhub.proxy jupyterhub.services.auth",
    "jupyter-server-proxy": "jupyter_server_proxy.handlers jupyter_server_proxy.websocket",
    "sockjs-tornado": "sockjs.tornado sockjs.tornado.transports",
    "python-socketio": "socketio.async_server engineio.async_drivers.tornado",
    "distributed": "distributed.comm.ws distributed.http.scheduler.info distributed.cli.dask_scheduler",
    "motor": "motor motor.motor_tornado motor.web",
    "flower": "flower.app flower.command flower.views.auth",
    "luigi": "luigi.server luigi.rpc",
    "streamz": "streamz streamz.core",
    "webssh": "webssh.main webssh.handler webssh.worker",
    "tornado-redis": "tornadoredis tornadoredis.pubsub",
    "thumbor": "thumbor.server thumbor.handlers.imaging thumbor.loaders.http_loader",
    "streamlit": "streamlit.web.server.server streamlit.web.bootstrap",
    "elastic-apm": "elasticapm.contrib.tornado elasticapm.instrumentation.packages.tornado",
    "opentelemetry-instrumentation-tornado": "opentelemetry.instrumentation.tornado",
    "sentry-sdk": "sentry_sdk.integrations.tornado",
    "prometheus-client": "prometheus_client.exposition",
    "livereload": "livereload",
    "ipyparallel": "ipyparallel.apps.ipcontrollerapp",
    "voila": "voila.app",
    "nbclassic": "nbclassic.notebookapp",
    "tornado-sqlalchemy": "tornado_sqlalchemy",
    "tornado-swagger": "tornado_swagger.setup",
    "aiocron": "aiocron",
    "apscheduler": "apscheduler.schedulers.tornado",
    "tenacity": "tenacity.tornadoweb",
    "terminado": "terminado terminado.websocket",
    "pyzmq": "zmq.eventloop.ioloop zmq.eventloop.zmqstream zmq.eventloop.future",
    "ipykernel": "ipykernel.kernelapp",
    "circus": "circus.arbiter circus.controller",
    "pika": "pika.adapters.tornado_connection",
    "toredis": "toredis",
    "pynsq": "nsq",
    "salt": "salt.transport.tcp salt.transport.ws salt.netapi.rest_tornado",
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_imports(name, installed):
    home = installed(name)
    modules = LIBRARIES[name].split()
    home.run("\n".join(f"import {module}" for module in modules))
    if not RELEASE:
        libraries = home.run("import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        print(home.call("python", NAMES_TOOL, "--scan", libraries))
