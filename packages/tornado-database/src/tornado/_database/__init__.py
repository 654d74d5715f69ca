"""The rooms behind `tornado.database`: rows, the connection, and one engine each for MySQL and SQLite."""
