"""Content codings: which one a client wants, and what encodes a response in it piece by piece."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Encoder", "accepted_codings", "brotli_encoder", "gzip_encoder", "zstd_encoder"]

#: Takes a piece of content and whether it is the last one; returns what is to be sent for it, from which
#: the client can decode all of it.
Encoder = Callable[[bytes, bool], bytes]


def accepted_codings(accept_encoding: str, codings: Sequence[str]) -> list[str]:
    """Return the codings that an Accept-Encoding header allows (RFC 9110, section 12.5.3).

    :param codings: those that can be sent, the preferred one first.
    :returns: some of them, by the client's weight; of equal weights, the preferred one is first.
    """
    if not accept_encoding:
        return []
    weights: dict[str, float] = {}
    for item in accept_encoding.split(","):
        name, _, parameter = item.partition(";")
        name = name.strip().lower()
        _, _, given = parameter.partition("=")
        try:
            weight = float(given) if given else 1.0
        except ValueError:
            weight = 0.0
        weights["gzip" if name == "x-gzip" else name] = weight
    others = weights.get("*", 0.0)
    found = [coding for coding in codings if weights.get(coding, others) > 0]
    if len(found) > 1:
        found.sort(key=lambda coding: -weights.get(coding, others))
    return found


def gzip_encoder(level: int) -> Encoder:
    """Return an encoder of ``gzip``."""
    # Not a `gzip.GzipFile`, which complains when a response is broken off.
    compressor = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS | 16)

    def encode(chunk: bytes, finishing: bool) -> bytes:
        data = compressor.compress(chunk)
        return data + compressor.flush(zlib.Z_FINISH if finishing else zlib.Z_SYNC_FLUSH)

    return encode


def brotli_encoder(level: int) -> Encoder:
    """Return an encoder of ``br``.

    :raises ImportError: without the package.
    """
    try:
        brotli: Any = importlib.import_module("brotli")
    except ImportError:
        raise ImportError(
            "the coding br needs the package brotli: install tornado-web[brotli]"
        ) from None
    compressor = brotli.Compressor(quality=level)

    def encode(chunk: bytes, finishing: bool) -> bytes:
        data: bytes = compressor.process(chunk)
        data += compressor.finish() if finishing else compressor.flush()
        return data

    return encode


def zstd_encoder(level: int) -> Encoder:
    """Return an encoder of ``zstd``.

    :raises ImportError: without the standard library's module or the package.
    """
    zstd: Any = None
    for name in ("compression.zstd", "backports.zstd"):
        try:
            zstd = importlib.import_module(name)
        except ImportError:
            continue
        break
    if zstd is None:
        raise ImportError(
            "the coding zstd needs Python 3.14 or the package backports.zstd: install tornado-web[zstd]"
        )
    compressor = zstd.ZstdCompressor(level)

    def encode(chunk: bytes, finishing: bool) -> bytes:
        mode = compressor.FLUSH_FRAME if finishing else compressor.FLUSH_BLOCK
        data: bytes = compressor.compress(chunk, mode)
        return data

    return encode
