import unittest

from tornado.httpclient import HTTPClientError
from tornado.testing import AsyncHTTPSTestCase, AsyncHTTPTestCase
from tornado.web import Application, HTTPError, RequestHandler


class MyHandler(RequestHandler):
    def get(self):
        self.write("Hello, world")

    def post(self):
        self.write(self.request.body)


class MissingHandler(RequestHandler):
    def get(self):
        raise HTTPError(404)


def make_application():
    return Application([("/", MyHandler), ("/missing", MissingHandler)])


class TestHTTP(AsyncHTTPTestCase):
    def get_app(self):
        return make_application()

    def test_manual_example(self):
        self.http_client.fetch(self.get_url("/"), self.stop)
        response = self.wait()
        self.assertEqual(response.body, b"Hello, world")

    def test_fetch(self):
        response = self.fetch("/")
        self.assertEqual((response.code, response.body), (200, b"Hello, world"))

    def test_fetch_passes_arguments_on(self):
        self.assertEqual(self.fetch("/", method="POST", body=b"x").body, b"x")

    def test_fetch_of_a_whole_url(self):
        self.assertEqual(self.fetch(self.get_url("/")).code, 200)

    def test_errors_are_responses_unless_asked_for(self):
        self.assertEqual(self.fetch("/missing").code, 404)
        with self.assertRaises(HTTPClientError):
            self.fetch("/missing", raise_error=True)

    def test_urls(self):
        self.assertEqual(self.get_url("/x"), f"http://127.0.0.1:{self.get_http_port()}/x")


class TestOptions(AsyncHTTPTestCase):
    def get_app(self):
        return make_application()

    def get_httpserver_options(self):
        return {"max_body_size": 10}

    def test_they_reach_the_server(self):
        self.assertEqual(self.fetch("/", method="POST", body=b"x" * 11).code, 413)


class TestHTTPS(AsyncHTTPSTestCase):
    def get_app(self):
        return make_application()

    def test_fetch(self):
        self.assertTrue(self.get_url("/").startswith("https://"))
        self.assertEqual(self.fetch("/").body, b"Hello, world")


def test_a_case_without_application():
    class Case(AsyncHTTPTestCase):
        def test(self):
            pass

        def tearDown(self):  # the set-up failed half-way
            self.io_loop.close(all_fds=True)

    result = unittest.TestResult()
    Case("test").run(result)
    assert "has to define get_app()" in result.errors[0][1]
