"""One event in the spool: the inbox it belongs to, the envelope's head and its body, in one run of bytes."""

import struct

_LENGTHS = struct.Struct(">II")


def pack(inbox: str, head: bytes, body: bytes) -> bytes:
    name = inbox.encode()
    return _LENGTHS.pack(len(name), len(head)) + name + head + body


def unpack_record(record: bytes) -> tuple[str, bytes, bytes]:
    """(inbox, head, body); the inverse of `pack`."""
    name_length, head_length = _LENGTHS.unpack_from(record)
    name_end = _LENGTHS.size + name_length
    head_end = name_end + head_length
    return record[_LENGTHS.size : name_end].decode(), record[name_end:head_end], record[head_end:]
