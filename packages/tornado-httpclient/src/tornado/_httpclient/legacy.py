"""Names of older releases' HTTP clients that programs import; see `tornado._legacy`."""

from __future__ import annotations

import logging
import ssl

curl_log = logging.getLogger("tornado.curl_httpclient")


def _default_ca_certs() -> str | None:
    """Return the file of the system's certificate authorities; ``None`` if there is no such file."""
    return ssl.get_default_verify_paths().cafile


_DEFAULT_CA_CERTS = _default_ca_certs()
