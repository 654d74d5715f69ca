"""Public names: listed, there, and known by their public module."""

import inspect

import tornado.platform.twisted as module


def test_all_is_what_is_there():
    assert list(module.__all__) == [
        "TornadoDelayedCall",
        "TornadoReactor",
        "TwistedIOLoop",
        "TwistedResolver",
        "install",
    ]
    for name in module.__all__:
        found = getattr(module, name)
        assert found.__module__ == "tornado.platform.twisted"
        assert inspect.getdoc(found)
        if inspect.isclass(found):
            for attribute, value in vars(found).items():
                if inspect.isfunction(value) and not attribute.startswith("_"):
                    assert inspect.getdoc(value), f"{name}.{attribute} has no docstring"
