"""Binary plists built by hand to hurt whoever reads them."""

import plistlib
import struct
import tracemalloc
from collections.abc import Sequence

import pytest

from domain import binary_plist, plist
from domain.errors import MalformedPayload


def bplist(objects: Sequence[bytes], *, ref_size: int = 1, offsets: Sequence[int] | None = None) -> bytes:
    """A binary plist of these objects, the first at the top; ``offsets`` index into the objects, to share them."""
    starts, data = [], b"bplist00"
    for content in objects:
        starts.append(len(data))
        data += content
    table = [starts[place] for place in offsets] if offsets is not None else starts
    trailer = struct.pack(">6xBBQQQ", 4, ref_size, len(table), 0, len(data))
    return data + b"".join(struct.pack(">I", start) for start in table) + trailer


def array(refs: Sequence[int], ref_size: int = 1) -> bytes:
    return b"\xaf\x12" + struct.pack(">I", len(refs)) + b"".join(ref.to_bytes(ref_size, "big") for ref in refs)


A = b"\x51a"
"""The text "a"."""


def test_the_builder_builds_what_plistlib_reads():
    assert plist.decode(bplist([b"\xd1\x01\x02", A, array([3, 3]), b"\x10\x07"])) == {"a": [7, 7]}


def test_references_to_references_are_counted_as_often_as_they_are_reached():
    levels = 12
    laughs = [b"\xd1\x01\x02", A, *(b"\xaa" + bytes([level + 3] * 10) for level in range(levels)), b"\x53lol"]
    data = bplist(laughs)
    assert len(data) < 300

    with pytest.raises(MalformedPayload, match="values"):
        plist.decode(data)


def test_one_long_text_shared_many_times_is_counted_each_time():
    long = b"\x5f\x12" + struct.pack(">I", 100_000) + b"x" * 100_000

    with pytest.raises(MalformedPayload, match="characters"):
        plist.decode(bplist([b"\xd1\x01\x02", A, array([3] * 30), long]))


@pytest.mark.parametrize(
    "objects", [[b"\xd1\x01\x00", A], [b"\xd1\x01\x02", A, b"\xa1\x02"], [b"\xd1\x01\x02", A, b"\xa1\x00"]]
)
def test_a_cycle_is_refused(objects):
    with pytest.raises(MalformedPayload):
        plist.decode(bplist(objects))


def test_arrays_deeper_than_the_stack_are_refused():
    count = 5_000
    chain = [array([place + 1], 2) for place in range(2, count)]
    data = bplist([b"\xd1\x00\x01\x00\x02", A, *chain, A], ref_size=2)

    with pytest.raises(MalformedPayload):
        plist.decode(data)


def test_objects_that_share_their_bytes_are_refused_before_they_cost_memory():
    count = 30_000
    refs = array([1] * count, 2)
    data = bplist([array(range(2, count), 2), A, refs], ref_size=2, offsets=[0, 1] + [2] * (count - 2))
    tracemalloc.start()

    with pytest.raises(MalformedPayload, match="claim more bytes"):
        plist.decode(data)

    assert tracemalloc.get_traced_memory()[1] < 20 * len(data)
    tracemalloc.stop()


def test_keys_that_are_not_text_are_refused_before_they_can_collide():
    numbers = [b"\x14" + ((2**61 - 1) * place).to_bytes(16, "big") for place in range(1, 51)]
    top = b"\xdf\x10\x32" + bytes(range(1, 51)) + bytes([51] * 50)

    with pytest.raises(MalformedPayload, match="key that is not text"):
        plist.decode(bplist([top, *numbers, A]))


@pytest.mark.parametrize(
    "objects",
    [
        [b"\xd1\x01\x02", A, b"\x15" + b"\xff" * 32],
        [b"\xd1\x01\x02", A, b"\x1f" + b"\xff" * 40],
        [b"\xdf\x13" + b"\xff" * 8],
        [b"\xd1\x01\x02", A, b"\x4f\x13" + b"\x7f" * 8],
        [b"\xd1\x01\x02", A, b"\x5f\x12\x00\x0f\xff\xff"],
        [b"\xd1\x01\x63", A],
        [b"\xd1\x01\x02", A, b"\x61\xd8\x00"],
        [b"\xd1\x01\x02", A, b"\x33" + b"\x7f" * 8],
        [b"\xd1\x01\x02", A, b"\xc0"],
        [b"\xd1\x01\x02", b"\xa0", A],
        [b"\x00"],
    ],
    ids=[
        "int-32",
        "int-wide",
        "dict-huge",
        "data-huge",
        "text-long",
        "ref-outside",
        "surrogate",
        "date",
        "set",
        "key",
        "null",
    ],
)
def test_objects_that_lie_are_refused(objects):
    with pytest.raises(MalformedPayload):
        plist.decode(bplist(objects))


@pytest.mark.parametrize(
    "trailer",
    [
        struct.pack(">6xBBQQQ", 1, 1, 2**63, 0, 8),
        struct.pack(">6xBBQQQ", 255, 1, 2**56, 0, 8),
        struct.pack(">6xBBQQQ", 0, 1, 1, 0, 8),
        struct.pack(">6xBBQQQ", 1, 0, 1, 0, 8),
        struct.pack(">6xBBQQQ", 1, 1, 0, 0, 8),
        struct.pack(">6xBBQQQ", 1, 1, 1, 1, 8),
        struct.pack(">6xBBQQQ", 1, 1, 1, 0, 2**64 - 1),
    ],
)
def test_a_trailer_that_lies_is_refused(trailer):
    with pytest.raises(MalformedPayload, match=r"binary plist|not a plist"):
        plist.decode(b"bplist00" + b"\xd0" + b"\x08" * 16 + trailer)


def test_all_texts_are_found_wide_ones_too():
    data = plistlib.dumps({"Token": "Zoë", "Nested": ["deep"]}, fmt=plistlib.FMT_BINARY)

    assert set(binary_plist.texts(data)) == {b"Token", b"Nested", b"deep", b"Zo\xeb"}


def test_a_real_inventory_of_many_apps_passes():
    apps = [
        {"Identifier": f"com.example.app{n}", "Name": f"App {n} é", "BundleSize": n, "Parts": []} for n in range(2_000)
    ]
    value = {"Status": "Acknowledged", "InstalledApplicationList": apps}

    assert plist.decode(plistlib.dumps(value, fmt=plistlib.FMT_BINARY)) == value
