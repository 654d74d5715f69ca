"""What is exported, and that mixing in breaks nothing."""

import pickle

import pytest

from tornado import auth, web
from tornado._auth.arguments import absolute
from tornado.httpclient import HTTPClientError

MIXINS = [getattr(auth, name) for name in auth.__all__ if name.endswith("Mixin")]


def test_exports():
    for name in auth.__all__:
        exported = getattr(auth, name)
        assert exported.__module__ in ("tornado.auth", "tornado._auth.protocol")
        assert exported.__doc__
    assert sorted(auth.__all__) == auth.__all__


@pytest.mark.parametrize("mixin", MIXINS)
def test_no_name_of_a_handler_is_taken(mixin):
    names = [name for name in dir(mixin) if not name.startswith("__")]
    assert [name for name in names if hasattr(web.RequestHandler, name)] == []


@pytest.mark.parametrize("mixin", MIXINS)
def test_mixed_in_either_order(mixin):
    for bases in ((web.RequestHandler, mixin), (mixin, web.RequestHandler)):
        assert type("Handler", bases, {}).get_auth_http_client is mixin.get_auth_http_client


def test_errors():
    error = auth.AuthRequestError("http://x/", 503, "Service Unavailable", None)
    assert isinstance(error, auth.AuthError)
    assert isinstance(error, HTTPClientError)
    assert str(error) == "Error response HTTP 503: Service Unavailable fetching http://x/"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_address_to_come_back_to():
    class Handler:
        class request:
            @staticmethod
            def full_url():
                return "https://h/a/b?x=1&openid.mode=id_res&oauth_token=t&code=c&state=s&y"

    assert absolute(Handler(), None) == "https://h/a/b?x=1&y"
    assert absolute(Handler(), "/c") == "https://h/c"
    assert absolute(Handler(), "http://other/") == "http://other/"
