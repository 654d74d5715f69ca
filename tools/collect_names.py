"""Print, as JSON, which names this interpreter's Tornado has: of modules, classes and living instances.

usage: PYTHON tools/collect_names.py [MODULE ...]

Runs on any Python that a release of Tornado ran on, 2.7 included, and on any release from 2.3 on. Only names
are taken. `tools/public_names.py` uses the same functions to look at this project.
"""

from __future__ import print_function

import importlib
import json
import pkgutil
import socket
import sys
import types

import tornado

#: Modules whose import does something, or which need what is rarely installed.
LEFT_OUT = ("tornado.test", "tornado.__main__", "tornado.speedups", "tornado.epoll")


def import_modules(names=()):
    """Return name -> module of those that can be imported, all of the package if none is named."""
    if not names:
        found = pkgutil.walk_packages(tornado.__path__, "tornado.", onerror=lambda name: None)
        names = [name for _, name, _ in found]
        names = [name for name in names if not name.startswith(LEFT_OUT)]
        names = [name for name in names if not name.split(".")[1].startswith("_")]
    modules = {}
    for name in ["tornado"] + sorted(names):
        try:
            modules[name] = importlib.import_module(name)
        except Exception as error:
            print("no %s: %s" % (name, error), file=sys.stderr)
    return modules


def is_public(name):
    return not name.startswith("_")


def module_names(modules):
    """Return module -> its names, without special ones."""
    return {
        module: sorted(n for n in vars(there) if not n.startswith("__"))
        for module, there in modules.items()
    }


def class_names(modules):
    """Return "module:class" -> its public attributes, for classes that a module defines."""
    found = {}
    for module, there in modules.items():
        for name, value in vars(there).items():
            is_class = isinstance(value, (type, getattr(types, "ClassType", type)))
            if is_class and is_public(name) and getattr(value, "__module__", "") == module:
                found["%s:%s" % (module, name)] = sorted(filter(is_public, dir(value)))
    return found


