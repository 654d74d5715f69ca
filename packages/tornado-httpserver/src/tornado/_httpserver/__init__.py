"""The rooms of `tornado.httpserver`."""
