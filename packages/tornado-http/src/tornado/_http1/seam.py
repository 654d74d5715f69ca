"""What other distributions may use of ``tornado-http`` beyond its public API."""

from __future__ import annotations

from tornado._http1.dispatching import ClassicTarget, dispatch_of
from tornado._http1.failures import APPLICATION_ERRORS as CALLBACK_ERRORS
from tornado._http1.pairs import has_whole_content, request_pairs, respond_with_pairs
from tornado._http1.writer import length_mismatch

__all__ = [
    "CALLBACK_ERRORS",
    "ClassicTarget",
    "dispatch_of",
    "has_whole_content",
    "length_mismatch",
    "request_pairs",
    "respond_with_pairs",
]
