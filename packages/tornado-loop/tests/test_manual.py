"""Every code sample of sections 3.1, 5.2 and 5.6 of the 2.3 manual, run.

What a sample leaves out (a server to connect to, an HTTP client, a handler class) is put around it;
the lines of the samples themselves are unchanged, but for Python 3's syntax.
"""

import contextlib
import errno
import functools
import logging
import socket
import sys

import pytest

from tornado import gen, ioloop, stack_context
from tornado.ioloop import IOLoop
from tornado.stack_context import StackContext


class AsyncHTTPClient:
    """Answers each fetch on the loop's next turn, like a client: with a callback."""

    def fetch(self, url, callback):
        IOLoop.instance().add_callback(callback, f"response of {url}")


class RequestHandler:
    """What the samples use of a handler."""

    def __init__(self):
        self.done = []

    def render(self, template):
        self.done.append(template)
        IOLoop.instance().stop()

    def asynchronous(method):
        return method


asynchronous = RequestHandler.asynchronous
responses = []
do_something_with_response = responses.append


@pytest.fixture(autouse=True)
def forget_responses():
    responses.clear()


class TestIOLoop:
    def test_simple_tcp_server(self):
        """3.1.1: connections are accepted in a handler of the loop."""
        handled = []

        def handle_connection(connection, address):
            handled.append(address)
            connection.close()
            io_loop.stop()

        def connection_ready(sock, fd, events):
            while True:
                try:
                    connection, address = sock.accept()
                except OSError as e:
                    if e.args[0] not in (errno.EWOULDBLOCK, errno.EAGAIN):
                        raise
                    return
                connection.setblocking(0)
                handle_connection(connection, address)

        port = 0
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(0)
        sock.bind(("127.0.0.1", port))
        sock.listen(128)

        io_loop = ioloop.IOLoop.instance()
        callback = functools.partial(connection_ready, sock)
        io_loop.add_handler(sock.fileno(), callback, io_loop.READ)

        client = socket.create_connection(sock.getsockname())
        io_loop.start()

        assert handled == [client.getsockname()]
        io_loop.remove_handler(sock.fileno())
        client.close()
        sock.close()

    def test_default_argument(self):
        """3.1.1, Running an IOLoop."""

        class MyClass:
            def __init__(self, io_loop=None):
                self.io_loop = io_loop or IOLoop.instance()

        mine = IOLoop(make_current=False)
        assert MyClass().io_loop is IOLoop.instance()
        assert MyClass(io_loop=mine).io_loop is mine

    @pytest.mark.parametrize("at_once", [True, False])
    def test_start_and_stop(self, at_once):
        """3.1.1: start returns whether the callback came before or after it."""

        def async_method(ioloop, callback):
            if at_once:
                callback()
            else:
                ioloop.add_callback(callback)

        ioloop = IOLoop()
        async_method(ioloop=ioloop, callback=ioloop.stop)
        ioloop.start()
        ioloop.close()

    def test_transfer_from_another_thread(self):
        """3.1.1, Timeouts: add_callback is the one method that is safe from other threads."""
        import threading

        loop = IOLoop.instance()
        got = []

        def finish(result):
            got.append((result, threading.current_thread() is threading.main_thread()))
            loop.stop()

        def work():
            IOLoop.instance().add_callback(lambda: finish(5))

        thread = threading.Thread(target=work)
        loop.add_callback(thread.start)
        loop.start()
        thread.join()
        assert got == [(5, True)]

    def test_periodic_callback(self):
        """3.1.1: start must be called after the PeriodicCallback is created."""
        calls = []
        loop = IOLoop.instance()

        def callback():
            calls.append(1)
            if len(calls) == 3:
                loop.stop()

        periodic = ioloop.PeriodicCallback(callback, 1, io_loop=loop)
        periodic.start()
        loop.start()
        periodic.stop()
        assert len(calls) >= 3

    def test_subclass_reports_exceptions(self):
        """3.1.1, Debugging: the exception is available in sys.exc_info."""
        seen = []

        class Reporting(ioloop.PollIOLoop):
            def handle_callback_exception(self, callback):
                seen.append((callback, sys.exc_info()[1].args))

        def fails():
            raise ValueError("x")

        loop = Reporting(make_current=False)
        loop.add_callback(fails)
        loop.add_callback(loop.stop)
        loop.start()
        loop.close()
        assert seen == [(fails, ("x",))]


