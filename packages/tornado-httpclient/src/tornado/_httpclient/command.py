"""The command ``python -m tornado.httpclient``."""

from __future__ import annotations

import sys

from tornado._httpclient.blocking import HTTPClient
from tornado._httpclient.errors import HTTPClientError
from tornado._httpclient.response import HTTPResponse

_USAGE = "usage: python -m tornado.httpclient [options] URL..., see --help for the options"


def main() -> None:
    """Fetch the URLs given on the command line and print their content.

    ::

        python -m tornado.httpclient http://www.example.com
        python -m tornado.httpclient --print_headers --print_body=false http://www.example.com

    ``--follow_redirects`` and ``--validate_cert`` can be set to ``false``, ``--proxy_host`` and
    ``--proxy_port`` name a proxy. A response whose status is no success is printed like others.

    :raises SystemExit: with 2 if the command line is of no use, with 1 if a URL could not be
        fetched; one line on standard error says why.
    """
    # Deferred: only the command defines options and reads the arguments of the process.
    from tornado.options import Error, define, options, parse_command_line

    define("print_headers", type=bool, default=False)
    define("print_body", type=bool, default=True)
    define("follow_redirects", type=bool, default=True)
    define("validate_cert", type=bool, default=True)
    define("proxy_host", type=str)
    define("proxy_port", type=int)
    try:
        urls = parse_command_line()
    except Error as error:
        sys.exit(_failure(str(error), 2))
    if not urls:
        print(_USAGE, file=sys.stderr)
        sys.exit(2)
    status = 0
    with HTTPClient() as client:
        for url in urls:
            try:
                response = _fetch(
                    client,
                    url,
                    follow_redirects=options.follow_redirects,
                    validate_cert=options.validate_cert,
                    proxy_host=options.proxy_host,
                    proxy_port=options.proxy_port,
                )
            except (HTTPClientError, OSError, ValueError) as error:
                status = _failure(f"{url}: {error}", 1)
                continue
            if options.print_headers:
                print(response.headers)
            if options.print_body:
                print(response.body.decode("utf-8", "replace"))
    if status:
        sys.exit(status)


def _fetch(client: HTTPClient, url: str, **kwargs: object) -> HTTPResponse:
    try:
        return client.fetch(url, **kwargs)
    except HTTPClientError as error:
        if error.response is None or error.code == 599:
            raise
        return error.response


def _failure(text: str, status: int) -> int:
    print(f"tornado.httpclient: {' '.join(text.split())}", file=sys.stderr)
    return status


main.__module__ = "tornado.httpclient"
