"""Offers and answers of permessage-deflate, both sides."""

import pytest

from tornado._websocket.coding import check_extensions
from tornado._websocket.errors import HandshakeError
from tornado._websocket.extensions import Offer, parse_extensions
from tornado._websocket.negotiation import (
    DeflateOptions,
    DeflateParameters,
    PermessageDeflate,
    accept_offer,
    build_offer,
    check_accepted,
)

ANY = DeflateOptions()


def accept(field, **options):
    return accept_offer(parse_extensions(field), DeflateOptions.read(options))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("", []),
        (" , ,", []),
        ("a", [Offer("a", [])]),
        ("a, b", [Offer("a", []), Offer("b", [])]),
        ("a;x", [Offer("a", [("x", None)])]),
        ("a ; x = 1 ; y", [Offer("a", [("x", "1"), ("y", None)])]),
        ('a; x="1"', [Offer("a", [("x", "1")])]),
        ("a;x;x=2,b", [Offer("a", [("x", None), ("x", "2")]), Offer("b", [])]),
        ("a\t;\tx", [Offer("a", [("x", None)])]),
    ],
)
def test_fields(field, expected):
    assert parse_extensions(field) == expected


@pytest.mark.parametrize(
    "field",
    [
        ";",
        "a;",
        "a;;b",
        "a b",
        "a;x=",
        "a;=1",
        'a;x="1',
        'a;x="1 2"',
        'a;x=""',
        "a;x=1 2",
        "a=1",
        "(",
        "a;x=ä",
        ",".join("a" * 33),
        "a" + ";x" * 33,
    ],
)
def test_malformed_fields(field):
    with pytest.raises(HandshakeError) as caught:
        parse_extensions(field)
    assert caught.value.status == 400


def test_a_long_field_takes_linear_time():
    with pytest.raises(HandshakeError):
        parse_extensions("a" + " " * 60_000 + "(")
    with pytest.raises(HandshakeError):
        parse_extensions("a;" + " " * 60_000 + "(")


# ---- the server ----

NAME = "permessage-deflate"


@pytest.mark.parametrize(
    ("offer", "options", "answer", "parameters"),
    [
        (NAME, {}, NAME, DeflateParameters()),
        (f"{NAME}; client_max_window_bits", {}, NAME, DeflateParameters()),
        (
            f"{NAME}; client_max_window_bits",
            {"client_max_window_bits": 10},
            f"{NAME}; client_max_window_bits=10",
            DeflateParameters(client_max_window_bits=10),
        ),
        (
            f"{NAME}; client_max_window_bits=9",
            {"client_max_window_bits": 10},
            f"{NAME}; client_max_window_bits=9",
            DeflateParameters(client_max_window_bits=9),
        ),
        (
            f"{NAME}; client_max_window_bits=15",
            {},
            f"{NAME}; client_max_window_bits=15",
            DeflateParameters(),
        ),
        # A server cannot bound the window of a client that did not offer it.
        (NAME, {"client_max_window_bits": 10}, NAME, DeflateParameters()),
        (
            f"{NAME}; server_max_window_bits=10",
            {},
            f"{NAME}; server_max_window_bits=10",
            DeflateParameters(server_max_window_bits=10),
        ),
        (
            f"{NAME}; server_max_window_bits=15",
            {},
            f"{NAME}; server_max_window_bits=15",
            DeflateParameters(),
        ),
        (
            f"{NAME}; server_max_window_bits=12",
            {"server_max_window_bits": 9},
            f"{NAME}; server_max_window_bits=9",
            DeflateParameters(server_max_window_bits=9),
        ),
        (
            NAME,
            {"server_max_window_bits": 9},
            f"{NAME}; server_max_window_bits=9",
            DeflateParameters(server_max_window_bits=9),
        ),
        (
            f"{NAME}; server_max_window_bits=8",
            {},
            f"{NAME}; server_max_window_bits=8",
            DeflateParameters(server_max_window_bits=8),
        ),
        (
            f"{NAME}; server_no_context_takeover; client_no_context_takeover",
            {},
            f"{NAME}; server_no_context_takeover; client_no_context_takeover",
            DeflateParameters(True, True),
        ),
        (
            NAME,
            {"server_no_context_takeover": True, "client_no_context_takeover": True},
            f"{NAME}; server_no_context_takeover; client_no_context_takeover",
            DeflateParameters(True, True),
        ),
        # The first acceptable offer wins.
        (
            f"x-webkit, {NAME}; server_max_window_bits=7, {NAME}; server_max_window_bits=11, {NAME}",
            {},
            f"{NAME}; server_max_window_bits=11",
            DeflateParameters(server_max_window_bits=11),
        ),
        (
            f'{NAME}; server_max_window_bits="11"',
            {},
            f"{NAME}; server_max_window_bits=11",
            DeflateParameters(server_max_window_bits=11),
        ),
    ],
)
def test_accepted_offers(offer, options, answer, parameters):
    assert accept(offer, **options) == (answer, parameters)


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "x-webkit-deflate-frame",
        f"{NAME}; unknown",
        f"{NAME}; server_no_context_takeover=1",
        f"{NAME}; client_no_context_takeover=true",
        f"{NAME}; server_no_context_takeover; server_no_context_takeover",
        f"{NAME}; server_max_window_bits",
        f"{NAME}; server_max_window_bits=7",
        f"{NAME}; server_max_window_bits=16",
        f"{NAME}; server_max_window_bits=010",
        f"{NAME}; server_max_window_bits=x",
        f"{NAME}; client_max_window_bits=7",
        f"{NAME}; client_max_window_bits=16",
        f"{NAME}; client_max_window_bits=10; client_max_window_bits=10",
    ],
)
def test_declined_offers(offer):
    assert accept(offer) is None


