"""The house rules as data: who may import whom, and what each room may use."""

PLAIN = frozenset(
    {
        "collections.abc",
        "collections.defaultdict",
        "dataclasses",
        "enum",
        "functools",
        "itertools",
        "typing",
    }
)
"""Standard library without a clock, chance, I/O or an environment: any room may use it."""

ROOMS: dict[str, frozenset[str]] = {
    "functions": frozenset(
        {
            "answers",
            "batching",
            "chance",
            "contracts",
            "domain",
            "flows",
            "receipts",
            "serving",
            "telemetry",
            "wiring",
        }
    ),
    "answers": frozenset(
        {"chance", "contracts", "domain", "flows", "serving", "telemetry", "wiring"}
    ),
    "receipts": frozenset({"chance", "domain", "flows", "steps", "telemetry"}),
    "serving": frozenset({"contracts", "domain", "telemetry"}),
    "batching": frozenset({"domain", "telemetry"}),
    "telemetry": frozenset(),
    "chance": frozenset(),
    "settings": frozenset(),
    "wiring": frozenset({"adapters", "settings", "wiring"}),
    "adapters": frozenset({"adapters", "contracts", "domain"}),
    "contracts": frozenset({"contracts", "domain"}),
    "flows": frozenset({"domain", "steps"}),
    "steps": frozenset({"domain"}),
    "domain": frozenset({"domain"}),
}
"""Room -> rooms it may import. A flow is not in its own list: no flow imports a flow, and no step a
step."""

OUTSIDE: dict[str, frozenset[str]] = {
    "functions": frozenset(),
    "answers": frozenset(),
    "receipts": frozenset(),
    "serving": frozenset({"time"}),
    "batching": frozenset(),
    "telemetry": frozenset({"aws_lambda_powertools", "re", "secrets"}),
    "chance": frozenset({"random", "secrets", "time"}),
    "settings": frozenset({"os"}),
    "wiring": frozenset({"botocore", "socket.IPPROTO_TCP", "socket.TCP_NODELAY"}),
    "adapters": frozenset(
        {
            "base64",
            "binascii",
            "botocore",
            "concurrent.futures",
            "cryptography",
            "csv",
            "datetime",
            "decimal",
            "hashlib.md5",
            "hashlib.sha1",
            "heapq",
            "hmac",
            "http.client.HTTPException",
            "http.client.HTTPSConnection",
            "importlib.import_module",
            "io.BytesIO",
            "io.TextIOWrapper",
            "ipaddress",
            "math.inf",
            "msgspec",
            "openpyxl",
            "pathlib.Path",
            "re",
            "secrets.token_hex",
            "socket.SOCK_STREAM",
            "socket.create_connection",
            "socket.getaddrinfo",
            "sqlite3",
            "ssl",
            "tempfile",
            "time",
            "urllib.parse",
            "zipfile",
            "zlib",
        }
    ),
    "contracts": frozenset({"base64", "binascii", "msgspec", "urllib.parse.unquote_plus"}),
    "flows": frozenset({"hashlib", "hmac", "re"}),
    "steps": frozenset(),
    "domain": frozenset(
        {
            "base64.urlsafe_b64decode",
            "base64.urlsafe_b64encode",
            "bisect.bisect_left",
            "calendar.monthrange",
            "calendar.timegm",
            "codecs",
            "collections.Counter",
            "csv",
            "hashlib",
            "hmac",
            "io.StringIO",
            "ipaddress.ip_address",
            "json.dumps",
            "json.loads",
            "math.log2",
            "re",
        }
    ),
}
"""Room -> what it may import from outside beyond PLAIN."""

