"""What the pages of this site generate, as Sphinx wants it: directives, and the check of the links.

``.. layer-picture::``
    the picture of the layers (`layer_picture`)
``.. serve-options::``
    the table of the command's options (`serve_options`)
``.. benchmark-figures::``, ``.. benchmark-losses::``, ``.. benchmark-noise::``
    what `benchmark_figures` makes of the data
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import benchmark_figures
import layer_picture
import links
import serve_options
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))


class LayerPicture(SphinxDirective):
    """The picture, in a page that stands beside the folder ``reference``."""

    def run(self) -> list[nodes.Node]:
        import check_layers  # of tools/, which is on the path by now

        self.env.note_reread()  # it depends on files all over the workspace
        svg = layer_picture.picture(check_layers.graph(ROOT), "../reference/")
        return [nodes.raw("", svg, format="html")]


class _Generated(SphinxDirective):
    def lines(self) -> Iterable[str]:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        return self.parse_text_to_nodes("\n".join(self.lines()), allow_section_headings=True)


class ServeOptions(_Generated):
    """The options of ``tornado serve``."""

    def lines(self) -> Iterable[str]:
        return serve_options.table()


class BenchmarkFigures(_Generated):
    """A section for each file of figures."""

    def lines(self) -> Iterable[str]:
        return benchmark_figures.page()


class BenchmarkLosses(_Generated):
    """The rows in which a peer is ahead."""

    def lines(self) -> Iterable[str]:
        return benchmark_figures.losses()


class BenchmarkNoise(_Generated):
    """A sentence that says how far rounds lie apart."""

    def lines(self) -> Iterable[str]:
        percent = 100 * benchmark_figures.noise()
        yield (
            "In the data below the slowest and the fastest round of a row lie "
            f"{percent:.0f} percent apart in the median."
        )


def check_links(app: Sphinx, error: Exception | None) -> None:
    """Warn of every link in the finished pages that leads nowhere."""
    if error is None and app.builder.format == "html":
        logger = logging.getLogger(__name__)
        for problem in links.problems(Path(app.outdir)):
            logger.warning(problem)


def resolve_short(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """Find what a docstring calls by its last name only (`IOLoop`), if one thing is called so."""
    target = node.get("reftarget", "").lstrip("~.")
    if node.get("refdomain") != "py" or not target:
        return None
    domain = env.domains["py"]
    ends = "." + target.removeprefix("tornado.")
    found = [(name, entry) for name, entry in domain.objects.items() if name.endswith(ends)]
    # The same thing is found again in a module that passes it on, as an alias.
    found = [each for each in found if not each[1].aliased] or found
    if len(found) != 1:
        return None
    name, entry = found[0]
    document = node.get("refdoc", env.docname)
    return make_refnode(app.builder, document, entry.docname, entry.node_id, content, name)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("layer-picture", LayerPicture)
    app.add_directive("serve-options", ServeOptions)
    app.add_directive("benchmark-figures", BenchmarkFigures)
    app.add_directive("benchmark-losses", BenchmarkLosses)
    app.add_directive("benchmark-noise", BenchmarkNoise)
    app.connect("missing-reference", resolve_short)
    app.connect("build-finished", check_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
