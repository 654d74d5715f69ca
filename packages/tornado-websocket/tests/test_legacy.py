"""Names of released versions, in use."""

import pytest

from tornado import websocket


@pytest.mark.parametrize("persistent", [True, False])
@pytest.mark.parametrize("window_bits", [None, 8, 15])
def test_compressor_and_decompressor(persistent, window_bits):
    options = {"compression_level": 9, "mem_level": 5}
    compressor = websocket._PerMessageDeflateCompressor(persistent, window_bits, options)
    decompressor = websocket._PerMessageDeflateDecompressor(persistent, window_bits, 5000, options)
    for message in (b"", b"hello", b"hello" * 1000):
        assert decompressor.decompress(compressor.compress(message)) == message


def test_decompressor_holds_its_limit():
    compressed = websocket._PerMessageDeflateCompressor(False, None).compress(bytes(1001))
    decompressor = websocket._PerMessageDeflateDecompressor(False, None, 1000)
    with pytest.raises(websocket._DecompressTooLargeError):
        decompressor.decompress(compressed)


def test_bits_of_a_frame():
    protocol = websocket.WebSocketProtocol13
    assert protocol.FIN | protocol.RSV_MASK | protocol.OPCODE_MASK == 0xFF
    assert protocol.RSV1 | protocol.RSV2 | protocol.RSV3 == protocol.RSV_MASK
