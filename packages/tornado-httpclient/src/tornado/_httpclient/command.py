"""URLs on the command line go in; what they hold comes out on the standard output."""

from __future__ import annotations

from tornado._httpclient.blocking import HTTPClient
from tornado._httpclient.errors import HTTPClientError


def main() -> None:
    """Fetch the URLs given on the command line and print what came.

    ::

        python -m tornado.httpclient http://www.example.com
        python -m tornado.httpclient --print_headers --print_body=false http://www.example.com

    ``--follow_redirects`` and ``--validate_cert`` can be set to ``false``, ``--proxy_host`` and
    ``--proxy_port`` name a proxy.
    """
    # Deferred: only the command defines options and reads the arguments of the process.
    from tornado.options import define, options, parse_command_line

    define("print_headers", type=bool, default=False)
    define("print_body", type=bool, default=True)
    define("follow_redirects", type=bool, default=True)
    define("validate_cert", type=bool, default=True)
    define("proxy_host", type=str)
    define("proxy_port", type=int)
    urls = parse_command_line()
    client = HTTPClient()
    try:
        for url in urls:
            try:
                response = client.fetch(
                    url,
                    follow_redirects=options.follow_redirects,
                    validate_cert=options.validate_cert,
                    proxy_host=options.proxy_host,
                    proxy_port=options.proxy_port,
                )
            except HTTPClientError as error:
                if error.response is None:
                    raise
                response = error.response
            if options.print_headers:
                print(response.headers)
            if options.print_body:
                print(response.body.decode("utf-8", "replace"))
    finally:
        client.close()


main.__module__ = "tornado.httpclient"
