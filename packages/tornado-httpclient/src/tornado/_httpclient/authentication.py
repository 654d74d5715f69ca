"""Digest authentication: challenges, and the credentials for them (RFC 7616)."""

from __future__ import annotations

import hashlib
import re
import secrets

from tornado._http1.seam import TOKEN_TEXT
from tornado.escape import utf8

_PARAMETER = re.compile(rf'[\s,]*({TOKEN_TEXT})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(rf"[\s,]*({TOKEN_TEXT})(?:[ \t]+|\Z|(?=,))")
_ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
#: The better comes first.
_PREFERENCE = ("SHA-512-256", "SHA-256", "MD5")


def parse_challenges(value: str) -> list[tuple[str, dict[str, str]]]:
    """Return the challenges in a WWW-Authenticate field: schemes in lower case, and parameters."""
    challenges: list[tuple[str, dict[str, str]]] = []
    position = 0
    while position < len(value):
        parameter = _PARAMETER.match(value, position)
        if parameter is not None and challenges:
            name, quoted, plain = parameter.groups()
            text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            challenges[-1][1][name.lower()] = text
            position = parameter.end()
            continue
        scheme = _SCHEME.match(value, position)
        if scheme is None:
            break
        challenges.append((scheme.group(1).lower(), {}))
        position = scheme.end()
    return challenges


class DigestSession:
    """Responds to the challenges of one server; counts how often each of its nonces was used."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._challenge: dict[str, str] | None = None
        self._count = 0

    def challenged(self, fields: list[str]) -> bool:
        """Take the WWW-Authenticate ``fields`` of a 401; tell whether another try makes sense."""
        found: dict[str, dict[str, str]] = {}
        for field in fields:
            for scheme, parameters in parse_challenges(field):
                algorithm = parameters.get("algorithm", "MD5").upper().removesuffix("-SESS")
                if scheme == "digest" and "nonce" in parameters and _is_known(algorithm):
                    qop = parameters.get("qop")
                    if qop is None or "auth" in re.split(r"[\s,]+", qop.lower()):
                        found.setdefault(algorithm, parameters)
        for algorithm in _PREFERENCE:
            if algorithm in found:
                before, self._challenge = self._challenge, found[algorithm]
                self._count = 0
                # Refused once, the same credentials are only worth a try for a stale nonce.
                return before is None or found[algorithm].get("stale", "").lower() == "true"
        return False

    def authorization(self, method: str, path: str) -> str | None:
        """Return the value of the Authorization field; ``None`` before the first challenge."""
        challenge = self._challenge
        if challenge is None:
            return None
        self._count += 1
        named = challenge.get("algorithm", "MD5")
        algorithm = named.upper().removesuffix("-SESS")
        realm, nonce = challenge.get("realm", ""), challenge["nonce"]
        client_nonce = secrets.token_hex(16)

        def digest(*parts: str) -> str:
            return hashlib.new(
                _ALGORITHMS[algorithm], utf8(":".join(parts)), usedforsecurity=False
            ).hexdigest()

        secret = digest(self._username, realm, self._password)
        if named.upper().endswith("-SESS"):
            secret = digest(secret, nonce, client_nonce)
        action = digest(method, path)
        fields = {
            "username": _quoted(self._username),
            "realm": _quoted(realm),
            "nonce": _quoted(nonce),
            "uri": _quoted(path),
        }
        if "algorithm" in challenge:
            fields["algorithm"] = named
        if "qop" in challenge:
            count = f"{self._count:08x}"
            fields.update(qop="auth", nc=count, cnonce=_quoted(client_nonce))
            fields["response"] = _quoted(digest(secret, nonce, count, client_nonce, "auth", action))
        else:
            fields["response"] = _quoted(digest(secret, nonce, action))
        if "opaque" in challenge:
            fields["opaque"] = _quoted(challenge["opaque"])
        return "Digest " + ", ".join(f"{name}={value}" for name, value in fields.items())


def _is_known(algorithm: str) -> bool:
    name = _ALGORITHMS.get(algorithm)
    return name is not None and name in hashlib.algorithms_available


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    # Field values are bytes, one a character; user names are in UTF-8.
    return f'"{escaped}"'.encode().decode("latin-1")