# ---- the client ----


@pytest.mark.parametrize(
    ("options", "offer"),
    [
        ({}, f"{NAME}; client_max_window_bits"),
        (
            {"server_no_context_takeover": True, "client_no_context_takeover": True},
            f"{NAME}; server_no_context_takeover; client_no_context_takeover; client_max_window_bits",
        ),
        (
            {"server_max_window_bits": 10, "client_max_window_bits": 9},
            f"{NAME}; server_max_window_bits=10; client_max_window_bits=9",
        ),
    ],
)
def test_what_is_offered(options, offer):
    assert build_offer(DeflateOptions.read(options)) == offer
    answer, parameters = accept(offer)
    assert check_accepted(parse_extensions(answer)[0], DeflateOptions.read(options)) == parameters


@pytest.mark.parametrize(
    ("answer", "parameters"),
    [
        (NAME, DeflateParameters()),
        (f"{NAME}; server_no_context_takeover", DeflateParameters(True)),
        (f"{NAME}; client_no_context_takeover", DeflateParameters(False, True)),
        (f"{NAME}; server_max_window_bits=9", DeflateParameters(server_max_window_bits=9)),
        (f"{NAME}; client_max_window_bits=8", DeflateParameters(client_max_window_bits=8)),
    ],
)
def test_acceptable_answers(answer, parameters):
    assert check_accepted(parse_extensions(answer)[0], ANY) == parameters


@pytest.mark.parametrize(
    "answer",
    [
        "other",
        f"{NAME}, {NAME}",
        f"{NAME}, other",
        f"{NAME}; unknown",
        f"{NAME}; client_max_window_bits",
        f"{NAME}; client_max_window_bits=7",
        f"{NAME}; server_max_window_bits",
        f"{NAME}; server_max_window_bits=16",
        f"{NAME}; server_no_context_takeover=x",
        f"{NAME}; server_max_window_bits=9; server_max_window_bits=9",
        ";",
    ],
)
def test_answers_that_fail_the_connection(answer):
    with pytest.raises(HandshakeError):
        check_extensions(answer, [PermessageDeflate(ANY)])


def test_answers_that_ignore_what_was_asked_for():
    for options, answer in (
        ({"server_no_context_takeover": True}, NAME),
        ({"server_max_window_bits": 10}, NAME),
        ({"server_max_window_bits": 10}, f"{NAME}; server_max_window_bits=11"),
    ):
        with pytest.raises(HandshakeError, match="without its"):
            check_accepted(parse_extensions(answer)[0], DeflateOptions.read(options))


def test_an_answer_where_nothing_was_offered():
    with pytest.raises(HandshakeError, match="not offered"):
        check_extensions(NAME, [])
    assert check_extensions("", []) == []
    assert check_extensions("", [PermessageDeflate(ANY)]) == []


# ---- options ----


@pytest.mark.parametrize(
    "options",
    [
        {"compression_level": 10},
        {"compression_level": -2},
        {"mem_level": 0},
        {"mem_level": 10},
        {"server_max_window_bits": 7},
        {"client_max_window_bits": 16},
    ],
)
def test_options_that_do_not_exist(options):
    with pytest.raises(
        ValueError, match=next(iter(options)).replace("server_", "").replace("client_", "")
    ):
        DeflateOptions.read(options)


def test_codecs_of_the_two_sides_fit():
    parameters = DeflateParameters(True, False, 9, 10)
    deflater, inflater = parameters.codecs(True, ANY)
    assert deflater.settings[0] == 9
    theirs, back = parameters.codecs(False, ANY)
    assert theirs.settings[0] == 10
    for _ in range(2):
        data = inflater.inflate(theirs.deflate(b"up" * 1000), 10**6)
        assert data + inflater.finish(10**6) == b"up" * 1000
        data = back.inflate(deflater.deflate(b"down" * 1000), 10**6)
        assert data + back.finish(10**6) == b"down" * 1000