class TestGen:
    def start(self, handler):
        """Let the handler run until it renders."""
        handler.get()
        IOLoop.instance().start()
        return handler.done

    def test_with_callbacks(self):
        """5.2: the handler in two methods."""

        class AsyncHandler(RequestHandler):
            @asynchronous
            def get(self):
                http_client = AsyncHTTPClient()
                http_client.fetch("http://example.com", callback=self.on_fetch)

            def on_fetch(self, response):
                do_something_with_response(response)
                self.render("template.html")

        assert self.start(AsyncHandler()) == ["template.html"]
        assert responses == ["response of http://example.com"]

    def test_with_gen(self):
        """5.2: the same as one generator."""

        class GenAsyncHandler(RequestHandler):
            @asynchronous
            @gen.engine
            def get(self):
                http_client = AsyncHTTPClient()
                response = yield gen.Task(http_client.fetch, "http://example.com")
                do_something_with_response(response)
                self.render("template.html")

        assert self.start(GenAsyncHandler()) == ["template.html"]
        assert responses == ["response of http://example.com"]

    def test_list_of_tasks(self):
        """5.2: two fetches in parallel."""
        url1, url2 = "http://one", "http://two"

        class Handler(RequestHandler):
            @gen.engine
            def get(self):
                http_client = AsyncHTTPClient()
                response1, response2 = yield [
                    gen.Task(http_client.fetch, url1),
                    gen.Task(http_client.fetch, url2),
                ]
                do_something_with_response((response1, response2))
                self.render("template.html")

        self.start(Handler())
        assert responses == [("response of http://one", "response of http://two")]

    def test_callback_and_wait(self):
        """5.2: Task in two parts."""

        class GenAsyncHandler2(RequestHandler):
            @asynchronous
            @gen.engine
            def get(self):
                http_client = AsyncHTTPClient()
                http_client.fetch("http://example.com", callback=(yield gen.Callback("key")))
                response = yield gen.Wait("key")
                do_something_with_response(response)
                self.render("template.html")

        assert self.start(GenAsyncHandler2()) == ["template.html"]
        assert responses == ["response of http://example.com"]

    def test_task_is_a_callback_and_a_wait(self):
        """5.2.2: the two spellings give the same."""
        results = []

        def func(args, callback):
            IOLoop.instance().add_callback(callback, args)

        @gen.engine
        def spellings(args=5, key="key"):
            result = yield gen.Task(func, args)
            results.append(result)

            func(args, callback=(yield gen.Callback(key)))
            result = yield gen.Wait(key)
            results.append(result)
            IOLoop.instance().stop()

        IOLoop.instance().add_callback(spellings)
        IOLoop.instance().start()
        assert results == [5, 5]


class TestStackContext:
    def test_die_on_error(self, caplog):
        """5.6: an exception in a callback ends the process in place of being logged for ever."""

        class HTTPClient:
            def fetch(self, url, callback):
                IOLoop.instance().add_callback(IOLoop.instance().add_callback, callback, url)

        def callback(response):
            raise KeyError(response)

        http_client, url = HTTPClient(), "http://example.com"
        ioloop = IOLoop.instance()

        @contextlib.contextmanager
        def die_on_error():
            try:
                yield
            except Exception:
                logging.error("exception in asynchronous operation", exc_info=True)
                sys.exit(1)

        with StackContext(die_on_error):
            # Any exception thrown here *or in callback and its desendents*
            # will cause the process to exit instead of spinning endlessly
            # in the ioloop.
            http_client.fetch(url, callback)

        with pytest.raises(SystemExit):
            ioloop.start()
        assert "exception in asynchronous operation" in caplog.text

    def test_function_and_not_its_result(self):
        """5.6: what a plain with statement and a StackContext take."""
        entered = []

        @contextlib.contextmanager
        def my_context():
            entered.append(1)
            yield

        with my_context():
            pass
        with StackContext(my_context):
            wrapped = stack_context.wrap(lambda: len(entered))
        assert entered == [1, 1]
        assert wrapped() == 3

    def test_deactivation_callback(self):
        """5.6: the result of ``with StackContext() as cb`` stops the propagation."""
        with StackContext(contextlib.nullcontext) as cb:
            pending = stack_context.wrap(print)
            cb()
            assert "0 stack contexts" in repr(stack_context.wrap(print))
        assert "1 stack contexts" in repr(pending)

    def test_null_context_for_shared_resources(self):
        """5.6: a pool that is made on demand does not keep its maker's context."""
        with StackContext(contextlib.nullcontext):
            with stack_context.NullContext():
                assert "0 stack contexts" in repr(stack_context.wrap(print))
            assert "1 stack contexts" in repr(stack_context.wrap(print))
