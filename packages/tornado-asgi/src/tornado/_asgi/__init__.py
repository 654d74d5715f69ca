"""The rooms behind `tornado.asgi`."""
