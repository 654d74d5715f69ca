"""The rooms of `tornado.locale`: languages of the world, locale codes, CSV files, and dates."""
