"""One parsed template and its loader go in; what it extends, includes and replaces comes out.

Inheritance is resolved here, before any code is generated: the outermost parent gives the body,
and every block name has one winner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from tornado._template.errors import ParseError
from tornado._template.hints import add_note
from tornado._template.nodes import Block, File, Include, Linked

if TYPE_CHECKING:
    from tornado._template.nodes import Node

__all__ = ["MAX_CHAIN", "MAX_INCLUDES", "link"]

# Files that extend or include one another in one chain, and includes followed for one template.
MAX_CHAIN: Final = 100
MAX_INCLUDES: Final = 10_000


class Fetch(Protocol):
    """Returns the parsed file called *name* as the file *parent* means it."""

    def __call__(self, name: str, parent: str) -> File: ...


def link(file: File, fetch: Fetch | None) -> Linked:
    """Resolve what *file* extends and includes.

    :param fetch: how to get other files; ``None`` where there is no loader.
    :raises ParseError: when a file extends or includes itself, directly or through others, when
        the chain is too long, or when there is no loader.
    """
    return _Linker(fetch).link(file, ())


class _Linker:
    def __init__(self, fetch: Fetch | None) -> None:
        self.fetch = fetch
        self.includes_left = MAX_INCLUDES

    def follow(
        self, operator: str, name: str, line: int, file: File, chain: tuple[str, ...]
    ) -> File:
        """Get the file that a directive names, with the chain of names checked."""
        if self.fetch is None:
            message = f"{{% {operator} %}} block found, but no template loader"
            raise ParseError(message, file.name, line)
        try:
            found = self.fetch(name, file.name)
        except (LookupError, OSError) as error:
            # The loader's own error stays what callers catch; it learns where it comes from.
            if "template_location" not in error.__dict__:
                error.__dict__["template_location"] = (file.name, line)
                add_note(error, f"{file.name}:{line}: {{% {operator} {name} %}}")
            raise
        if found.name in chain:
            path = " -> ".join((*chain[chain.index(found.name) :], found.name))
            raise ParseError(f"recursive {operator}: {path}", file.name, line)
        if len(chain) >= MAX_CHAIN:
            message = f"more than {MAX_CHAIN} templates in one chain of extends and includes"
            raise ParseError(message, file.name, line)
        return found

    def link(self, file: File, chain: tuple[str, ...]) -> Linked:
        family = [(file, (*chain, file.name))]
        while file.parent is not None:
            chain = family[-1][1]
            name, line = file.parent
            file = self.follow("extends", name, line, file, chain)
            family.append((file, (*chain, file.name)))
        linked = Linked(file, {}, {})
        for member, member_chain in reversed(family):
            self.collect(member, member_chain, linked)
        return linked

    def collect(self, file: File, chain: tuple[str, ...], linked: Linked) -> None:
        """Enter the blocks of *file* and of what it includes, in the order of the text."""
        todo: list[Node] = file.body[::-1]
        while todo:
            node = todo.pop()
            if isinstance(node, Block):
                linked.blocks[node.name] = node
            if isinstance(node, Include):
                self.include(node, file, chain, linked)
            else:
                for body in reversed(node.bodies):
                    todo.extend(reversed(body))

    def include(self, node: Include, file: File, chain: tuple[str, ...], linked: Linked) -> None:
        self.includes_left -= 1
        if self.includes_left < 0:
            raise ParseError(f"more than {MAX_INCLUDES} includes", file.name, node.line)
        found = self.follow("include", node.name, node.line, file, chain)
        if found.parent is not None:
            # A template with a parent of its own keeps its blocks to itself.
            linked.includes[node] = self.link(found, chain)
        else:
            linked.includes[node] = Linked(found, linked.blocks, linked.includes)
            self.collect(found, (*chain, found.name), linked)