DOMAIN_EDGES: dict[str, frozenset[str]] = {
    "advanced": frozenset({"attempt", "gate", "line", "route"}),
    "attempt": frozenset({"code", "supplier_terms"}),
    "batch_record": frozenset({"chunk_range", "directory", "stock"}),
    "bill": frozenset({"money"}),
    "blind_index": frozenset({"code"}),
    "callback": frozenset({"notice", "order_access"}),
    "callback_failure": frozenset({"failure"}),
    "catalogue": frozenset(
        {"form", "goods", "money", "recipe", "route", "stock_warning", "synced_level"}
    ),
    "charge": frozenset({"goods", "money"}),
    "chase": frozenset({"payment"}),
    "chunk_range": frozenset({"stock"}),
    "code_file": frozenset({"code_rows", "errors"}),
    "code_request": frozenset({"code", "code_rows", "errors"}),
    "code_rows": frozenset({"code", "errors"}),
    "directory": frozenset({"chunk_range", "stock"}),
    "dispute": frozenset({"money", "payment"}),
    "errors": frozenset({"callback_failure", "failure"}),
    "evidence": frozenset({"day", "order"}),
    "export": frozenset({"errors", "order_access", "stock"}),
    "file_survey": frozenset({"code", "code_file", "code_rows", "errors"}),
    "form": frozenset({"errors"}),
    "gate": frozenset({"supplier_terms"}),
    "generated_key": frozenset({"errors", "key_pattern", "licence", "order_access", "recipe"}),
    "import_job": frozenset(
        {"blind_index", "chunk_range", "code", "code_file", "code_rows", "errors", "stock"}
    ),
    "key_pattern": frozenset({"order_access"}),
    "let_go": frozenset({"line", "order"}),
    "line": frozenset({"goods", "money", "stock"}),
    "mail": frozenset({"code", "day", "line", "money", "order", "stock_warning"}),
    "masking": frozenset({"code"}),
    "merchant": frozenset({"outcome", "reveal_watch"}),
    "money_event": frozenset({"dispute", "line", "money", "order", "outcome", "refund"}),
    "money_mail": frozenset({"mail", "money", "money_event", "outcome"}),
    "notice": frozenset({"dispute", "payment", "refund"}),
    "offer": frozenset({"chunk_range", "directory", "stock"}),
    "order": frozenset({"dispute", "errors", "line", "money", "outcome", "payment", "refund"}),
    "outcome": frozenset({"payment"}),
    "owed": frozenset({"dispute", "order", "outcome", "payment", "refund"}),
    "payment": frozenset({"money"}),
    "payment_case": frozenset({"order", "outcome", "payment"}),
    "recipe": frozenset({"errors", "key_pattern"}),
    "refund": frozenset({"money", "payment"}),
    "refund_wish": frozenset({"errors", "line", "order"}),
    "route": frozenset({"errors", "goods", "money"}),
    "resale_news": frozenset({"order", "owed", "resale"}),
    "resale_refusals": frozenset({"failure"}),
    "resale": frozenset({"line", "order", "payment", "refund", "reseller"}),
    "reseller": frozenset({"money", "resale_refusals"}),
    "routing": frozenset({"charge", "money", "route", "standing", "supplier_terms"}),
    "scorecard": frozenset({"supplier_terms"}),
    "shredding": frozenset({"directory", "stock"}),
    "standing": frozenset({"charge", "money", "scorecard", "supplier_terms"}),
    "stock_level": frozenset({"day"}),
    "stock_warning": frozenset({"day", "stock_level"}),
    "supplier_terms": frozenset({"goods"}),
    "supplier_mail": frozenset({"mail", "money", "route", "supplier_warning"}),
    "supplier_warning": frozenset({"catalogue", "money", "route", "standing"}),
    "synced_level": frozenset({"errors"}),
    "top_up": frozenset(
        {
            "attempt",
            "charge",
            "errors",
            "gate",
            "goods",
            "line",
            "order",
            "order_access",
            "route",
            "supplier_terms",
        }
    ),
    "watermark": frozenset({"code"}),
}
"""Who knows whom: an order holds where its goods are claimed and what paid for it, a
directory lists chunks, a product holds the recipe of its keys, Crockford's symbols are those of
order ids. Nothing else, and no ring."""
