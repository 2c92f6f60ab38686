"""The text of a Python file, as Python itself reads it."""

from __future__ import annotations

import io
import tokenize


def decoded(data: bytes) -> str:
    """Decode a Python file by its byte order mark or coding line; its lines end with a newline.

    What that does not decode is read as UTF-8, with replacement characters.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeError):
        text = data.decode(errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
