"""The Tornado handlers of the demo: main.py serves them with Tornado, wsgi_server.py through WSGI.

They answer before they return, since a WSGI server does not wait for anything later.
"""

import tornado.web


class HomeHandler(tornado.web.RequestHandler):
    def get(self):
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.write("Tornado says hello\n")


class SumHandler(tornado.web.RequestHandler):
    """Adds the numbers of the form's field `n`."""

    def post(self):
        try:
            total = sum(int(number) for number in self.get_body_arguments("n"))
        except ValueError:
            raise tornado.web.HTTPError(400, "n is not a number") from None
        self.write({"sum": total})


ROUTES = [("/", HomeHandler), ("/sum", SumHandler)]
