"""SIGTERM under load: what was asked is answered whole, what is not answered was not begun."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter

import pytest

SERVER = r"""
import asyncio, logging, signal, sys
import tornado.web, tornado.websocket

logging.basicConfig(format="%(message)s")
executed = []
sockets = set()
stop = asyncio.Event()

class Main(tornado.web.RequestHandler):
    def get(self, number):
        executed.append(number)
        self.write(number)

    async def post(self, number):
        executed.append(number)
        await asyncio.sleep(0.005)
        self.write(number)
        self.write(self.request.body)

@tornado.web.stream_request_body
class Upload(tornado.web.RequestHandler):
    def prepare(self):
        self.size = 0
    async def data_received(self, chunk):
        self.size += len(chunk)
    def put(self, number):
        executed.append(number)
        self.write("%s %d" % (number, self.size))

class Stream(tornado.web.RequestHandler):
    async def get(self, number):
        executed.append(number)
        for part in range(10):
            self.write("%s," % number)
            await self.flush()
            await asyncio.sleep(0.005)

class Echo(tornado.websocket.WebSocketHandler):
    def open(self):
        sockets.add(self)
        if stop.is_set():  # its request came while the server drains
            self.close(1001, "going away")
    def on_message(self, message):
        self.write_message(message)
    def on_close(self):
        sockets.discard(self)

async def main():
    app = tornado.web.Application([
        (r"/main/(\d+)", Main), (r"/upload/(\d+)", Upload), (r"/stream/(\d+)", Stream),
        ("/echo", Echo)], websocket_ping_interval=5)
    server = app.listen(int(sys.argv[1]), "127.0.0.1")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print("ready %d" % int(sys.argv[1]), flush=True)
    await stop.wait()
    for each in list(sockets):
        each.close(1001, "going away")
    print("cut off %d" % await server.drain(10))
    for _ in range(100):
        if not sockets:
            break
        await asyncio.sleep(0.01)
    print("sockets %d" % len(sockets))
    print("executed", *executed, flush=True)

asyncio.run(main())
"""


def get(number: int) -> tuple[list[bytes], bytes]:
    return [b"GET /main/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number], b"%d" % number


def post(number: int) -> tuple[list[bytes], bytes]:
    head = b"POST /main/%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" % number
    return [head, b"p" * 1000, b"q" * 1000], b"%d" % number + b"p" * 1000 + b"q" * 1000


def upload(number: int) -> tuple[list[bytes], bytes]:
    head = b"PUT /upload/%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" % number
    chunk = b"ffff\r\n" + b"u" * 0xFFFF + b"\r\n"
    return [head, chunk, chunk, b"0\r\n\r\n"], b"%d %d" % (number, 2 * 0xFFFF)


def stream(number: int) -> tuple[list[bytes], bytes]:
    return [b"GET /stream/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number], b"%d," % number * 10


KINDS = [get, post, upload, stream]


@pytest.fixture
def clients(peer, broken_answer):
    """Clients in threads that ask, by each kind of request, until their connection ends."""

    class Clients:
        def __init__(self, port: int) -> None:
            self.port = port
            self.lock = threading.Lock()
            self.numbers = iter(range(10**9))
            self.answered: Counter[str] = Counter()
            self.by_kind: Counter[str] = Counter()
            self.given_up: list[tuple[str, bytes, int]] = []
            self.errors: list[BaseException] = []
            self.threads: list[threading.Thread] = []
            self.stop = threading.Event()

        def add(self, count: int, run) -> None:
            for _ in range(count):
                self.threads.append(threading.Thread(target=self.guard, args=(run,)))
                self.threads[-1].start()

        def guard(self, run) -> None:
            try:
                run()
            except BaseException as error:
                self.errors.append(error)

        def next_number(self) -> int:
            with self.lock:
                return next(self.numbers)

        def keep(self) -> None:
            """Ask on one connection until the server ends it."""
            connection = peer(self.port)
            while not self.stop.is_set() and not connection.is_last:
                number = self.next_number()
                kind = random.choice(KINDS)
                parts, expected = kind(number)
                answers = connection.answers
                try:
                    got = connection.ask(*self.slowly(parts))
                except broken_answer as broken:
                    self.given_up.append((str(number), broken.received, answers))
                    break
                assert got == (200, expected)
                self.answered[str(number)] += 1
                self.by_kind[kind.__name__] += 1
            connection.close()

        def slowly(self, parts):
            for part in parts:
                yield part
                if len(parts) > 1:
                    time.sleep(0.002)

        def reconnect(self) -> None:
            """Open a connection for each request, until no more are accepted."""
            while not self.stop.is_set():
                number = self.next_number()
                try:
                    connection = peer(self.port)
                except ConnectionRefusedError:
                    return
                parts, expected = random.choice(KINDS[:2])(number)
                assert connection.ask(*parts) == (200, expected)
                self.answered[str(number)] += 1
                connection.close()

        def pipeline(self) -> None:
            """Ask three things at a time; what is not answered in the end was not begun."""
            connection = peer(self.port)
            while not self.stop.is_set() and not connection.is_last:
                numbers = [self.next_number() for _ in range(3)]
                with contextlib.suppress(ConnectionError):  # what was said before is read below
                    connection.socket.sendall(b"".join(get(number)[0][0] for number in numbers))
                for number in numbers:
                    answers = connection.answers
                    try:
                        assert connection.read_answer() == (200, b"%d" % number)
                    except broken_answer as broken:
                        self.given_up.append((str(number), broken.received, answers))
                        continue
                    self.answered[str(number)] += 1
            connection.close()

        def __enter__(self):
            return self

        def __exit__(self, *exc_info: object) -> None:
            self.stop.set()
            for thread in self.threads:
                thread.join(30)

    return Clients


def talk(
    port: int, ready: threading.Barrier, codes: list[int], stop: threading.Event | None = None
) -> None:
    """Exchange messages until the server closes, and note its status code; or until `stop` is set."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    with connect(f"ws://127.0.0.1:{port}/echo", proxy=None) as connection:
        for number in range(10**6):
            try:
                connection.send(str(number))
                assert connection.recv(10) == str(number)
            except ConnectionClosed as closed:
                codes.append(closed.rcvd.code if closed.rcvd else 1006)
                return
            if stop is not None and stop.is_set():
                return
            if number == 3:
                ready.wait(20)
            time.sleep(0.005)


