"""The rooms behind :mod:`tornado.websocket`; nothing in here is public."""
