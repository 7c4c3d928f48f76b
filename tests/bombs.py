"""Documents made to do harm: small files that unpack, repeat or refer to themselves without end."""

import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from docx import Document

PARAGRAPH = b"<w:p><w:r><w:t>I built a cache.</w:t></w:r></w:p>"
BODY_END = b"<w:sectPr"


def docx_with(body: bytes, declaration: bytes = b"") -> bytes:
    """A DOCX whose document part begins its text with `body`."""
    plain = BytesIO()
    Document().save(plain)
    made = BytesIO()
    with ZipFile(plain) as source, ZipFile(made, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "word/document.xml":
                head, tail = data.split(BODY_END, 1)
                first, second = head.split(b"?>", 1)
                data = first + b"?>" + declaration + second + body + BODY_END + tail
            target.writestr(name, data)
    return made.getvalue()


def archive(entries: dict[str, bytes]) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as target:
        for name, data in entries.items():
            target.writestr(name, data)
    return made.getvalue()


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    content, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>" % (size, table, size)
    return content + head + b"\nstartxref\n%d\n%%%%EOF\n" % len(content)


CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << >> >>"


def stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(data), extra, data)


def deflated(data: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        data = zlib.compress(data, 1)
    return data


LAUGHS = (
    b"<!DOCTYPE w ["
    + b"".join(b'<!ENTITY a%d "%b">' % (n, b"ha" if not n else b"&a%d;" % (n - 1) * 10) for n in range(12))
    + b"]>"
)

FONT = b"<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
SLOW_PDF = pdf(
    CATALOGUE,
    b"<< /Type /Pages /Kids [%b] /Count 300 >>" % b"".join(b"%d 0 R " % (4 + n) for n in range(300)),
    stream(deflated(b"BT /F1 11 Tf 9 9 Td (ab) Tj ET " * 20_000), b"/Filter /FlateDecode"),
    *[b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 3 0 R /Resources %b >>" % FONT] * 300,
)
"""Takes minutes to read, honestly."""
HUNGRY_DOCX = docx_with(
    b'<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2000000000"/></w:tcPr>%b</w:tc></w:tr></w:tbl>' % PARAGRAPH
)
"""One cell that says it is two billion columns wide."""

HARMFUL = {
    "unpacks.docx": archive({"word/document.xml": bytes(110_000_000)}),
    "hundredfold.docx": archive({"[Content_Types].xml": b"<x/>", "word/document.xml": bytes(20_000_000)}),
    "entries.docx": archive({f"word/{number}.xml": b"" for number in range(5_000)}),
    "laughs.docx": docx_with(b"<w:p><w:r><w:t>&a11;</w:t></w:r></w:p>", LAUGHS),
    "deep.docx": docx_with(b"<w:tbl><w:tr><w:tc>" * 5_000 + PARAGRAPH + b"</w:tc></w:tr></w:tbl>" * 5_000),
    "pages of pages.pdf": pdf(CATALOGUE, b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 /Parent 2 0 R >>"),
    "billions of pages.pdf": pdf(CATALOGUE, b"<< /Type /Pages /Kids [] /Count 2147483647 >>"),
    "one page a million times.pdf": pdf(
        CATALOGUE, b"<< /Type /Pages /Kids [%b] /Count 1000000 >>" % (b"3 0 R " * 1_000_000), PAGE, stream(b"BT ET")
    ),
    "deflated.pdf": pdf(CATALOGUE, PAGES, PAGE, stream(deflated(bytes(200_000_000)), b"/Filter /FlateDecode")),
    "deflated twice.pdf": pdf(
        CATALOGUE,
        PAGES,
        PAGE,
        stream(deflated(b" " * 100_000_000, 2), b"/Filter [/FlateDecode /FlateDecode]"),
    ),
    "calls itself.pdf": pdf(
        CATALOGUE,
        PAGES,
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>",
        stream(b"/X Do " * 1_000),
        stream(b"/X Do /X Do", b"/Type /XObject /Subtype /Form /Resources << /XObject << /X 5 0 R >> >>"),
    ),
    "nested.pdf": pdf(CATALOGUE, PAGES, PAGE, b"[" * 100_000 + b"]" * 100_000),
    "length of another.pdf": pdf(CATALOGUE, PAGES, PAGE, b"<< /Length 4 0 R >>\nstream\nBT ET\nendstream"),
}
"""Name → the file."""
