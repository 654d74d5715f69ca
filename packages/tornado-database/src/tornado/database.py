"""SQL in, rows out: a thin, friendly wrapper of one MySQL (or SQLite) connection.

.. code-block:: python

    db = database.Connection("localhost", "mydatabase")
    for article in db.query("SELECT * FROM articles"):
        print(article.title)

Rows are dictionaries whose columns are attributes too. Cursors stay hidden, every statement commits by
itself, the session's time zone is UTC and its character set is UTF-8.

The calls block. Inside a server, run them in an executor of one thread per connection, for example
with `tornado.concurrent.run_on_executor`:

.. code-block:: python

    class Articles:
        executor = ThreadPoolExecutor(1)

        def __init__(self):
            self.db = database.Connection("localhost", "mydatabase")

        @run_on_executor
        def all(self):
            return self.db.query("SELECT * FROM articles")

Errors are those of PyMySQL, whichever engine is used::

    pymysql.err.MySQLError
    └── pymysql.err.DatabaseError
        ├── IntegrityError      a constraint refused the statement
        ├── OperationalError    the connection or the server failed
        └── ProgrammingError    the statement is wrong

.. versionadded:: 2.3
"""

from pymysql.err import IntegrityError, OperationalError

from tornado._core.seam import legacy as _legacy
from tornado._database.connection import Connection
from tornado._database.rows import Row

_legacy.provide(__name__)

__all__ = ["Connection", "IntegrityError", "OperationalError", "Row"]
