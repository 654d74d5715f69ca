"""Motor: a client's commands to something that speaks MongoDB's wire protocol, and its server selection."""

from __future__ import annotations

# Enough of a MongoDB for a client: OP_MSG, the handshake, insert, find and ping, on documents in a list.
SERVER = """
import itertools, socketserver, struct, sys
import bson

documents = []
HELLO = {
    "ok": 1.0, "isWritablePrimary": True, "helloOk": True, "maxWireVersion": 21, "minWireVersion": 0,
    "maxBsonObjectSize": 16777216, "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000,
}

def reply_to(command):
    name = next(iter(command))
    if name in ("hello", "ismaster", "isMaster"):
        return HELLO
    if name == "insert":
        documents.extend(command["documents"])
        return {"ok": 1.0, "n": len(command["documents"])}
    if name == "find":
        wanted = command.get("filter", {})
        found = [d for d in documents if all(d.get(k) == v for k, v in wanted.items())]
        batch = {"firstBatch": found, "id": 0, "ns": command["$db"] + "." + command["find"]}
        return {"ok": 1.0, "cursor": batch}
    return {"ok": 1.0}

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        numbers = itertools.count(1)
        while head := self.rfile.read(16):
            size, request, _, code = struct.unpack("<iiii", head)
            body = self.rfile.read(size - 16)
            if code == 2004:  # the handshake of older drivers
                start = body.index(b"\\0", 4) + 9
                content = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode(reply_to(bson.decode(body[start:])))
                answer = 1
            else:
                command, rest = {}, body[4:]
                while rest:
                    kind, rest = rest[0], rest[1:]
                    length = struct.unpack("<i", rest[:4])[0]
                    section, rest = rest[:length], rest[length:]
                    if kind == 0:
                        command = {**bson.decode(section), **command}
                    else:
                        key, _, items = section[4:].partition(b"\\0")
                        command[key.decode()] = bson.decode_all(items)
                command = {k: command[k] for k in sorted(command, key=lambda k: k in (
                    "documents", "lsid", "$db", "$clusterTime"))}
                content, answer = struct.pack("<i", 0) + b"\\0" + bson.encode(reply_to(command)), 2013
            header = struct.pack("<iiii", 16 + len(content), next(numbers), request, answer)
            self.wfile.write(header + content)

class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
    print("listening", flush=True)
    server.serve_forever()
"""

CLIENT = """
import sys
import motor
from tornado import gen, ioloop

client = motor.MotorClient("127.0.0.1", int(sys.argv[1]), serverSelectionTimeoutMS=30000)
words = client.database.words

@gen.coroutine
def old_style():
    result = yield words.insert_one({"_id": 1, "text": "hello"})
    raise gen.Return(result.inserted_id)

async def main():
    print(await old_style())
    await words.insert_many([{"_id": n, "text": "more"} for n in range(2, 6)])
    print((await words.find_one({"text": "hello"}))["_id"])
    print(sorted([document["_id"] async for document in words.find({"text": "more"})]))
    print((await client.admin.command("ping"))["ok"])

ioloop.IOLoop.current().run_sync(main)
"""

NOBODY = """
import sys
import motor, pymongo.errors
from tornado import ioloop

async def main():
    client = motor.MotorClient("127.0.0.1", int(sys.argv[1]), serverSelectionTimeoutMS=300)
    try:
        await client.admin.command("ping")
    except pymongo.errors.ServerSelectionTimeoutError:
        print("no server")

ioloop.IOLoop.current().run_sync(main)
"""


def test_commands(installed, unused_port):
    home = installed("motor")
    (home.folder / "mongo.py").write_text(SERVER, "utf-8")
    (home.folder / "client.py").write_text(CLIENT, "utf-8")
    port = unused_port()
    server = home.start("python", "mongo.py", str(port))
    server.wait_for_line("listening")
    assert home.call("python", "client.py", str(port)) == "1\n1\n[2, 3, 4, 5]\n1.0\n"
    server.no_errors()


def test_server_selection(installed, unused_port):
    home = installed("motor")
    (home.folder / "nobody.py").write_text(NOBODY, "utf-8")
    assert home.call("python", "nobody.py", str(unused_port())) == "no server\n"
