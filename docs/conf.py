"""Settings of the Sphinx site; everything else is in the pages."""

import tornado

project = "Tornado, in layers"
author = "The authors of Tornado, in layers"
version = release = tornado.version

extensions = ["sphinx.ext.autodoc", "sphinx.ext.intersphinx", "sphinx.ext.doctest"]
html_theme = "furo"
html_title = f"Tornado {version}"
exclude_patterns = ["_build", "requirements.txt"]

# A single backtick names something of Python wherever it can be found.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_default_options = {"members": True, "show-inheritance": True}
# Offline by design: no inventory is fetched.
intersphinx_mapping = {}
suppress_warnings = ["ref.python"]
