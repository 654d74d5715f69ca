"""Links in plain text: `tornado.escape.linkify`."""

import html.parser
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado._escape.links import Link, find_links, shortened
from tornado.escape import linkify, xhtml_escape


def link(url, shown=None, attributes=""):
    return f'<a href="{url}"{attributes}>{shown or url}</a>'


class TestManual:
    """Section 2.4.3 of the 2.3 manual."""

    def test_example(self):
        assert linkify("Hello http://tornadoweb.org!") == (
            'Hello <a href="http://tornadoweb.org">http://tornadoweb.org</a>!'
        )

    def test_shorten(self):
        url = "http://www.example.com/a/long/path/to/a/page.html"
        assert linkify(url, shorten=True) == link(
            url, "http://www.example.com/a...", f' title="{url}"'
        )

    def test_extra_params(self):
        extra = 'rel="nofollow" class="external"'
        assert linkify("see http://a.com", extra_params=extra) == (
            'see <a href="http://a.com" rel="nofollow" class="external">http://a.com</a>'
        )

    def test_extra_params_callable(self):
        def extra_params_cb(url):
            if url.startswith("http://example.com"):
                return 'class="internal"'
            return 'class="external" rel="nofollow"'

        text = "http://example.com/a www.b.com"
        assert linkify(text, extra_params=extra_params_cb) == (
            '<a href="http://example.com/a" class="internal">http://example.com/a</a>'
            ' <a href="http://www.b.com" class="external" rel="nofollow">www.b.com</a>'
        )

    def test_require_protocol(self):
        text = "www.facebook.com"
        assert linkify(text) == link("http://www.facebook.com", "www.facebook.com")
        assert linkify(text, require_protocol=True) == text
        assert linkify("http://a.com", require_protocol=True) == link("http://a.com")

    def test_permitted_protocols(self):
        text = "http://a.com ftp://b.com https://c.com javascript://d"
        assert linkify(text, permitted_protocols=["http", "ftp", "mailto"]) == (
            f"{link('http://a.com')} {link('ftp://b.com')} https://c.com javascript://d"
        )
        assert linkify(text, permitted_protocols={"https"}).count("<a ") == 1

    def test_all_else_is_escaped(self):
        assert linkify("<b> & 'x' http://a.com/?a=1&b=2 \"") == (
            '&lt;b&gt; &amp; &#x27;x&#x27; <a href="http://a.com/?a=1&amp;b=2">'
            "http://a.com/?a=1&amp;b=2</a> &quot;"
        )


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("nothing", []),
        ("a http://world.com/!", ["http://world.com/"]),
        ("http://a.com/x, http://b.com.", ["http://a.com/x", "http://b.com"]),
        ("http://a.com?", ["http://a.com"]),
        ("http://a.com/x...", ["http://a.com/x"]),
        ("http://a.com/?q=1&b=2;c#d", ["http://a.com/?q=1&b=2;c#d"]),
        ("http://a.com/x&", ["http://a.com/x"]),
        ("http://a.com/?q=", ["http://a.com/?q="]),
        ("(http://a.com/x)", ["http://a.com/x"]),
        ("(see http://a.com/x.)", ["http://a.com/x"]),
        ("http://a.com/b_(c)", ["http://a.com/b_(c)"]),
        ("(http://a.com/b_(c))", ["http://a.com/b_(c)"]),
        ("http://a.com/b_(c_(d)_e)", ["http://a.com/b_(c_(d)_e)"]),
        ("http://a.com/b_(c)_(d).", ["http://a.com/b_(c)_(d)"]),
        ("http://a.com/b(c", ["http://a.com/b"]),
        ("http://a.com/b)c", ["http://a.com/b"]),
        ("http://a.com/(b c)", ["http://a.com/"]),
        ("<http://a.com/x>", ["http://a.com/x"]),
        ("'http://a.com/x'", ["http://a.com/x"]),
        ('"http://a.com/x"', ["http://a.com/x"]),
        ('http://a.com/"x"y', ['http://a.com/"x"y']),
        ("<a href='http://a.com'>x</a>", ["http://a.com"]),
        ("http://a.com\nhttp://b.com", ["http://a.com", "http://b.com"]),
        ("http://a.com\u3000x", ["http://a.com"]),
        ("www.a.com/x www.b.com", ["www.a.com/x", "www.b.com"]),
        ("WWW.A.COM HTTP://B.COM", ["WWW.A.COM", "HTTP://B.COM"]),
        ("xwww.a.com", []),
        ("x.www.a.com", ["www.a.com"]),
        ("www. www.. www", []),
        ("http:// https:///", []),
        ("http:/a.com http:///a.com", ["http:/a.com", "http:///a.com"]),
        ("http:a.com", []),
        ("://a.com", []),
        ("javascript:alert(1)", []),
        ("javascript://www.a.com/%0aalert(1)", []),
        ("xhttp://a.com", []),
        ("_http://a.com", []),
        ("x-http://a.com", []),
        ("see:http://a.com", ["http://a.com"]),
        ("end.http://a.com", ["http://a.com"]),
        ("http://user:secret@a.com:80/", ["http://user:secret@a.com:80/"]),
        ("http://[::1] http://[::1]:80/x.", ["http://[::1]", "http://[::1]:80/x"]),
        ("[http://a.com/x]", ["http://a.com/x"]),
        ("http://é.com/ü", ["http://é.com/ü"]),
        ("http://localhost", ["http://localhost"]),
        ("a.com me@a.com", []),
        (f"{'x' * 100}://a.com", []),
    ],
)
def test_what_is_a_url(text, urls):
    found = find_links(text, {"http", "https"}, require_protocol=False)
    assert [text[link.start : link.end] for link in found] == urls


