"""Uploads of any size, streamed to disk as they arrive: the server never holds a file in memory.

usage: python main.py [--port=8888] [--address=127.0.0.1] [--folder=uploads] [--max_gigabytes=4]

The page sends each file as the content of one PUT request; so does ``curl -T FILE URL/files/NAME``.
Files come back in parts, with ranges, as any static file does.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import signal
import tempfile
from pathlib import Path

import tornado.options
import tornado.web
from tornado.options import define, options

define("port", default=8888, type=int, help="the port to listen on")
define("address", default="127.0.0.1", help="the address to listen on")
define("folder", default="uploads", help="where the files go; made if it is not there")
define("max_gigabytes", default=4.0, type=float, help="the largest file that is taken")

HERE = Path(__file__).resolve().parent
NAME = re.compile(r"[\w][\w .()+-]{0,99}")
GIGABYTE = 1 << 30
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def room_on_disk():
    """Tell the sender where the disk is full, the quota used up, or the file too large for either."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise tornado.web.HTTPError(507, str(error)) from error


class PageHandler(tornado.web.RequestHandler):
    """The page: a form, and what is there already."""

    def get(self):
        folder = self.settings["folder"]
        files = sorted(
            (entry.name, entry.stat().st_size)
            for entry in os.scandir(folder)
            if entry.is_file() and NAME.fullmatch(entry.name)
        )
        # The script sends the token in a header; this sets its cookie.
        self.render("page.html", files=files, token=self.xsrf_token)


@tornado.web.stream_request_body
class UploadHandler(tornado.web.RequestHandler):
    """Takes a file piece by piece into a temporary one, which gets its name when all of it is there."""

    file = None

    def prepare(self):
        name = self.path_args[0]
        if not NAME.fullmatch(name):
            raise tornado.web.HTTPError(400, reason="No name for a file")
        limit = self.settings["max_size"]
        if int(self.request.headers.get("Content-Length", "0")) > limit:
            raise tornado.web.HTTPError(413)
        self.request.connection.set_max_body_size(limit)
        self.request.connection.set_body_timeout(3600)
        with room_on_disk():
            self.file = tempfile.NamedTemporaryFile(
                dir=self.settings["folder"], prefix=".upload-", delete=False
            )
        self.digest = hashlib.sha256()
        self.size = 0

    async def data_received(self, chunk):
        # A disk may be slow: other requests go on, and the sender waits meanwhile.
        with room_on_disk():
            await asyncio.get_running_loop().run_in_executor(None, self.store, chunk)

    def store(self, chunk):
        self.file.write(chunk)
        self.digest.update(chunk)
        self.size += len(chunk)

    def put(self, name):
        with room_on_disk():
            self.file.close()
            os.replace(self.file.name, os.path.join(self.settings["folder"], name))
        self.file = None
        self.set_status(201)
        self.write({"name": name, "size": self.size, "sha256": self.digest.hexdigest()})

    def check_xsrf_cookie(self):
        # A client without cookies, such as curl, can be nobody's browser.
        if self.request.cookies:
            super().check_xsrf_cookie()

    def on_finish(self):
        self.forget()

    def on_connection_close(self):
        self.forget()

    def forget(self):
        """Remove what is there of a file that will not be complete."""
        if self.file is not None:
            file, self.file = self.file, None
            os.unlink(file.name)
            with contextlib.suppress(OSError):  # what it still holds may find no room
                file.close()


class DownloadHandler(tornado.web.StaticFileHandler):
    """Sends a file as one to be saved, never as a page of this site."""

    def set_extra_headers(self, path):
        self.set_header("Content-Disposition", "attachment")
        self.set_header("X-Content-Type-Options", "nosniff")


def make_application(folder, max_size):
    os.makedirs(folder, exist_ok=True)
    return tornado.web.Application(
        [
            (r"/", PageHandler),
            (r"/files/([^/]+)", UploadHandler),
            (r"/download/([^/.][^/]*)", DownloadHandler, {"path": folder}),
        ],
        folder=folder,
        max_size=max_size,
        template_path=HERE / "templates",
        static_path=HERE / "static",
        xsrf_cookies=True,
    )


async def main():
    tornado.options.parse_command_line()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    application = make_application(options.folder, int(options.max_gigabytes * GIGABYTE))
    server = application.listen(options.port, options.address)
    print(f"upload listens on http://{options.address}:{options.port}/", flush=True)
    await stop.wait()
    await server.drain(timeout=5)


if __name__ == "__main__":
    asyncio.run(main())
