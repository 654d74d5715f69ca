"""Options from the command line, the environment and a file."""

import argparse

import pytest

from tornado._cli import options
from tornado._cli.errors import CommandError


def settled(arguments=(), **environ):
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    given = vars(parser.parse_args(list(arguments)))
    return options.settle(given, environ)


def test_defaults():
    found = settled()
    assert (found.host, found.port, found.workers) == ("127.0.0.1", 8000, 1)
    assert found.max_body_size == 100 * 1024 * 1024
    assert found.keep_alive is True
    assert found.trusted_proxy == []


def test_where_a_value_comes_from(tmp_path):
    path = tmp_path / "serve.toml"
    path.write_text(
        "[serve]\nport = 1\nworkers = 1\nhost = 'file'\nkeep-alive = false\n"
        "trusted-proxy = ['10.0.0.1', '10.0.0.2']\n"
    )
    found = settled(
        ["--port=3", f"--config={path}"], TORNADO_PORT="2", TORNADO_WORKERS="2", TORNADO_X="y"
    )
    assert (found.port, found.workers, found.host) == (3, 2, "file")
    assert found.keep_alive is False
    assert found.trusted_proxy == ["10.0.0.1", "10.0.0.2"]
    assert settled([], TORNADO_CONFIG=str(path)).port == 1


def test_lists():
    assert settled(["--trusted-proxy=a", "--trusted-proxy=b"]).trusted_proxy == ["a", "b"]
    assert settled([], TORNADO_TRUSTED_PROXY="a, b,").trusted_proxy == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("1k", 1024), ("2 MiB", 2 << 20), ("1.5G", 3 << 29), ("10MB", 10 << 20)],
)
def test_sizes(text, size):
    assert settled([f"--max-body-size={text}"]).max_body_size == size


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("--port=abc", "--port: 'abc' is no port"),
        ("--port=-1", "--port: '-1' is no port"),
        ("--port=65536", "is no port; expected 0 to 65535"),
        ("--workers=-1", "no whole number"),
        ("--idle-timeout=soon", "no time"),
        ("--idle-timeout=inf", "no time"),
        ("--idle-timeout=nan", "no time"),
        ("--max-body-size=large", "no size"),
        ("--uds-mode=999", "no permissions"),
        ("--interface=cgi", "'cgi' is none of auto, tornado, asgi, wsgi"),
    ],
)
def test_wrong_values(argument, text):
    with pytest.raises(CommandError, match=text) as caught:
        settled([argument])
    assert caught.value.status == 2


def test_wrong_values_elsewhere(tmp_path):
    with pytest.raises(CommandError, match="TORNADO_PORT: 'abc' is no port"):
        settled([], TORNADO_PORT="abc")
    with pytest.raises(CommandError, match="TORNADO_RELOAD: 'maybe' is neither"):
        settled([], TORNADO_RELOAD="maybe")
    path = tmp_path / "serve.toml"
    for text, message in (
        ("[serve]\nprot = 1", "unknown option 'prot'; did you mean 'port'"),
        ("[serve]\nport = 'x'", "port: 'x' is no port"),
        ("[serve\n", "serve.toml: "),
        ("[serve]\nconfig = 'x'", "unknown option 'config'"),
    ):
        path.write_text(text)
        with pytest.raises(CommandError, match=message):
            settled([f"--config={path}"])
    with pytest.raises(CommandError, match="No such file"):
        settled([f"--config={tmp_path}/none"])


def test_every_option_is_in_the_help():
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    text = parser.format_help()
    for option in options.OPTIONS:
        assert f"--{option.name}" in text
        assert option.help
