"""Reading a request's body within its limit, whether or not it says how long it is, and unpacking gzip the same way."""

import zlib
from typing import Protocol

from domain.errors import BodyTooLarge, MalformedEvent, UnsupportedEncoding


class Stream(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


def announced_length(content_length: str | None, limit: int) -> int | None:
    """What the body says of its length, before a byte of it is read; None when nothing. Raises: BodyTooLarge."""
    if not content_length or not content_length.isdecimal():
        return None
    length = int(content_length[:20])
    if length > limit:
        raise BodyTooLarge(f"the body has {length} bytes, the limit is {limit}")
    return length


def check_encoding(content_encoding: str | None) -> str:
    """`identity` or `gzip`. Raises: UnsupportedEncoding."""
    encoding = (content_encoding or "identity").strip().lower()
    encoding = "gzip" if encoding == "x-gzip" else encoding
    if encoding not in ("identity", "gzip"):
        raise UnsupportedEncoding("Content-Encoding must be identity or gzip")
    return encoding


def read_body(stream: Stream, limit: int, *, length: int | None) -> bytes:
    """All of the body: ``length`` bytes when it says so, else what comes before its end.

    Asks for one byte more than the limit, as a chunked body tells its length only by ending. Raises: BodyTooLarge.
    """
    chunks: list[bytes] = []
    size = 0
    while size <= limit and size != length:
        chunk = stream.read(limit + 1 - size)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
    if size == length:
        return b"".join(chunks)
    raise BodyTooLarge(f"the body is larger than the limit of {limit} bytes")


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its Content-Encoding, never more than ``limit`` bytes of it in memory.

    Raises: BodyTooLarge, MalformedEvent.
    """
    if encoding == "identity":
        return body
    unpacked = b""
    while body:
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            unpacked += unpacker.decompress(body, limit + 1 - len(unpacked))
        except zlib.error as exc:
            raise MalformedEvent("the body is not the gzip it says it is") from exc
        if len(unpacked) > limit:
            raise BodyTooLarge(f"the unpacked body is larger than the limit of {limit} bytes")
        if not unpacker.eof:
            raise MalformedEvent("the gzip body ends too early")
        body = unpacker.unused_data
    return unpacked
