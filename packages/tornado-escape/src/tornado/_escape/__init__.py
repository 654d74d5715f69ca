"""The rooms of `tornado.escape`: finding links in text."""
