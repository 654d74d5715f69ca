"""The samples of the manuals, each in a process of its own."""


def test_install_and_run_by_the_loop(program):
    output = program(
        """
        import tornado.platform.twisted
        tornado.platform.twisted.install()
        from twisted.internet import reactor

        from tornado.ioloop import IOLoop

        reactor.callWhenRunning(print, "running")
        reactor.callLater(0.001, IOLoop.instance().stop)
        IOLoop.instance().start()
        print(type(reactor).__module__, type(reactor).__name__)
        """
    )
    assert output == "running\ntornado.platform.twisted TornadoReactor\n"


def test_short_lived_reactor(program):
    output = program(
        """
        from tornado.ioloop import IOLoop
        from tornado.platform.twisted import TornadoReactor

        io_loop = IOLoop(make_current=False)
        reactor = TornadoReactor(io_loop)
        reactor.addSystemEventTrigger("after", "shutdown", print, "shut down")
        reactor.callLater(0.001, io_loop.stop)
        io_loop.start()
        reactor.fireSystemEvent("shutdown")
        reactor.disconnectAll()
        io_loop.close()
        """
    )
    assert output == "shut down\n"


def test_install_takes_a_loop_once(program):
    output = program(
        """
        from twisted.internet.error import ReactorAlreadyInstalledError

        from tornado.ioloop import IOLoop
        from tornado.platform.twisted import TornadoReactor, install

        io_loop = IOLoop()
        reactor = install(io_loop=io_loop)
        assert isinstance(reactor, TornadoReactor)
        try:
            install()
        except ReactorAlreadyInstalledError as error:
            print(error)
        reactor.callLater(0.001, reactor.stop)
        reactor.run()
        io_loop.close()
        """
    )
    assert output == "reactor already installed\n"


def test_threads_do_not_keep_the_program(program):
    output = program(
        """
        import tornado.platform.twisted
        tornado.platform.twisted.install()
        from twisted.internet import threads

        from tornado.ioloop import IOLoop

        async def main():
            return await threads.deferToThread(lambda: 42)

        print(IOLoop.current().run_sync(main))
        """
    )
    assert output == "42\n"


def test_twisted_ioloop_under_reactor_run(program):
    output = program(
        """
        from tornado.platform.twisted import TwistedIOLoop
        from twisted.internet import reactor
        TwistedIOLoop().install()

        from tornado import gen
        from tornado.ioloop import IOLoop

        async def main():
            assert isinstance(IOLoop.current(), TwistedIOLoop)
            await gen.sleep(0.001)
            print("slept")
            reactor.stop()

        IOLoop.instance().add_callback(main)
        reactor.run()
        IOLoop.instance().close()
        """
    )
    assert output == "slept\n"


def test_twisted_ioloop_of_the_global_reactor(program):
    output = program(
        """
        import sys

        from tornado.platform.twisted import TwistedIOLoop
        TwistedIOLoop().install()
        from twisted.internet import threads, utils

        from tornado.ioloop import IOLoop
        from tornado.process import Subprocess

        async def main():
            assert await threads.deferToThread(lambda: 42) == 42
            print(await utils.getProcessOutput(sys.executable, ["-c", "print(1)"]))
            ours = Subprocess([sys.executable, "-c", "print(2)"], stdout=Subprocess.STREAM)
            print(await ours.stdout.read_until_close(), await ours.wait_for_exit())
            ours.stdout.close()

        IOLoop.current().run_sync(main)
        IOLoop.current().close()
        """
    )
    assert output == "b'1\\n'\nb'2\\n' 0\n"


def test_fork_leaves_the_parents_loop_alone(program):
    output = program(
        """
        import os

        from tornado.platform.twisted import TwistedIOLoop
        TwistedIOLoop().install()

        from tornado import gen
        from tornado.ioloop import IOLoop

        async def main():
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
            await IOLoop.current().run_in_executor(None, int)
            await gen.sleep(0.001)
            print("woken")

        IOLoop.current().run_sync(main)
        """
    )
    assert output == "woken\n"
