"""Frames against the examples of RFC 6455 section 5.7, and against the wsproto library."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol
from wsproto.frame_protocol import Opcode as TheirOpcode

from tornado._websocket.frames import Opcode, build_frame

KEY = bytes.fromhex("37fa213d")


@pytest.mark.parametrize(
    ("first", "payload", "key", "expected"),
    [
        (0x81, b"Hello", None, "810548656c6c6f"),
        (0x81, b"Hello", KEY, "818537fa213d7f9f4d5158"),
        (0x01, b"Hel", None, "010348656c"),
        (0x80, b"lo", None, "80026c6f"),
        (0x89, b"Hello", None, "890548656c6c6f"),
        (0x8A, b"Hello", KEY, "8a8537fa213d7f9f4d5158"),
    ],
)
def test_examples(first, payload, key, expected):
    assert build_frame(first, payload, key).hex() == expected


def test_examples_with_long_payloads():
    assert build_frame(0x82, bytes(256)) == bytes.fromhex("827e0100") + bytes(256)
    assert build_frame(0x82, bytes(65536)) == bytes.fromhex("827f0000000000010000") + bytes(65536)
    assert build_frame(0x82, bytes(256), KEY)[:8] == bytes.fromhex("82fe010037fa213d")
    assert build_frame(0x82, bytes(65536), KEY)[:14] == bytes.fromhex(
        "82ff000000000001000037fa213d"
    )


@given(
    opcode=st.sampled_from([Opcode.TEXT, Opcode.BINARY]),
    payload=st.one_of(st.text(max_size=200).map(str.encode), st.just(b"x" * 70_000)),
    masked=st.booleans(),
)
def test_wsproto_reads_them(opcode, payload, masked):
    theirs = FrameProtocol(client=not masked, extensions=[])
    theirs.receive_bytes(build_frame(0x80 | opcode, payload, KEY if masked else None))
    frames = list(theirs.received_frames())
    data = b"".join(f.payload.encode() if isinstance(f.payload, str) else f.payload for f in frames)
    assert data == payload
    assert {f.opcode for f in frames} == {TheirOpcode(int(opcode))}
    assert frames[-1].message_finished