def test_prefixes():
    text = "http://a.com https:///b.com www.c.com"
    assert list(find_links(text, {"http", "https"}, False)) == [
        Link(0, 12, "http://"),
        Link(13, 27, "https:///"),
        Link(28, 37, ""),
    ]


def test_schemes_with_punctuation():
    text = "git+ssh://a.com svn-x://b.com a.b://c.com"
    permitted = ["git+ssh", "svn-x", "a.b"]
    assert linkify(text, permitted_protocols=permitted).count("<a ") == 3
    assert linkify("git+ssh://a.com", permitted_protocols=["ssh"]) == f"git+{link('ssh://a.com')}"


def test_protocols_of_any_case():
    assert linkify("FTP://a.com", permitted_protocols=["Ftp"]) == link("FTP://a.com")
    assert linkify("ftp://a.com", permitted_protocols=[b"ftp"]) == link("ftp://a.com")


def test_bytes():
    assert linkify("é http://a.com".encode()) == f"é {link('http://a.com')}"
    with pytest.raises(TypeError, match="takes str or bytes, got int"):
        linkify(5)


def test_the_callable_is_given_what_is_safe_in_an_attribute():
    given_urls = []

    def extra(url):
        given_urls.append(url)
        return f'data-url="{url}"'

    made = linkify('http://a.com/"x"y&z', extra_params=extra)
    assert given_urls == ["http://a.com/&quot;x&quot;y&amp;z"]
    assert made == link(given_urls[0], attributes=f' data-url="{given_urls[0]}"')


def test_spaces_around_extra_params():
    assert linkify("www.a.com", extra_params='  a="b" ') == link(
        "http://www.a.com", "www.a.com", ' a="b"'
    )
    assert linkify("www.a.com", extra_params=lambda url: " ") == link(
        "http://www.a.com", "www.a.com"
    )


