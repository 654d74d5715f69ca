"""``tornado fetch``: one request from the command line."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

from tornado._cli.errors import FAILED, USAGE, CommandError
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httputil import HTTPHeaders


def add_fetch_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``tornado fetch``."""
    add = parser.add_argument
    add("url", metavar="URL")
    add("-X", "--request", metavar="METHOD", help="method (GET, or POST with content)")
    add(
        "-H",
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="a header (may be repeated)",
    )
    add("-d", "--data", metavar="TEXT", help="content; @FILE reads it from a file")
    add("-i", "--include", action="store_true", help="show the head of the response too")
    add("-I", "--head", action="store_true", help="ask for the head only")
    add("-o", "--output", metavar="FILE", help="write the content to a file")
    add("-f", "--fail", action="store_true", help="fail if the status is 400 or more")
    add("-L", "--location", action="store_true", help="follow redirects")
    add("-k", "--insecure", action="store_true", help="do not verify certificates")
    add(
        "-m",
        "--max-time",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="time for everything (60)",
    )
    add("--timing", action="store_true", help="show where the time went")


def fetch(arguments: argparse.Namespace, given: list[str]) -> int:
    """Run ``tornado fetch``; return its exit status."""
    return asyncio.run(_fetch(arguments))


async def _fetch(arguments: argparse.Namespace) -> int:
    client = AsyncHTTPClient(force_instance=True, max_body_size=1 << 40)
    output: Any = sys.stdout.buffer
    try:
        if arguments.output:
            output = open(arguments.output, "wb")
        request = _request(arguments)
        request.streaming_callback = output.write
        if arguments.include or arguments.head:
            request.header_callback = lambda line: output.write(line.encode("latin-1")) and None
        response = await client.fetch(request, raise_error=False)
    except (OSError, ValueError) as error:
        raise CommandError(str(error), USAGE if isinstance(error, ValueError) else FAILED) from None
    finally:
        output.flush()
        if arguments.output and output is not sys.stdout.buffer:
            output.close()
        client.close()
    if response.code == 599:
        raise CommandError(str(response.error), FAILED)
    if arguments.timing:
        for name, value in response.time_info.items():
            print(f"{name:>16} {value * 1000:9.3f} ms", file=sys.stderr)
        print(f"{'total':>16} {(response.request_time or 0) * 1000:9.3f} ms", file=sys.stderr)
    return FAILED if arguments.fail and response.code >= 400 else 0


def _request(arguments: argparse.Namespace) -> HTTPRequest:
    headers = HTTPHeaders()
    for line in arguments.header:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"header {line!r} has no colon")
        headers.add(name.strip(), value.strip())
    body: bytes | None = None
    if arguments.data is not None:
        data = arguments.data
        body = Path(data[1:]).read_bytes() if data.startswith("@") else data.encode()
    method = arguments.request or ("HEAD" if arguments.head else "GET" if body is None else "POST")
    url = arguments.url if "://" in arguments.url else f"http://{arguments.url}"
    return HTTPRequest(
        url,
        method=method.upper(),
        headers=headers,
        body=body,
        allow_nonstandard_methods=True,
        follow_redirects=arguments.location,
        validate_cert=not arguments.insecure,
        request_timeout=arguments.max_time,
        connect_timeout=arguments.max_time,
        decompress_response=True,
    )
