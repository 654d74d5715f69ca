#!/usr/bin/env python3
"""Template engines side by side: a table, an inheritance page, a page with includes and translation.

usage: python3 benchmarks/template.py [--rounds N] [--only NAME] [--json FILE]

Every engine escapes every expression, renders the same pages from the same data and gives bytes; the
output of each is checked against the others'. "Compile" goes from text, nothing cached, to the first
output. Each engine runs in an environment and a process of its own, in turns.
"""

from __future__ import annotations

import statistics

import harness
from harness import Contestant, Figures

COMMON = '''
import json, re, time, zlib
imported = time.process_time()

TABLE = [
    [f"cell {row} {column}" if (row * 4 + column) % 10 else f"<b>R&D {row}</b>" for column in range(4)]
    for row in range(100)
]
PAGE = {
    "title": "Tom & Jerry",
    "nav": [("/", "Home"), ("/about", "About us"), ("/jobs?a=1&b=2", "Jobs"), ("/contact", "Contact")],
    "current": "/about",
    "items": [
        {"title": f"Item {n}", "body": "Some text that says <something>. " * 3, "tags": ["x", "y"][: n % 3]}
        for n in range(6)
    ],
    "year": 2024,
    "owner": "Someone & Sons",
}
WORDS = {"Sign in": "Entrar", "Price": "Precio", "In stock": "En existencia", "Sold out": "Agotado"}
SHOP = {
    "_": lambda text: WORDS.get(text, text),
    "products": [{"name": f"Product <{n}>", "price": n * 7, "stock": n % 4} for n in range(40)],
    "user": "Ann",
}

def best(function, seconds=0.05, repeats=4):
    """Return the CPU microseconds of one call, the best of some series."""
    function()
    start = time.process_time(); function(); once = time.process_time() - start
    number = max(1, int(seconds / max(once, 1e-6)))
    results = []
    for _ in range(repeats):
        start = time.process_time()
        for _ in range(number):
            function()
        results.append((time.process_time() - start) / number)
    return min(results) * 1e6

def same(output):
    """Return a number that is the same for pages that look the same to a browser."""
    text = re.sub(r"\\s+", "", output.decode())
    text = text.replace("&#x27;", "'").replace("&#39;", "'").replace("&quot;", '"').replace("&#34;", '"')
    return zlib.crc32(text.replace("&gt;", ">").encode())

def report(table, page, shop, compile_table, compile_page, import_ms):
    print(json.dumps({
        "table 100 x 4": best(table), "inheritance page": best(page),
        "loops, include, translation": best(shop),
        "compile table": best(compile_table), "compile inheritance page": best(compile_page),
        "import": import_ms,
        "= table": same(table()), "= page": same(page()), "= shop": same(shop()),
        "= compile": same(compile_page()),
    }))
'''

TORNADO = """
import time; start = time.process_time()
import tornado.template
import_ms = (time.process_time() - start) * 1000
from template_common import *
TEXTS = {
    "table.html": '''<table>
{% for row in table %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% end %}</tr>
{% end %}</table>''',
    "base.html": '''<html><head><title>{% block title %}Default{% end %}</title></head><body>
<ul>{% for href, caption in nav %}
<li><a href="{{ href }}"{% if href == current %} class="active"{% end %}>{{ caption }}</a></li>{% end %}
</ul>
<div id="content">{% block content %}{% end %}</div>
<div id="footer">{% block footer %}&copy; {{ year }} {{ owner }}{% end %}</div>
</body></html>''',
    "page.html": '''{% extends "base.html" %}
{% block title %}{{ title }} - Site{% end %}
{% block content %}<h1>{{ title }}</h1>
{% for item in items %}<div class="item"><h2>{{ item["title"] }}</h2><p>{{ item["body"] }}</p>
{% if item["tags"] %}<ul>{% for tag in item["tags"] %}<li>{{ tag }}</li>{% end %}</ul>
{% else %}<i>none</i>{% end %}</div>
{% end %}{% end %}''',
    "shop.html": '''<p>{{ _("Sign in") }}: {{ user }}</p>
{% for product in products %}{% include "product.html" %}
{% end %}<hr>''',
    "product.html": '''<div><b>{{ product["name"] }}</b> {{ _("Price") }}: {{ product["price"] }}
{% if product["stock"] %}{{ _("In stock") }}: {{ product["stock"] }}
{% else %}{{ _("Sold out") }}{% end %}</div>''',
}
loader = tornado.template.DictLoader(TEXTS)
table, page, shop = map(loader.load, ["table.html", "page.html", "shop.html"])
report(
    lambda: table.generate(table=TABLE), lambda: page.generate(**PAGE), lambda: shop.generate(**SHOP),
    lambda: tornado.template.DictLoader(TEXTS).load("table.html").generate(table=[]),
    lambda: tornado.template.DictLoader(TEXTS).load("page.html").generate(**PAGE),
    import_ms,
)
"""

