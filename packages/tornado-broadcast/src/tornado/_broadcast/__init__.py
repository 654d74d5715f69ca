"""The rooms behind `tornado.broadcast`."""