class Instances(object):
    """What each living object has beyond its class; collected by a small application that runs."""

    def __init__(self, keep=None):
        self.names = {}
        self.objects = {}

    def note(self, key, thing):
        own = set(dir(thing)) - set(dir(type(thing)))
        self.names.setdefault(key, set()).update(filter(is_public, own))
        self.objects.setdefault(key, []).append(thing)

    def attempt(self, key, make):
        """Note what `make` returns, where this release has that."""
        try:
            self.note(key, make())
        except Exception as error:
            print("no %s: %r" % (key, error), file=sys.stderr)

    def collect(self):
        from tornado import (
            httpclient,
            httpserver,
            httputil,
            ioloop,
            iostream,
            locale,
            template,
            web,
        )
        from tornado.options import options

        self.attempt("httpclient.HTTPRequest()", lambda: httpclient.HTTPRequest("http://a/"))
        self.attempt(
            "httpclient.HTTPResponse()",
            lambda: httpclient.HTTPResponse(httpclient.HTTPRequest("http://a/"), 200),
        )
        self.attempt("httpclient.HTTPError()", lambda: httpclient.HTTPError(404))
        self.attempt("httputil.HTTPHeaders()", httputil.HTTPHeaders)
        request_class = getattr(httputil, "HTTPServerRequest", None) or httpserver.HTTPRequest
        for arguments in ({"uri": "/"}, {}):
            self.attempt(
                "httputil.HTTPServerRequest()", lambda a=arguments: request_class("GET", **a)
            )
        self.attempt("web.Application()", web.Application)
        self.attempt("web.HTTPError()", lambda: web.HTTPError(404))
        self.attempt("web.URLSpec()", lambda: web.URLSpec("/", web.RequestHandler))
        self.attempt("httpserver.HTTPServer()", lambda: httpserver.HTTPServer(web.Application()))
        self.attempt("iostream.IOStream()", lambda: iostream.IOStream(socket.socket()))
        self.attempt("locale.get()", lambda: locale.get("en_US"))
        self.attempt("template.Template()", lambda: template.Template("{{ 1 }}"))
        self.attempt("template.DictLoader()", lambda: template.DictLoader({}))
        self.attempt("options", lambda: options)
        self.attempt(
            "ioloop.PeriodicCallback()", lambda: ioloop.PeriodicCallback(lambda: None, 1000)
        )
        self._collect_more()
        self._run(httpclient, httpserver, ioloop, web)

    def _collect_more(self):
        def make(module, name, *arguments):
            there = importlib.import_module("tornado." + module)
            return getattr(there, name)(*arguments)

        for module, name in (
            ("locks", "Condition"), ("locks", "Event"), ("locks", "Semaphore"), ("locks", "Lock"),
            ("queues", "Queue"), ("tcpserver", "TCPServer"), ("tcpclient", "TCPClient"),
            ("concurrent", "Future"), ("http1connection", "HTTP1ConnectionParameters"),
            ("options", "OptionParser"), ("log", "LogFormatter"),
        ):  # fmt: skip
            self.attempt(
                "%s.%s()" % (module, name), lambda module=module, name=name: make(module, name)
            )
        from tornado import iostream

        self.attempt(
            "http1connection.HTTP1Connection()",
            lambda: make(
                "http1connection", "HTTP1Connection", iostream.IOStream(socket.socket()), True
            ),
        )

    def _run(self, httpclient, httpserver, ioloop, web):
        from tornado import websocket

        note = self.note
        current = getattr(ioloop.IOLoop, "current", ioloop.IOLoop.instance)
        loop = current()
        steps = []

        class Page(web.RequestHandler):
            def prepare(self):
                note("web.RequestHandler in prepare", self)

            def post(self):
                note("web.RequestHandler in a request", self)
                note("httputil.HTTPServerRequest in a request", self.request)
                note("request.connection", self.request.connection)
                self.write("x")

            def on_finish(self):
                note("web.RequestHandler after its request", self)

        class Echo(websocket.WebSocketHandler):
            def open(self):
                note("websocket.WebSocketHandler when open", self)
                note("ws_connection", self.ws_connection)

            def on_message(self, message):
                self.write_message(message)

        application = web.Application([("/", Page), ("/echo", Echo)])
        server = httpserver.HTTPServer(application)
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(5)
        listener.setblocking(0)
        if hasattr(server, "add_socket"):
            server.add_socket(listener)
        else:
            server.add_sockets([listener])
        port = listener.getsockname()[1]
        client = httpclient.AsyncHTTPClient()
        note("httpclient.AsyncHTTPClient()", client)
        note("httpserver.HTTPServer when listening", server)
        note("web.Application when served", application)

        def fetched(response):
            note("httpclient.HTTPResponse of a fetch", response)
            note("HTTPResponse.request of a fetch", response.request)
            if hasattr(websocket, "websocket_connect"):
                future = websocket.websocket_connect("ws://127.0.0.1:%d/echo" % port)
                loop.add_future(future, connected)
            else:
                loop.stop()

        def connected(future):
            connection = future.result()
            note("websocket.WebSocketClientConnection when open", connection)
            steps.append(connection)
            connection.write_message("x")
            loop.add_future(connection.read_message(), heard)

        def heard(future):
            steps[0].close()
            note("websocket.WebSocketClientConnection after close", steps[0])
            loop.stop()

        def start():
            request = httpclient.HTTPRequest(
                "http://127.0.0.1:%d/" % port, method="POST", body="a=b"
            )
            if tornado.version_info[0] < 4:
                client.fetch(request, fetched)
            else:
                loop.add_future(client.fetch(request), lambda future: fetched(future.result()))

        loop.add_callback(start)
        loop.start()


def main():
    modules = import_modules(sys.argv[1:])
    instances = Instances()
    instances.collect()
    json.dump(
        {
            "version": tornado.version,
            "modules": module_names(modules),
            "classes": class_names(modules),
            "instances": {key: sorted(names) for key, names in instances.names.items()},
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
