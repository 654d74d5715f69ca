"""Rooms of :mod:`tornado.routing`: import from that module, which is the public face."""
