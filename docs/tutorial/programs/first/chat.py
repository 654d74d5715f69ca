import asyncio

import tornado.log
import tornado.web

MESSAGES = ["Welcome", "Mind the <b>brackets</b>"]


class RoomHandler(tornado.web.RequestHandler):
    def get(self):
        self.render("room.html", messages=MESSAGES)


def make_application(**settings):
    handlers = [(r"/", RoomHandler)]
    return tornado.web.Application(handlers, template_path="templates", **settings)


async def main():
    tornado.log.enable_pretty_logging()
    make_application(debug=True).listen(8888, "127.0.0.1")
    print("Listening on http://localhost:8888/", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
