"""Settings of the Sphinx site; everything else is in the pages."""

import sys
from pathlib import Path

import tornado

sys.path.insert(0, str(Path(__file__).resolve().parent / "_ext"))

project = "Tornado, in layers"
author = "The authors of Tornado, in layers"
version = release = tornado.version

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.doctest",
    "pages",
    "reference",
]
html_theme = "furo"
html_title = f"Tornado {version}"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
exclude_patterns = ["_build", "requirements.txt"]

# A single backtick names something of Python wherever it can be found.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_default_options = {"members": True, "show-inheritance": True}
# Every reference has to lead somewhere, but for names outside of this site: those of the standard
# library and of other projects, of private rooms, and of parameters, which share the single backtick.
nitpicky = True
_elsewhere = "|".join([*sys.stdlib_module_names, "pymysql", "twisted", "zope"])
nitpick_ignore_regex = [
    (r"py:.*", rf"({_elsewhere})(\..*)?"),
    (r"py:.*", r"tornado(\.\w+)*\._.*"),
    # Aliases of types in annotations, and a class that annotations name without its module.
    (
        r"py:.*",
        r"_\w+|Cancellable|FileSpec|Fetcher|RequestHook|ResponseHook|Hooks|AbstractAsyncContextManager",
    ),
    (r"py:obj", r"(?!tornado\.).*"),
]
# Offline by design: no inventory is fetched.
intersphinx_mapping = {}
suppress_warnings = ["ref.python"]
