"""A look at a binary plist's object table before plistlib reads it.

plistlib takes the table's word: objects that share one stretch of bytes let 300 kB ask for gigabytes, and integers
as dictionary keys can be chosen to collide. Both are over before a budget on the result could be counted.
"""

import struct

from domain.errors import MalformedPayload

_HEADER = b"bplist00"
_TRAILER = struct.Struct(">6xBBQQQ")
"""Offset size, reference size, number of objects, top object, start of the offset table.

Source: https://opensource.apple.com/source/CF/CF-744.18/CFBinaryPList.c (what plistlib follows).
"""

_MAX_WIDTH = 8
"""Bytes of an offset or of a reference; wider ones cannot be needed."""

_MAX_INT_POWER = 4
"""Integers are 2^n bytes wide; Apple writes at most 2^4 = 16."""

_INT, _DATA, _ASCII, _UTF16, _ARRAY, _DICT = 0x1, 0x4, 0x5, 0x6, 0xA, 0xD


def is_binary(data: bytes) -> bool:
    """True when the data opens like a binary plist."""
    return data.startswith(_HEADER)


def check(data: bytes) -> None:
    """Nothing, when the plist's objects claim no more bytes than it has and all dictionary keys are text.

    An honest writer gives each object bytes of its own, so all claims together fit in the file; what plistlib can
    build of such a table is then bounded by its size. Cycles and shared references pass: the result is counted.

    Raises:
        MalformedPayload: a table, an object or a key that no honest writer makes.
        IndexError, struct.error: an object that ends outside the data.
    """
    offsets, ref_size = _table(data)
    room = len(data)
    for offset in offsets:
        kind, count, start = _object(data, offset)
        room -= _claimed(kind, count, ref_size)
        if room < 0:
            raise MalformedPayload("binary plist: objects claim more bytes than there are")
        if kind == _DICT:
            refs = _integers(data[start : start + count * ref_size], ref_size)
            if any(data[offsets[ref]] >> 4 not in (_ASCII, _UTF16) for ref in refs):
                raise MalformedPayload("binary plist: a key that is not text")


def texts(data: bytes) -> list[bytes]:
    """Every text in the object table, keys included and reached or not, as ASCII without NUL where it is ASCII at all.

    Raises:
        MalformedPayload, IndexError: a damaged table.
    """
    found = []
    for offset in _table(data)[0]:
        kind, count, start = _object(data, offset)
        if kind == _ASCII:
            found.append(data[start : start + count])
        elif kind == _UTF16:
            found.append(data[start : start + 2 * count].replace(b"\x00", b""))
    return found


def _table(data: bytes) -> tuple[list[int], int]:
    """The offset of every object, and the width of a reference in bytes."""
    end = len(data) - _TRAILER.size
    if end < len(_HEADER):
        raise MalformedPayload("binary plist: cut off")
    offset_size, ref_size, count, top, start = _TRAILER.unpack_from(data, end)
    if not (0 < offset_size <= _MAX_WIDTH and 0 < ref_size <= _MAX_WIDTH and top < count):
        raise MalformedPayload("binary plist: no sense in its trailer")
    if start > end or count * offset_size > end - start:
        raise MalformedPayload("binary plist: more objects than bytes")
    return _integers(data[start : start + count * offset_size], offset_size), ref_size


def _integers(data: bytes, width: int) -> list[int]:
    return [int.from_bytes(data[at : at + width], "big") for at in range(0, len(data), width)]


def _object(data: bytes, offset: int) -> tuple[int, int, int]:
    """Kind, count and where the content starts; the count of a kind without one means nothing."""
    kind, count = divmod(data[offset], 16)
    if kind == _INT and count > _MAX_INT_POWER:
        raise MalformedPayload("binary plist: an integer wider than 16 bytes")
    if count < 15 or kind not in (_DATA, _ASCII, _UTF16, _ARRAY, _DICT):
        return kind, count, offset + 1
    width = 1 << (data[offset + 1] & 3)
    start = offset + 2 + width
    return kind, int.from_bytes(data[offset + 2 : start], "big"), start


def _claimed(kind: int, count: int, ref_size: int) -> int:
    """Bytes that an object's content takes, 1 at least."""
    widths = {_DATA: 1, _ASCII: 1, _UTF16: 2, _ARRAY: ref_size, _DICT: 2 * ref_size}
    return 1 + count * widths.get(kind, 0)