JINJA = """
import time; start = time.process_time()
import jinja2
import_ms = (time.process_time() - start) * 1000
from template_common import *
TEXTS = {
    "table.html": '''<table>
{% for row in table %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table>''',
    "base.html": '''<html><head><title>{% block title %}Default{% endblock %}</title></head><body>
<ul>{% for href, caption in nav %}
<li><a href="{{ href }}"{% if href == current %} class="active"{% endif %}>{{ caption }}</a></li>{% endfor %}
</ul>
<div id="content">{% block content %}{% endblock %}</div>
<div id="footer">{% block footer %}&copy; {{ year }} {{ owner }}{% endblock %}</div>
</body></html>''',
    "page.html": '''{% extends "base.html" %}
{% block title %}{{ title }} - Site{% endblock %}
{% block content %}<h1>{{ title }}</h1>
{% for item in items %}<div class="item"><h2>{{ item["title"] }}</h2><p>{{ item["body"] }}</p>
{% if item["tags"] %}<ul>{% for tag in item["tags"] %}<li>{{ tag }}</li>{% endfor %}</ul>
{% else %}<i>none</i>{% endif %}</div>
{% endfor %}{% endblock %}''',
    "shop.html": '''<p>{{ _("Sign in") }}: {{ user }}</p>
{% for product in products %}{% include "product.html" %}
{% endfor %}<hr>''',
    "product.html": '''<div><b>{{ product["name"] }}</b> {{ _("Price") }}: {{ product["price"] }}
{% if product["stock"] %}{{ _("In stock") }}: {{ product["stock"] }}
{% else %}{{ _("Sold out") }}{% endif %}</div>''',
}
environment = jinja2.Environment(loader=jinja2.DictLoader(TEXTS), autoescape=True)
fresh = jinja2.Environment(loader=jinja2.DictLoader(TEXTS), autoescape=True, cache_size=0)
table, page, shop = map(environment.get_template, ["table.html", "page.html", "shop.html"])
report(
    lambda: table.render(table=TABLE).encode(), lambda: page.render(PAGE).encode(),
    lambda: shop.render(SHOP).encode(),
    lambda: fresh.get_template("table.html").render(table=[]).encode(),
    lambda: fresh.get_template("page.html").render(PAGE).encode(),
    import_ms,
)
"""

MAKO = """
import time; start = time.process_time()
import mako.template, mako.lookup
import_ms = (time.process_time() - start) * 1000
from template_common import *
TEXTS = {
    "table.html": '''<table>
% for row in table:
<tr>\\\\
% for cell in row:
<td>${cell}</td>\\\\
% endfor
</tr>
% endfor
</table>''',
    "base.html": '''<html><head><title><%block name="page_title">Default</%block></title></head><body>
<ul>
% for href, caption in nav:
<li><a href="${href}"\\\\
% if href == current:
 class="active"\\\\
% endif
>${caption}</a></li>
% endfor
</ul>
<div id="content"><%block name="content"></%block></div>
<div id="footer"><%block name="footer">&copy; ${year} ${owner}</%block></div>
</body></html>''',
    "page.html": '''<%inherit file="base.html"/>
<%block name="page_title">${title} - Site</%block>
<%block name="content"><h1>${title}</h1>
% for item in items:
<div class="item"><h2>${item["title"]}</h2><p>${item["body"]}</p>
% if item["tags"]:
<ul>\\\\
% for tag in item["tags"]:
<li>${tag}</li>\\\\
% endfor
</ul>
% else:
<i>none</i>\\\\
% endif
</div>
% endfor
</%block>''',
    "shop.html": '''<p>${_("Sign in")}: ${user}</p>
% for product in products:
<%include file="product.html" args="product=product, _=_"/>
% endfor
<hr>''',
    "product.html": '''<%page args="product, _"/>
<div><b>${product["name"]}</b> ${_("Price")}: ${product["price"]}
% if product["stock"]:
${_("In stock")}: ${product["stock"]}\\\\
% else:
${_("Sold out")}\\\\
% endif
</div>''',
}
def lookup():
    made = mako.lookup.TemplateLookup(default_filters=["h"])
    for name, text in TEXTS.items():
        made.put_string(name, text)
    return made
def first(names, name, data):
    made = mako.lookup.TemplateLookup(default_filters=["h"])
    for part in names:
        made.put_string(part, TEXTS[part])
    return made.get_template(name).render(**data).encode()
loaded = lookup()
table, page, shop = map(loaded.get_template, ["table.html", "page.html", "shop.html"])
report(
    lambda: table.render(table=TABLE).encode(), lambda: page.render(**PAGE).encode(),
    lambda: shop.render(**SHOP).encode(),
    lambda: first(["table.html"], "table.html", {"table": []}),
    lambda: first(["base.html", "page.html"], "page.html", PAGE),
    import_ms,
)
"""

