"""Texts that hold a secret, in every spelling in which somebody may write one."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from io import StringIO
from urllib.parse import quote, urlencode

from emulator.text.secrets import ENDINGS, KEYS, LAST_WORDS, WORDS

TAIL = "TAILofIT"
PLAIN = f"S3cretValue{TAIL}"
AWKWARD = f"S3c r&t=/+%\"'{{}}[]:;,<{TAIL}"
NAMES = [
    *ENDINGS,
    *(f"{ending}s" for ending in ENDINGS if ending != "token"),
    *WORDS,
    *LAST_WORDS,
    "key",
    *(f"{key}_key" for key in KEYS),
    *("s3_secret_access_key", "ocp_apim_subscription_key", "x_api_key", "client_secret", "refresh_token", "db_password"),
    *("azure_connection_string", "x_amz_security_token", "proxy_authorization", "set_cookie", "x_functions_key", "basic_auth"),
]
SPELLINGS: dict[str, Callable[[str], str]] = {
    "snake": str,
    "upper": str.upper,
    "kebab": lambda name: name.replace("_", "-"),
    "title": lambda name: name.replace("_", "-").title(),
    "camel": lambda name: re.sub("_(.)", lambda part: part[1].upper(), name),
    "dotted": lambda name: name.replace("_", "."),
    "alternating": lambda name: "".join(part.upper() if place % 2 else part for place, part in enumerate(name)),
}


def percent(text: str, times: int = 1) -> str:
    """Return a text of which every byte is percent-encoded."""
    result = "".join(f"%{byte:02X}" for byte in text.encode())
    for _ in range(times - 1):
        result = result.replace("%", "%25")
    return result


def all_of(text: str) -> str:
    """Return a text in which every character is percent-encoded that stands for itself nowhere."""
    return quote(text, "")


def escaped(text: str) -> str:
    """Return a text of which every character is escaped as in JSON, without quotes."""
    return "".join(f"\\u{ord(sign):04x}" for sign in text)


def part(name: str, value: str, ending: str = "\r\n") -> str:
    lines = ("--limit", f'Content-Disposition: form-data; name="{name}"', "", value, "--limit--", "")
    return ending.join(lines)


def unquoted(text: str) -> str:
    """Return a text as it can stand within braces without quotes."""
    return re.sub("[^ \\w]", "", text)


def table(delimiter: str, name: str, value: str) -> str:
    """Return a table in which a column has that name, as CSV writes it."""
    rows = StringIO()
    csv.writer(rows, delimiter=delimiter).writerows([["a", name, "b"], ["1", value, "2"], ["3", value, "4"]])
    return rows.getvalue()


DISPOSITION = "Content-Disposition: form-data; "


def parts(*headers_and_content: tuple[str, str], boundary: str = "limit") -> str:
    """Return a form in parts, each with its headers and its content."""
    return (
        "".join(f"--{boundary}\r\n{headers}\r\n\r\n{part}\r\n" for headers, part in headers_and_content) + f"--{boundary}--\r\n"
    )


TEXTS: dict[str, Callable[[str, str], str]] = {
    "query": lambda name, value: f"/x?a=1&{name}={all_of(value)}&b=2",
    "query, with plus": lambda name, value: "/x?" + urlencode({"a": "b c", name: value}),
    "query, encoded name": lambda name, value: f"/x?{percent(name)}={all_of(value)}",
    "query, name encoded twice": lambda name, value: f"/x?{percent(name, 2)}={all_of(value)}",
    "query, all encoded": lambda name, value: f"/x?{percent(f'a=1&{name}={all_of(value)}')}",
    "query after a fragment": lambda name, value: f"/x#?{name}={all_of(value)}",
    "matrix parameter": lambda name, value: f"/x;{name}={all_of(value)}/y",
    "path": lambda name, value: f"/x/{name}/{all_of(value)}/y",
    "path, encoded name": lambda name, value: f"/x/{percent(name)}/{all_of(value)}",
    "path, encoded slash": lambda name, value: "/x/y" + all_of(f"/{name}/{all_of(value)}"),
    "path, slashes and dots": lambda name, value: f"/x/{name}//./{all_of(value)}?a=1",
    "path of a URL in JSON": lambda name, value: json.dumps({"url": f"https://h.test/{name}/{all_of(value)}/y"}),
    "path of a URL in a query": lambda name, value: f"/x?url={quote(f'https://h.test/{name}/{all_of(value)}', '')}&b=2",
    "query, NUL in the name": lambda name, value: f"/x?a=1&{'%00'.join(name)}={all_of(value)}",
    "form, no width in the name": lambda name, value: urlencode({"a": 1, "\u200b".join(name): value}),
    "JSON, no width in the name": lambda name, value: json.dumps({"\u200b".join(name): value}, ensure_ascii=False),
    "JSON in JSON, NUL in the name": lambda name, value: json.dumps({"p": json.dumps({"\0".join(name): value})}),
    "URL in a query": lambda name, value: f"/x?url={quote(f'https://h.test/?{name}={all_of(value)}', '')}&b=2",
    "URL in a URL in a query": lambda name, value: (
        "/x?url=" + all_of("https://h.test/?to=" + all_of(f"https://i.test/?{name}={all_of(value)}"))
    ),
    "unencoded URL in a query": lambda name, value: f"/x?url=https://h.test/?{name}={all_of(value)}",
    "form": lambda name, value: urlencode({"a": "1", name: value, "b": "2"}),
    "form, in brackets": lambda name, value: f"a=1&settings[{name}]={all_of(value)}",
    "form, in encoded brackets": lambda name, value: urlencode({f"settings[{name}]": value}),
    "JSON in a form": lambda name, value: urlencode({"payload": json.dumps({"a": 1, name: value, "b": 2})}),
    "JSON": lambda name, value: json.dumps({"a": 1, name: value, "b": 2}),
    "JSON with spaces": lambda name, value: json.dumps({"a": 1, name: value, "b": 2}, indent=4).replace(":", " :\n"),
    "list in JSON": lambda name, value: json.dumps({"a": 1, name: [1, value, value], "b": 2}),
    "object in JSON": lambda name, value: json.dumps({name: {"v": [{"w": value}]}, "b": 2}),
    "deep in JSON": lambda name, value: json.dumps([{"a": [{"b": {name: value}}]}, 2]),
    "JSON, escaped name": lambda name, value: f'{{"{escaped(name)}":{json.dumps(value)}}}',
    "JSON in JSON": lambda name, value: json.dumps({"payload": json.dumps({"a": 1, name: value})}),
    "JSON in JSON in JSON": lambda name, value: json.dumps({"p": json.dumps({"q": json.dumps({name: value})})}),
    "form in JSON": lambda name, value: json.dumps({"payload": urlencode({"a": 1, name: value})}),
    "URL in JSON": lambda name, value: json.dumps({"url": f"https://h.test/?{name}={all_of(value)}"}),
    "URL in JSON, escaped": lambda name, value: json.dumps({"url": f"https://h.test/?{name}={all_of(value)}"}).replace(
        "/", "\\/"
    ),
    "multipart": part,
    "multipart, with LF": lambda name, value: part(name, value, "\n"),
    "multipart, encoded name": lambda name, value: part(percent(name), value),
    "multipart, type before name": lambda name, value: parts(
        (f'Content-Type: text/plain; name="x"\r\n{DISPOSITION}name="{name}"', value)
    ),
    "multipart, file before name": lambda name, value: parts((f'{DISPOSITION}filename=" name=y"; name="{name}"', value)),
    "multipart, folded": lambda name, value: parts((f"{DISPOSITION}\r\n name={name}", value), (f"{DISPOSITION}name=b", "1")),
    "multipart, preamble": lambda name, value: "--note\r\n\r\n" + part(name, value),
    "multipart in multipart": lambda name, value: parts(
        (f'{DISPOSITION}name="f"\r\nContent-Type: multipart/mixed; boundary=in', parts((f"{DISPOSITION}name={name}", value)))
    ),
    "multipart, in a secret part": lambda name, value: parts(
        (f'{DISPOSITION}name="{name}"', parts(("Content-Type: text/plain", value), boundary="in"))
    ),
    "JSON in multipart": lambda name, value: part("payload", json.dumps({name: value})),
    "XML": lambda name, value: f"<a><{name} b='1'>{value.replace('<', '')}</{name}></a>",
    "header line": lambda name, value: f"a: 1\r\n{name}: {value}\r\n",
    "lines of JSON": lambda name, value: f'{{"a":1}}\n{json.dumps({name: value})}\n{{"b":2}}',
    "JSON with comments": lambda name, value: f"{{/*a*/{json.dumps(name)}/*b*/://c\n/*d*/{json.dumps(value)}/*e*/}}",
    "JSON in a query, encoded twice": lambda name, value: f"/x?q={all_of(all_of(json.dumps({name: value})))}&b=2",
    "quoted in a query": lambda name, value: f'/x?a=1&{name}="x"{all_of(value)}&b=2',
    "quoted in an unencoded query": lambda name, value: f'/x?{name}="x",{value.replace(" ", "").replace("&", "")}&b=2',
    "quoted three times": lambda name, value: f'a: 1\n{name} = """{value.replace(chr(34), "")}"""\n',
    "pair": lambda name, value: json.dumps({"headers": [["Accept", "*/*"], [name, value]]}),
    "pair in JSON in JSON": lambda name, value: json.dumps({"p": json.dumps([[name, value]])}),
    "keyed value": lambda name, value: json.dumps({"Tags": [{"Key": name, "Value": value}]}),
    "named value": lambda name, value: json.dumps({"headers": [{"name": name, "value": value}]}),
    "named value in a query": lambda name, value: f"/x?a=1&name={name}&value={all_of(value)}&b=2",
    "keyed value in a query": lambda name, value: f"/x?key={name}&value={all_of(value)}",
    "named value in a query, in brackets": lambda name, value: f"/x?h[0][name]={name}&h[0][value]={all_of(value)}",
    "named value in a query, all encoded": lambda name, value: (
        f"/x?{percent('h[name]')}={percent(name)}&h%5Bv%61lue]={all_of(value)}"
    ),
    "named value in a form": lambda name, value: urlencode({"a": 1, "h[0][Key]": name, "h[0][Value]": value}),
    "named value in a form in JSON": lambda name, value: json.dumps({"p": urlencode({"name": name, "value": value})}),
    "named value in a header": lambda name, value: f"name={name}; value={all_of(value)}",
    "pair in a form": lambda name, value: urlencode([("a", 1), ("h", name), ("h", value)]),
    "pair in a form, in brackets": lambda name, value: urlencode([("h[]", name), ("h[]", value)]),
    "pair in a form, numbered": lambda name, value: urlencode({"a": 1, "h[0]": name, "h[1]": value}),
    "pair in a form, with a comma": lambda name, value: f"a=1&h={name},{all_of(value)}&b=2",
    "pair in a query, with a comma": lambda name, value: f"/x?a=1&h={name}{percent(',', 2)}{all_of(value)}&b=2",
    "path, slash encoded twice": lambda name, value: f"/x/{name}{percent('/', 2)}{all_of(all_of(all_of(value)))}/y",
    "path in a message": lambda name, value: f"a batch with ID '{name}%2F{all_of(all_of(value))}' was not found",
    "path in a message, from the name on": lambda name, value: f"no such batch: '{percent(name)}/{all_of(value)}'",
    "colon in a path": lambda name, value: f"/x/{name}:{all_of(value)}/y",
    "colon in a path, encoded": lambda name, value: f"/x/{name}%3A{all_of(all_of(value))}?a=1",
    "colon in a message": lambda name, value: f"no such account: '{name}:{all_of(value)}', is there?",
    "colon in a quotation": lambda name, value: f"nothing keeps '{name}: {all_of(value)}' here",
    "braces": lambda name, value: f"{{{name}: {unquoted(value)}}}",
    "arrow": lambda name, value: f"array('{name}' => '{unquoted(value)}')",
    "braces, with others": lambda name, value: f'{{"a":1, b: 2, {name}: {unquoted(value)}, c: 3}}',
    "block in YAML": lambda name, value: f"a: 1\n{name}: |\n  {value}\n  {value}\n\n  {value}\nb: 2\n",
    "folded block in YAML": lambda name, value: f"a:\n  - {name}: >-2 # a\n      {value}\n    b: 2\n",
    "lines in YAML": lambda name, value: f"a:\r\n    {name}: a\r\n     {unquoted(value)}\r\n    b: 2",
    "quoted name in YAML": lambda name, value: f"a: 1\n'{name}': a {unquoted(value)}\nb: 2\n",
    "list in YAML": lambda name, value: f"{name}:\n- a\n- {json.dumps(value)}\nb: 2\n",
    "block of YAML in JSON": lambda name, value: json.dumps({"p": f"a: 1\n{name}: |\n        {value}\nb: 2\n"}),
    "block of YAML in a form": lambda name, value: urlencode({"a": 1, "p": f"{name}: |\n  {value}\n"}),
    "named value in YAML": lambda name, value: f"- name: {name}\n  value: {value}\n- b: 2\n",
    "named value in YAML, behind": lambda name, value: f"h:\n  - value: |\n      {value}\n    key: {name}\n",
    "named value in braces": lambda name, value: f"h: [{{name: {name}, value: {unquoted(value)}}}]",
    "named value in braces, behind": lambda name, value: f"{{value: {unquoted(value)}, key: {name}}}",
    "pair in brackets": lambda name, value: f"h: [[a, b], [{name}, {unquoted(value)}]]",
    "pair in spaced brackets": lambda name, value: f"[ {name} , {json.dumps(value)} ]",
    "tuple": lambda name, value: f"[('a', 'b'), ('{name}', '{unquoted(value)}')]",
    "tuple of bytes": lambda name, value: f"[(b'a', b'b'), (b'{name}', b'{unquoted(value)}')]",
    "field and value": lambda name, value: json.dumps({"errors": [{"field": name, "value": value}]}),
    "named value, upper": lambda name, value: json.dumps([{"NAME": name, "VALUE": value}]),
    "header line with a scheme": lambda name, value: f"a: 1\r\n{name}: Bearer a {value}\r\n",
    "folded header line": lambda name, value: f"a: 1\r\n{name}: a;\r\n {value}\r\nb: 2\r\n",
    "settings": lambda name, value: f"[a]\n{name} = a {unquoted(value)}\nb = 2\n",
    "settings, three quotes": lambda name, value: f'[a]\n{name} = """\n{value}\n"""\n',
    "element that is called so": lambda name, value: f'<a><param id="1" name="{name}">{value.replace("<", "")}</param></a>',
    "elements in an element": lambda name, value: f"<a><{name}><b><c>{value.replace('<', '')}</c></b></{name}></a>",
    "table": lambda name, value: table(",", name, value),
    "table with semicolons": lambda name, value: table(";", name, value),
    "table with tabs": lambda name, value: table("\t", name, value),
    "table with bars": lambda name, value: f"| a | {name} |\n| --- | --- |\n| 1 | {unquoted(value)} |\n",
    "table in a message": lambda name, value: f"no, the body has {table(';', name, value)!r}, which is not read",
    "table in JSON": lambda name, value: json.dumps({"csv": table(",", name, value)}),
    "option": lambda name, value: f"call --a 1 --{name} '{value.replace(chr(39), '')}' b",
    "braces, without spaces": lambda name, value: f"x: {{a:1,{name}:{all_of(value)}}}",
}
KNOWN_WHEN_CUT = [place for place in TEXTS if "behind" not in place and place not in ("table in JSON", "table in a message")]
"""Places in which a secret is known by what stands before it."""

LIKE = [
    f"sk_live_51H{TAIL}",
    f"rk_live_51H{TAIL}",
    f"sk_org_live_51H{TAIL}",
    f"sk_test_51H{TAIL}",
    f"rk_test_51H{TAIL}",
    f"whsec_51H{TAIL}",
    "0F1E2D3C4B5A69788796A5B4C3D2E1F0",
    "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEifQ.sUgTAILofITx",
    "eyJhbGciOiJkaXIifQ..sUgTAILofITx.cIpHer.tAg",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    f"ghp_16C7e42F292c6912E7{TAIL}",
    f"github_pat_16C7e42F292c6912E7{TAIL}",
    f"glpat-16C7e42F292c6912{TAIL}",
    f"xoxb-17653672481-{TAIL}",
    f"AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3{TAIL}",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{TAIL}\n-----END PGP PRIVATE KEY BLOCK-----",
]
