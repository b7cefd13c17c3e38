"""Small XML in the shape WeChat writes it, and a reader that refuses document types."""

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Field = str | int | Mapping[str, "Field"] | Sequence["Field"]


class BadXml(Exception):
    """Not XML, or XML that we do not read."""


def write(fields: Mapping[str, Field]) -> str:
    """Strings become CDATA, whole numbers stand bare, a list repeats its element."""
    return f"<xml>{_inside(fields)}</xml>"


def read(text: str) -> ET.Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadXml("a document type is not allowed")
    try:
        root = ET.fromstring(text)  # noqa: S314  # document types were refused above
    except ET.ParseError as error:
        raise BadXml("not well-formed") from error
    if root.tag != "xml":
        raise BadXml("the root element is not <xml>")
    return root


def _inside(fields: Mapping[str, Field]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Field) -> str:
    if isinstance(value, int):
        inside = str(value)
    elif isinstance(value, str):
        inside = _cdata(value)
    elif isinstance(value, Mapping):
        inside = _inside(value)
    else:
        return "".join(_element(name, one) for one in value)
    return f"<{name}>{inside}</{name}>"


def _cdata(text: str) -> str:
    writable = UNWRITABLE.sub("", text).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{writable}]]>"