@pytest.mark.parametrize(
    ("url", "short"),
    [
        ("http://a.com/x", "http://a.com/x"),
        ("http://a.com/abcdefghijklmnopq", "http://a.com/abcdefghijklmnopq"),
        ("http://a.com/abcdefghijklmnopqr", "http://a.com/abcdefgh..."),
        ("http://a.com/abc.html?x=aaaaaaaaaa", "http://a.com/abc..."),
        ("http://a.com/abc?x=aaaaaaaaaaaaaaaa", "http://a.com/abc..."),
        ("http://www.example.com/a/b/c/d/e/f/g", "http://www.example.com/a..."),
        (f"http://{'a' * 60}.com/x", f"http://{'a' * 23}..."),
        (f"http://{'a' * 30}.com", f"http://{'a' * 30}.com"),
        (f"http://{'a' * 40}.com", f"http://{'a' * 23}..."),
        (f"http://{'a' * 20}.com/", f"http://{'a' * 20}.com/"),
    ],
)
def test_shortened(url, short):
    assert shortened(url, "http://") == short
    attributes = "" if short == url else f' title="{url}"'
    assert linkify(url, shorten=True) == link(url, short, attributes)


def test_shortening_never_cuts_a_character_reference():
    made = linkify("http://x.com/" + "a&" * 20 + "a", shorten=True)
    assert ">http://x.com/a&amp;a&amp;a&amp;a&amp;...</a>" in made


class Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, [name for name, _ in attrs]))

    def handle_data(self, data):
        self.text += data


hostile = st.lists(
    st.sampled_from(
        [
            "http://",
            "www.",
            "a.com",
            "/",
            "(",
            ")",
            '"',
            "'",
            "<",
            ">",
            "&",
            ".",
            " ",
            "://",
            "[",
            "]",
        ]
        + ["javascript:", "onclick=", "&quot;", "x", "\n", "é", ";", "-", "+"]
    ),
    max_size=40,
).map("".join)


@given(hostile | st.text(), st.booleans())
def test_any_text_gives_links_and_text_and_nothing_else(text, shorten):
    made = linkify(text, shorten=shorten)
    parser = Parser()
    parser.feed(made)
    parser.close()
    names = [["href"], ["href", "title"]] if shorten else [["href"]]
    assert all(tag == "a" and attributes in names for tag, attributes in parser.tags)
    assert re.findall(r'href="(?!https?:/)', made, re.IGNORECASE) == []
    if not shorten:
        # What a reader sees is the text itself.
        assert re.sub(r"</?a[^>]*>", "", made) == xhtml_escape(text)


@pytest.mark.parametrize(
    "piece",
    [
        "www.",
        ":/",
        "a-",
        "a://",
        "http://",
        "http://a/(",
        "http://a/)",
        "http://a/(b)",
        "http://a,,,,,,",
        "http://[",
        "http://[::1]]]]]]",
        "http://a/&",
        'http://a/"',
        "http:// ",
        "a.",
        "(",
        ")",
        ".",
        "http://a/b ",
    ],
)
def test_hostile_text_takes_linear_time(piece):
    # Anything quadratic would take hours for this much.
    size = 300_000 // len(piece)
    linkify(piece * size + "http://x.com/" + ")" * 1000, shorten=True)


MAIL = ["http", "ftp", "mailto"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mailto:a@b.org", '<a href="mailto:a@b.org">mailto:a@b.org</a>'),
        ("(MAILTO:a@b.org).", '(<a href="MAILTO:a@b.org">MAILTO:a@b.org</a>).'),
        (
            "mailto:a@b.org?subject=x&y or http://b.org/",
            '<a href="mailto:a@b.org?subject=x&amp;y">mailto:a@b.org?subject=x&amp;y</a>'
            ' or <a href="http://b.org/">http://b.org/</a>',
        ),
        ("mailto: a@b.org", "mailto: a@b.org"),
        ("xmailto:a@b.org x-mailto:a@b.org", "xmailto:a@b.org x-mailto:a@b.org"),
        ("tel:123", "tel:123"),
        ("a:b http:x ftp://c.org/", 'a:b http:x <a href="ftp://c.org/">ftp://c.org/</a>'),
    ],
)
def test_schemes_without_slashes(text, expected):
    assert linkify(text, permitted_protocols=MAIL) == expected


def test_mailto_needs_permission():
    assert linkify("mailto:a@b.org") == "mailto:a@b.org"
    assert linkify("tel:123", permitted_protocols=["tel"]) == '<a href="tel:123">tel:123</a>'