CHAMELEON = """
import time; start = time.process_time()
import chameleon
import_ms = (time.process_time() - start) * 1000
from template_common import *
import os, tempfile
TEXTS = {
    "table.pt": '''<table>
<tr tal:repeat="row table"><td tal:repeat="cell row">${cell}</td></tr>
</table>''',
    "base.pt": '''<html metal:define-macro="base">
<head><title metal:define-slot="title">Default</title></head><body>
<ul><tal:x repeat="entry nav">
<li><a href="${entry[0]}" class="${'active' if entry[0] == current else None}">${entry[1]}</a></li></tal:x>
</ul>
<div id="content"><tal:x metal:define-slot="content"/></div>
<div id="footer"><tal:x metal:define-slot="footer">&copy; ${year} ${owner}</tal:x></div>
</body></html>''',
    "page.pt": '''<tal:page metal:use-macro="load:base.pt">
<title metal:fill-slot="title">${title} - Site</title>
<tal:x metal:fill-slot="content"><h1>${title}</h1>
<div class="item" tal:repeat="item items"><h2>${item["title"]}</h2><p>${item["body"]}</p>
<ul tal:condition="item['tags']"><li tal:repeat="tag item['tags']">${tag}</li></ul>
<i tal:condition="not item['tags']">none</i></div>
</tal:x></tal:page>''',
    "shop.pt": '''<tal:shop><p>${_("Sign in")}: ${user}</p>
<tal:x repeat="product products"><tal:y metal:use-macro="load:product.pt"/>
</tal:x><hr></tal:shop>''',
    "product.pt": '''<div><b>${product["name"]}</b> ${_("Price")}: ${product["price"]}
<tal:x condition="product['stock']">${_("In stock")}: ${product["stock"]}</tal:x>
<tal:x condition="not product['stock']">${_("Sold out")}</tal:x></div>''',
}
with tempfile.TemporaryDirectory() as folder:
    for name, text in TEXTS.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    def load(name):
        return chameleon.PageTemplateLoader(folder)[name]
    loader = chameleon.PageTemplateLoader(folder)
    table, page, shop = loader["table.pt"], loader["page.pt"], loader["shop.pt"]
    report(
        lambda: table(table=TABLE).encode(), lambda: page(**PAGE).encode(),
        lambda: shop(**SHOP).encode(),
        lambda: load("table.pt")(table=[]).encode(), lambda: load("page.pt")(**PAGE).encode(),
        import_ms,
    )
"""


def check_outputs(figures: Figures) -> None:
    """Remove the checksums of the pages from the figures; SystemExit where engines differ."""
    for name in [name for name in figures if name.startswith("=")]:
        sums = {contestant: values[0] for contestant, values in figures.pop(name).items()}
        if len(set(sums.values())) > 1:
            raise SystemExit(f"the engines do not give the same page {name}: {sums}")


def verdict(figures: Figures) -> str:
    """Return our share of the best peer's time, for each workload."""
    lines = ["our time as a share of the best peer's"]
    for workload, rows in figures.items():
        medians = {name: statistics.median(values) for name, values in rows.items()}
        mine = medians.pop("ours", None)
        if mine is None or not medians:
            continue
        best = min(medians, key=medians.__getitem__)
        lines.append(f"  {mine / medians[best]:5.2f} x {best:20} {workload}")
    return "\n".join(lines)


def main() -> None:
    options = harness.arguments(__doc__.splitlines()[0]).parse_args()
    # A script called like the package it imports would shadow it.
    sources = {
        "template_common.py": COMMON,
        "run_tornado.py": TORNADO,
        "run_jinja.py": JINJA,
        "run_mako.py": MAKO,
        "run_chameleon.py": CHAMELEON,
    }
    with harness.scripts(sources) as script:
        peer = harness.environment
        contestants = [
            Contestant("ours", [harness.ours(), script("run_tornado.py")]),
            Contestant("tornado (released)", [peer(["tornado<6.100"]), script("run_tornado.py")]),
            Contestant("jinja2", [peer(["jinja2"]), script("run_jinja.py")]),
            Contestant("mako", [peer(["mako"]), script("run_mako.py")]),
            Contestant(
                "chameleon", [peer(["chameleon", "setuptools"]), script("run_chameleon.py")]
            ),
        ]
        figures = harness.micro(harness.chosen(contestants, options.only), rounds=options.rounds)
    check_outputs(figures)
    imports = {"import of the engine": figures.pop("import")}
    print(verdict(figures))
    print(harness.table("CPU per page", "microseconds", figures))
    print(harness.table("CPU of the import", "milliseconds", imports))
    if options.json:
        harness.save(options.json, "template", {"cpu_us": figures, "import_cpu_ms": imports})


if __name__ == "__main__":
    main()
