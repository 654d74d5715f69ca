"""The rooms behind `tornado.cli`."""
