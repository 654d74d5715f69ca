"""The rooms of :mod:`tornado.template`; everything public is re-exported there."""
