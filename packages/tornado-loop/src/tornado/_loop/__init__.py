"""Rooms of the loop: futures, stack contexts and callbacks in; what `tornado.ioloop` exports out."""
