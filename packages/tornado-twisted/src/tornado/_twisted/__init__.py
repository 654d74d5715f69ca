"""The rooms of `tornado.platform.twisted`: Twisted's reactors, loops and Deferreds in; bridges out."""
