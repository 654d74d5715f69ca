"""The rooms of `tornado.log`."""
