import asyncio

import pytest
from chat import Room, make_application

from tornado.testing import AsyncHTTPTestCase, InMemoryClient

TOKEN = "0123456789abcdef" * 2
WITH_TOKEN = {"Cookie": f"_xsrf={TOKEN}", "X-XSRFToken": TOKEN}


@pytest.fixture
def client():
    return InMemoryClient(make_application(Room()))


@pytest.mark.tornado
async def test_who_waits_hears_what_is_said(client):
    news = asyncio.ensure_future(client.fetch("/news?cursor=0"))
    await asyncio.sleep(0)
    said = await client.fetch("/say", method="POST", body="text=hello", headers=WITH_TOKEN)
    assert said.code == 204
    assert (await news).body == b'{"messages": ["hello"]}'


@pytest.mark.tornado
async def test_only_our_own_pages_may_speak(client):
    said = await client.fetch("/say", method="POST", body="text=spam")
    assert said.code == 403


@pytest.mark.tornado
async def test_what_is_said_is_escaped(client):
    await client.fetch("/say", method="POST", body="text=<i>", headers=WITH_TOKEN)
    assert b"<li>&lt;i&gt;</li>" in (await client.fetch("/")).body


class OverTheWireTest(AsyncHTTPTestCase):
    def get_app(self):
        return make_application(Room())

    def test_page(self):
        response = self.fetch("/")
        self.assertEqual(response.code, 200)
        self.assertIn("_xsrf=", response.headers["Set-Cookie"])
