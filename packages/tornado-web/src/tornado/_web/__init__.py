"""Rooms of :mod:`tornado.web`: import from that module, which is the public face."""