def test_sigterm_drains(program, unused_port, until, clients):
    port = unused_port()
    server = program("-c", SERVER, str(port))
    server.wait_for("(ready)")
    codes: list[int] = []
    ready = threading.Barrier(4)
    with clients(port) as load:
        load.add(10, load.keep)
        load.add(2, load.pipeline)
        load.add(4, load.reconnect)
        load.add(3, lambda: talk(port, ready, codes))
        ready.wait(20)
        until(lambda: all(load.by_kind[kind.__name__] > 10 for kind in KINDS))
        assert server.end() == 0
    assert load.errors == []
    assert server.found("^cut off (.*)") == ["0"]
    assert server.found("^sockets (.*)") == ["0"]
    # What got no answer came behind one, on the same connection; not a byte came, nothing was done.
    assert [each for each in load.given_up if each[1] or not each[2]] == []
    executed = server.found("^executed (.*)")[0].split()
    assert Counter(executed) == load.answered
    assert codes == [1001] * 3
    assert len(server.lines) == 4, "nothing else was said"


NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off; keepalive_requests 50;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream frontends {{
        server 127.0.0.1:{first} max_fails=0; server 127.0.0.1:{second} max_fails=0; keepalive 8;
    }}
    map $http_upgrade $connection_field {{ default upgrade; "" ""; }}
    # Sent again where no byte of an answer came: the test sees to it that nothing is done twice.
    proxy_next_upstream error non_idempotent;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_http_version 1.1;
            proxy_set_header Connection $connection_field;
            proxy_set_header Upgrade $http_upgrade;
            proxy_pass http://frontends;
        }}
    }}
}}
"""


def test_two_backends_restarted_in_turn(
    program, require, run, unused_port, until, clients, tmp_path
):
    nginx = require("nginx", "nginx-light")
    first, second, port = unused_port(), unused_port(), unused_port()
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(folder=tmp_path, first=first, second=second, port=port))

    def start(number: int):
        backend = program("-c", SERVER, str(number))
        backend.wait_for("(ready)")
        return backend

    running = {number: start(number) for number in (first, second)}
    ended = []
    codes: list[int] = []
    ready = threading.Barrier(4)
    command = [nginx, "-c", str(config), "-p", str(tmp_path)]
    with run(command, f"http://127.0.0.1:{port}/main/0"), clients(port) as load:

        def again(use, *arguments):
            def over_and_over():
                while not load.stop.is_set() and not load.given_up:
                    use(*arguments)

            return over_and_over

        def visit() -> None:
            talk(port, ready, codes)
            while not load.stop.is_set():
                talk(port, threading.Barrier(1), codes, load.stop)

        load.add(8, again(load.keep))
        load.add(2, load.reconnect)
        load.add(3, visit)
        ready.wait(20)
        for number in (first, second, first, second):
            answered = load.by_kind.copy()
            until(
                lambda answered=answered: all(
                    load.by_kind[k.__name__] > answered[k.__name__] + 5 for k in KINDS
                )
            )
            assert running[number].end() == 0
            ended.append(running[number])
            running[number] = start(number)
        answered = load.by_kind.copy()
        until(lambda: all(load.by_kind[k.__name__] > answered[k.__name__] + 5 for k in KINDS))
    assert load.errors == []
    assert load.given_up == []
    executed: Counter[str] = Counter()
    for backend in [*ended, *running.values()]:
        if backend not in ended:
            assert backend.end() == 0
        assert backend.found("^cut off (.*)") == ["0"]
        assert len(backend.lines) == 4, "nothing else was said"
        executed.update(backend.found("^executed (.*)")[0].split())
    assert set(codes) == {1001}
    assert len(codes) >= 3
    executed["0"] -= 1  # the probe of nginx; the first request had this number too
    assert executed == load.answered
