"""The rooms of `tornado.auth`."""
