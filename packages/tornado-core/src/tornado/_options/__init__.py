"""The rooms of `tornado.options`: typed values, single options, the parser, and its help text."""
