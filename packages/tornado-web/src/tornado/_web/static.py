"""Serving the files of a directory: whole or in part, with tags and versions for caches."""

from __future__ import annotations

import asyncio
import datetime
import functools
import hashlib
import os
import stat
from collections.abc import Awaitable
from typing import Any

from tornado import httputil
from tornado._core.seam import printable
from tornado._web import roots
from tornado._web.codings import accepted_codings
from tornado._web.decisions import decided
from tornado._web.errors import HTTPError
from tornado._web.output import DONE
from tornado._web.ranges import ByteRange, Unsatisfiable, requested_range
from tornado._web.rendering import Rendering
from tornado._web.targets import leaves_host
from tornado._web.versions import GET_CONTENT, FileVersions, found
from tornado.log import gen_log

__all__ = ["StaticFileHandler"]

# Files up to this size are read and sent in one go.
_WHOLE_BYTES = 128 * 1024
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)

# Content codings of precompressed siblings, the preferred one first, with their suffixes.
_SIBLINGS = {"zstd": ".zst", "br": ".br", "gzip": ".gz"}


class StaticFileHandler(FileVersions):
    """Serves the files of a directory.

    To map a path to a directory::

        application = web.Application([
            (r"/static/(.*)", web.StaticFileHandler, {"path": "/var/www"}),
        ])

    (the setting ``static_path`` does so for ``/static/``.) The pattern must have one group: the
    file's path under the root.

    A file is sent with an ``Etag`` made of its content and with ``Last-Modified``; requests for
    what the client has already get a 304, and those for a part of the file 206. URLs
    made by `make_static_url` have the content's version in the argument ``v`` and may be kept by
    browsers for ten years.

    Subclasses may serve content from elsewhere, if they override `get_absolute_path`,
    `validate_absolute_path`, `get_content`, `get_content_size`, `get_modified_time` and, for
    versions, `get_content_version`. Other hooks are `parse_url_path`, `get_content_type`,
    `get_cache_time`, `set_headers`, `set_extra_headers` and `should_return_304`.

    .. versionchanged:: 3.1
       Most of these hooks; parts of files.
    """

    __module__ = "tornado.web"

    #: Seconds that browsers may keep what was asked for with a version.
    CACHE_MAX_AGE = 86400 * 365 * 10
    # A subclass may have an `initialize` or a `get` of its own, which sets only some of these.
    root: str = ""
    default_filename: str | None = None
    allowed_symlink_directory: str | list[str] | None = None
    path = ""
    absolute_path: str | None = None
    modified: datetime.datetime | None = None
    _precompressed = False
    _stat_result: os.stat_result | None = None
    _coding: str | None = None
    _tag: str | None = None

    def initialize(
        self,
        path: str,
        default_filename: str | None = None,
        allowed_symlink_directory: str | list[str] | None = None,
        precompressed: bool = False,
    ) -> None:
        """Take what the route says.

        :param path: the root directory.
        :param default_filename: the file to send for a directory, such as ``index.html``.
        :param allowed_symlink_directory: a directory outside of the root, or a list of them, into
            which symbolic links may lead. Others that leave the root are refused.
        :param precompressed: send ``style.css.zst``, ``style.css.br`` or ``style.css.gz`` for
            ``style.css`` to clients that accept the coding, if there is such a file.

        .. versionchanged:: 6.6
           ``allowed_symlink_directory``.
        """
        self.root = path
        self.default_filename = default_filename
        self.allowed_symlink_directory = allowed_symlink_directory
        self._precompressed = precompressed

    def head(self, path: str) -> Awaitable[None]:
        """Respond with the headers of the file."""
        return self.get(path, include_body=False)

    def get(self, path: str, include_body: bool = True) -> Awaitable[None]:
        """Respond with the file.

        :param path: its path as the URL has it.
        :param include_body: send the content, not only its headers.
        """
        self.path = self.parse_url_path(path)
        absolute_path = self.get_absolute_path(self.root, self.path)
        validated = self.validate_absolute_path(self.root, absolute_path)
        if validated is None:
            return DONE
        self.absolute_path = decided(validated, self, "validate_absolute_path")
        if self._precompressed:
            self._choose_sibling(validated)
        self.modified = self.get_modified_time()
        self.set_headers()
        if decided(self.should_return_304(), self, "should_return_304"):
            self.set_status(304)
            return DONE
        part = self._part()
        if part is None:
            return DONE
        self.set_header("Content-Length", part.length)
        if not include_body or self.request.method == "HEAD":
            if self._transforms:
                self.flush()  # as for GET, which decides on compression before it knows the length
            return DONE
        if self._serves_plain_file():
            if part.length <= _WHOLE_BYTES:
                self._write_part(self.absolute_path, part)
                if self._transforms:
                    self.flush()  # a file counts as streamed: compressed, whatever its size
                return DONE
            if not self._transforms:
                return self._send_file(self.absolute_path, part)
        return self._send_content(part)

    def _part(self) -> ByteRange | None:
        """Return what of the content to send, the status and headers set; ``None`` if nothing."""
        size = self.get_content_size()
        whole = ByteRange(0, size, size)
        field = self.request.headers.get("Range")
        if field is None or not self._range_is_current():
            return whole
        try:
            part = requested_range(field, size)
        except Unsatisfiable:
            self.set_status(416)
            self.set_header("Content-Type", "text/plain")
            self.set_header("Content-Range", f"bytes */{size}")
            self.set_header("Content-Length", 0)
            return None
        if part is None:
            return whole
        if not part.is_whole:
            # Some clients take a 206 for everything as incomplete.
            self.set_status(206)
            self.set_header("Content-Range", part.content_range())
        return part

    def _range_is_current(self) -> bool:
        """Return whether the parts that the client has are of this content (RFC 9110, section 13.1.5)."""
        field = self.request.headers.get("If-Range")
        if field is None:
            return True
        if '"' in field:
            return bool(field.strip() == self._headers.get("Etag"))
        return bool(field.strip() == self._headers.get("Last-Modified"))

    def _serves_plain_file(self) -> bool:
        """Return whether the content is that of the file itself, so that the kernel may send it."""
        own = self.__dict__
        return (
            found(type(self), "get_content") is GET_CONTENT
            and type(self).get_content_size is _GET_CONTENT_SIZE
            and "get_content" not in own
            and "get_content_size" not in own
        )

    def _write_part(self, path: str, part: ByteRange) -> None:
        """Write a small part as a whole."""
        # (Without a file object, which would ask for the file's status once more.)
        fd = os.open(path, _READ_FLAGS)
        try:
            if part.start:
                os.lseek(fd, part.start, os.SEEK_SET)
            content = os.read(fd, part.length)
        finally:
            os.close(fd)
        if len(content) != part.length:
            raise HTTPError(500, "%s changed while it was read", printable(path))
        self.write(content)

    async def _send_file(self, path: str, part: ByteRange) -> None:
        """Send a large part from the file to the socket."""
        connection = self.request.connection
        send_file = getattr(connection, "send_file", None)
        if send_file is None:
            await self._send_content(part)
            return
        with open(path, "rb", buffering=0) as file:
            self.flush()
            try:
                await send_file(file, part.start, part.length)
            except (OSError, httputil.HTTPOutputError):
                if os.fstat(file.fileno()).st_size < part.end:
                    gen_log.error("%s was truncated while it was sent", printable(path))
                    self._break_off()
                    return
                raise  # the client has gone

    async def _send_content(self, part: ByteRange) -> None:
        """Send the content in chunks, each when the one before has left."""
        assert self.absolute_path is not None
        content: Any = self.get_content(
            self.absolute_path,
            part.start if not part.is_whole else None,
            part.end if not part.is_whole else None,
        )
        if isinstance(content, bytes):
            content = [content]  # an old form of the hook
        iterator = iter(content)
        # A disk may take its time; where nothing may be waited for (WSGI), it takes that of the server.
        off_loop = self._serves_plain_file() and not hasattr(
            self.request.connection, "run_coroutine"
        )
        while True:
            if off_loop:
                loop = asyncio.get_running_loop()
                chunk = await loop.run_in_executor(None, next, iterator, None)
            else:
                chunk = next(iterator, None)
            if chunk is None:
                return
            self.write(chunk)
            await self.flush()

    def compute_etag(self) -> str | None:
        """Return the tag made of the content's version, ``None`` if it has none.

        .. versionadded:: 3.1
        """
        if self.absolute_path is None:
            return None  # a subclass writes something else
        # Asked for twice, when the headers are set and when the response is finished.
        if self._tag is None:
            status = self._stat_result
            if status is not None and self._is_too_large(status):
                # Its size and time will do, and reading all of it would not.
                stamp = (self.absolute_path, status.st_size, status.st_mtime_ns)
                version: str | None = hashlib.sha512(repr(stamp).encode()).hexdigest()
            else:
                version = self._version_of(self.absolute_path, status)
            self._tag = f'"{version}"' if version else ""
        return self._tag or None

    def set_headers(self) -> None:
        """Set the headers about the content and for caches.

        .. versionadded:: 3.1
        """
        self.set_header("Accept-Ranges", "bytes")
        self.set_etag_header()
        if self.modified is not None:
            self.set_header("Last-Modified", _http_date(self.modified))
        content_type = self.get_content_type()
        if content_type:
            self.set_header("Content-Type", content_type)
        if self._precompressed:
            self.add_header("Vary", "Accept-Encoding")
        if self._coding is not None:
            self.set_header("Content-Encoding", self._coding)
        cache_time = self.get_cache_time(self.path, self.modified, content_type)
        if cache_time > 0:
            now = datetime.datetime.now(datetime.timezone.utc)
            self.set_header("Expires", now + datetime.timedelta(seconds=cache_time))
            self.set_header("Cache-Control", f"max-age={cache_time}")
        self.set_extra_headers(self.path)

    def should_return_304(self) -> bool:
        """Tell whether the client has this content already.

        .. versionadded:: 3.1
        """
        headers = self.request.headers
        if "If-None-Match" in headers:
            return self.check_etag_header()
        since = headers.get("If-Modified-Since")
        if since is None or self.modified is None:
            return False
        from email.utils import parsedate  # here, since it is slow to import

        parsed = parsedate(since)
        if parsed is None:
            return False
        try:
            date = datetime.datetime(*parsed[:6])
        except (ValueError, OverflowError):
            return False
        modified = self.modified
        if modified.tzinfo is not None:
            modified = modified.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return date >= modified.replace(microsecond=0)

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """Return the file to send, or ``None`` if the response was sent otherwise.

        Directories are redirected to the URL with a slash, and stand for their default file.

        :param root: the root directory.
        :param absolute_path: what `get_absolute_path` returned.
        :raises HTTPError: 403 for what lies outside of the root or is no plain file, 404 for
            what is not there.

        .. versionadded:: 3.1
        """
        try:
            return self._validated(roots.absolute(root), absolute_path)
        except ValueError:
            raise HTTPError(404) from None  # a NUL in the path

    def _validated(self, root: str, absolute_path: str) -> str | None:
        if ".." in absolute_path or not os.path.isabs(absolute_path):
            # An override of `get_absolute_path` has only joined the two.
            absolute_path = os.path.abspath(absolute_path)
        if not roots.is_below(absolute_path, root):
            raise self._not_in_root()
        # Links are judged before anything is asked about what they lead to: the status must not tell
        # whether there is such a file outside of the root.
        self._check_links(root, absolute_path)
        status = roots.status_of(absolute_path)
        if (
            status is not None
            and stat.S_ISDIR(status.st_mode)
            and self.default_filename is not None
        ):
            if not self.request.path.endswith("/"):
                if leaves_host(self.request.path):
                    raise HTTPError(
                        403, "cannot redirect path with two initial slashes: %r", self.request.path
                    )
                self.redirect(self.request.path + "/", permanent=True)
                return None
            absolute_path = os.path.join(absolute_path, self.default_filename)
            self._check_links(root, absolute_path)
            status = roots.status_of(absolute_path)
        if status is None:
            raise HTTPError(404)
        if not stat.S_ISREG(status.st_mode):
            raise HTTPError(403, "%s is not a file", printable(self.path))
        self._stat_result = status
        return absolute_path

    def _check_links(self, root: str, absolute_path: str) -> None:
        if not roots.links_stay(root, absolute_path, self.allowed_symlink_directory):
            raise self._not_in_root()

    def _not_in_root(self) -> HTTPError:
        return HTTPError(403, "%s is not in root static directory", printable(self.path))

    def _choose_sibling(self, plain: str) -> None:
        """Take a compressed copy of the file, if there is one that the client accepts."""
        accepted = self.request.headers.get("Accept-Encoding", "")
        for coding in accepted_codings(accepted, tuple(_SIBLINGS)):
            sibling = plain + _SIBLINGS[coding]
            if not roots.links_stay(
                roots.absolute(self.root), sibling, self.allowed_symlink_directory
            ):
                continue
            status = roots.status_of(sibling)
            if status is None or not stat.S_ISREG(status.st_mode):
                continue
            self._plain_path = plain
            self.absolute_path = sibling
            self._stat_result = status
            self._coding = coding
            return

    def _stat(self) -> os.stat_result:
        if self._stat_result is None:
            assert self.absolute_path is not None
            self._stat_result = os.stat(self.absolute_path)
        return self._stat_result

    def get_content_size(self) -> int:
        """Return the size of the content in bytes.

        .. versionadded:: 3.1
        """
        return self._stat().st_size

    def get_modified_time(self) -> datetime.datetime | None:
        """Return when the content was changed last, or ``None`` if that is not known.

        .. versionadded:: 3.1
        .. versionchanged:: 6.4
           The time has a time zone.
        """
        return _time_of(int(self._stat().st_mtime))

    def get_content_type(self) -> str:
        """Return the media type for the ``Content-Type`` header.

        .. versionadded:: 3.1
        """
        path = self._plain_path if self._coding is not None else self.absolute_path
        assert path is not None
        import mimetypes  # here, since it is slow to import

        mime_type, encoding = mimetypes.guess_type(path)
        # A compressed file is served as one, not as what it holds in a content coding.
        if encoding == "gzip":
            return "application/gzip"
        if encoding is not None:
            return "application/octet-stream"
        return mime_type or "application/octet-stream"

    def set_extra_headers(self, path: str) -> None:
        """Hook to set further headers. Override it.

        :param path: what `parse_url_path` returned.
        """

    def get_cache_time(self, path: str, modified: datetime.datetime | None, mime_type: str) -> int:
        """Return for how many seconds browsers may keep the file without asking; 0 to say nothing.

        By default ten years for URLs with a version, and 0 for others. Override it to change that.
        """
        request = self.request
        return self.CACHE_MAX_AGE if request.query and "v" in request.arguments else 0

    def parse_url_path(self, url_path: str) -> str:
        """Return the path under the root that a URL's path stands for. Override it to map otherwise.

        :param url_path: the URL's path without ``static_url_prefix``.
        """
        return url_path if os.path.sep == "/" else url_path.replace("/", os.path.sep)


Rendering._static_file_handler = StaticFileHandler


@functools.lru_cache(maxsize=1024)
def _time_of(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


@functools.lru_cache(maxsize=1024)
def _http_date(modified: datetime.datetime) -> str:
    """Return the text of a Last-Modified field: no file is newer than the response (RFC 9110 8.8.2.1).

    Clocks are set back, and files come from machines whose clocks are ahead.
    """
    if modified.tzinfo is None:
        modified = modified.replace(tzinfo=datetime.timezone.utc)
    return httputil.format_timestamp(min(modified, datetime.datetime.now(datetime.timezone.utc)))


_GET_CONTENT_SIZE = StaticFileHandler.get_content_size
