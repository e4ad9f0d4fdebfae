"""Pages of HTML in a real browser: bars stand above their letters, brackets match, nothing runs off."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from codegen.catalogue import catalogue
from derive.authoring.spec import OpSpec
from derive.derivation import derive
from derive.ops.softmax_cross_entropy import softmax_cross_entropy
from derive.pages.page import NOTATIONS, render

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "google-chrome", "chromium-browser")
WINDOW = 1000
MEASURE = r"""<script>
const box = node => node.getBoundingClientRect();
const faults = [];
for (const over of document.querySelectorAll('mover[accent="true"]')) {
    const letter = over.children[0];
    const isBar = over.children[1].textContent == "\u00AF";
    if (isBar && box(letter).top - box(over).top < 0.15 * parseFloat(getComputedStyle(over).fontSize))
        faults.push("a bar touches " + letter.textContent);
}
for (const row of document.querySelectorAll('mrow')) {
    const marks = [...row.children].filter(c => c.localName == 'mo');
    const open = marks.filter(m => m.textContent == '('), close = marks.filter(m => m.textContent == ')');
    if (open.length != close.length) faults.push("a bracket stands alone in " + row.textContent);
    if (open.length == 1 && close.length == 1 && Math.abs(box(open[0]).height - box(close[0]).height) > 0.5)
        faults.push("brackets of two sizes in " + row.textContent);
}
for (const wide of document.querySelectorAll('.equation'))
    if (wide.scrollWidth > wide.clientWidth + 1) faults.push("too wide: " + wide.textContent.slice(0, 40));
for (const tall of document.querySelectorAll('.equation'))
    if (tall.scrollHeight > tall.clientHeight) faults.push("cut off: " + tall.textContent.slice(0, 40));
if (document.documentElement.scrollWidth > innerWidth + 1) faults.push("the page is too wide");
if (!document.querySelector('math')) faults.push("no equation");
document.title = JSON.stringify(faults);
</script></body>"""


def faults(page: str, folder: Path) -> list[str]:
    """What a browser's layout of the page shows to be wrong."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.fail("install a browser: apt-get install chromium")
    file = folder / "page.html"
    file.write_text(page.replace("</body>", MEASURE), "utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--window-size={WINDOW},800", "--dump-dom")
    done = subprocess.run(
        [browser, *options, f"--user-data-dir={folder / 'profile'}", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert title, "the browser gave no page back"
    found: list[str] = json.loads(unescape(title[1]))
    return found


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize(
    "op", dict.fromkeys((*catalogue()[::6], softmax_cross_entropy[0])), ids=lambda op: op.name
)
def test_the_page_reads_as_it_should(op: OpSpec, notation: str, tmp_path: Path) -> None:
    assert faults(render(derive(op), "html", notation), tmp_path) == []


@pytest.mark.parametrize(
    ("planted", "complaint"),
    [
        ('<math><mover accent="true"><mi>X</mi><mo>&#xAF;</mo></mover></math>', "a bar touches X"),
        (
            "<math><mrow><mrow><mo>(</mo></mrow><mfrac><mi>x</mi><mi>y</mi></mfrac><mo>)</mo></mrow></math>",
            "a bracket stands alone",
        ),
        (
            '<math><mrow><mo stretchy="false">(</mo><mfrac><mi>x</mi><mi>y</mi></mfrac>'
            "<mo>)</mo></mrow></math>",
            "brackets of two sizes",
        ),
        ('<div style="width: 1200px">x</div><math></math>', "the page is too wide"),
        (
            '<div class="equation" style="height: 9px; overflow: hidden"><math><mi>x</mi></math></div>',
            "cut off",
        ),
        ("", "no equation"),
    ],
)
def test_what_is_wrong_is_noticed(planted: str, complaint: str, tmp_path: Path) -> None:
    page = f"<!DOCTYPE html><html><head><title></title></head><body>{planted}</body></html>"
    assert any(f.startswith(complaint) for f in faults(page, tmp_path))
