"""What other distributions may use of ``tornado-escape`` beyond its public API.

- `unquote_to_bytes`: percent-decoding of bytes, linear and fast for few escapes and for many.
- `form_fields`: the fields of a query or an urlencoded form, decoded.
"""

from tornado._escape.percent import form_fields, unquote_to_bytes

__all__ = ["form_fields", "unquote_to_bytes"]
