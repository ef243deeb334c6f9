"""What a name says about its value, and what a value's letters say about itself. No imports, so that a kernel may ask."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

from nbtrack.patterns import regex

MASK = "***"
PASSWORD, CREDENTIAL = "Password", "Credential"
"""Kinds. The value of a password's name is one whatever it looks like; that of another secret's name must look like one."""

_HUMP = regex(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORDS = regex(r"[^a-z\d]+")
_PASSWORD_WORDS = {"password", "passwd", "passphrase", "passcode", "pwd", "passwort", "kennwort", "pgpassword", "dbpassword", "userpassword"}
_SECRET_WORDS = {"secret", "secrets", "credential", "credentials", "apikey", "apitoken", "authtoken", "accesstoken", "accesskey", "secretkey", "clientsecret"}
_KEYS_OF = {
    "access", "account", "admin", "api", "app", "application", "auth", "client", "cipher", "crypt", "decryption", "deploy", "encryption", "fernet", "hmac",
    "license", "master", "private", "secret", "server", "service", "session", "shared", "signing", "ssh", "storage", "subscription",
}  # fmt: skip
_TOKENS_OF = {
    "access", "api", "app", "auth", "authentication", "authorization", "azure", "bearer", "bot", "csrf", "databricks", "deploy", "discord", "github", "gitlab",
    "hf", "hub", "hugging", "huggingface", "face", "id", "identity", "jwt", "jupyter", "kaggle", "login", "neptune", "oauth", "openai", "personal", "pat",
    "refresh", "replicate", "sas", "secret", "security", "service", "session", "slack", "telegram", "user", "vault", "verification", "wandb", "x", "xsrf",
}  # fmt: skip
_ABOUT = {
    "algorithm", "arn", "class", "col", "column", "columns", "count", "digest", "enabled", "env", "environment", "exists", "expiration", "expires", "expiry",
    "field", "file", "filename", "form", "format", "func", "group", "hint", "input", "is", "kind", "label", "len", "length", "limit", "location",
    "manager", "max", "min", "mode", "name", "names", "param", "path", "pattern", "policy", "prefix", "prompt", "provider", "regex", "required",
    "reset", "rotation", "scope", "size", "store", "strength", "ttl", "type", "types", "uri", "url", "usage", "user", "username", "var", "variable",
    "version", "widget",
}  # fmt: skip
"""Words that, behind a secret's word, tell of something about it: `password_field`, `token_url`."""

_PLACEHOLDER = regex(
    r"[*xX.•_\-#?0 ]+|(?:none|null|nil|true|false|undefined|nan|n/a|na|empty|masked|hidden|redacted|removed|secret|password|passwd|pass|pwd|pw|token"
    r"|apikey|api_key|string|str|text|test|testing|optional|required)[.!?:]?|[\[<{(].*[\]>})]|\$[\w{(].*|%\(?\w.*|.*\{[\w.!:\[\]'\"]*\}.*|.*(?:\*{3}|\.{3}|…).*"
    r"|(?:enter|insert|your|my|the|add|put|paste|use|replace|fill|change|type|set|some|example|sample|dummy|fake|mock|placeholder|todo|fixme|process\.env|os\.environ|os\.getenv|env)"
    r"(?:[\s_\-.<\[({].*|)",
    re.IGNORECASE | re.DOTALL,
)
_REFERENCE = regex(
    r"(?:[A-Za-z][\w+.\-]*://[^\s@]*|~?\.{0,2}/[\w./\-]*|[A-Za-z]:\\.*|[\w\-./]+\.(?:py|json|ya?ml|toml|txt|csv|pem|key|env|ini|cfg|html?|js|ipynb|md|com|org|io|net))",
    re.DOTALL,
)
_WORDLIKE = regex(r"(?:[A-Z]?[a-z]+|[A-Z]+|[A-Z][a-z]+(?:[A-Z][a-z]+)*|[a-z]+(?:[A-Z][a-z]+)*)\d{0,3}|v?\d{1,4}")
_PARTS = regex(r"[\s_\-./:,;@#|+]+")
_CODE = regex(r"[A-Za-z_][\w.]*[(\[].*|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|self\..*", re.DOTALL)


def kind_of_name(name: str) -> str:
    """Which kind of secret a variable, param or key of this name holds; empty where none."""
    words = [word for word in _WORDS.split(_HUMP.sub("_", name).lower()) if word]
    if not words or words[-1] in _ABOUT or words[0] in ("no", "num", "max", "min", "len", "has", "is", "use", "show", "with"):
        return ""
    last = words[-1].rstrip("0123456789") or words[-1]
    if _PASSWORD_WORDS.intersection(words):
        return PASSWORD
    if _SECRET_WORDS.intersection(words):
        return CREDENTIAL
    before = words[-2] if len(words) > 1 else ""
    if last in ("key", "keys") and before in _KEYS_OF:
        return CREDENTIAL
    if last == "id" and words[-3:-1] == ["access", "key"]:
        return CREDENTIAL
    if last == "token" and (not before or before in _TOKENS_OF):
        return CREDENTIAL
    if last in ("pat", "pw", "pin", "otp") and before in ("admin", "azure", "db", "devops", "github", "gitlab", "root", "user"):
        return PASSWORD
    return ""


def is_secret_value(kind: str, value: str) -> bool:
    """Whether this value of a name of that kind is to be hidden: a password unless it only stands for one, another secret if it looks like one."""
    text = value.strip().strip("\"'`")
    if len(text) < 3 or _PLACEHOLDER.fullmatch(text):
        return False
    return kind == PASSWORD or looks_random(text)


def conceal(name: str, value: str) -> str:
    """The value of a param or tag as it may be shown: `***` where its name says that it is a secret."""
    kind = kind_of_name(name)
    return MASK if kind and is_secret_value(kind, value) else value


def is_placeholder(text: str) -> bool:
    """Whether the text only stands where a secret belongs: `<token>`, `$TOKEN`, `your-key-here`, `***`."""
    return _PLACEHOLDER.fullmatch(text) is not None


def is_code(text: str) -> bool:
    """Whether the text is a call, a subscript or an attribute rather than a value."""
    return _CODE.fullmatch(text) is not None


def looks_random(text: str) -> bool:
    """Whether the text looks like a credential, its name being that of one: no prose, path, URL, number, or words with dashes."""
    if len(text) < 8 or "\\u" in text or any(letter.isspace() for letter in text) or _REFERENCE.fullmatch(text):
        return False
    if text.replace(".", "").replace("-", "").replace("_", "").replace(":", "").isdigit():
        return False
    return not all(_WORDLIKE.fullmatch(part) for part in _PARTS.split(text) if part)


def is_high_entropy(text: str) -> bool:
    """Whether the text alone tells that it is a key: long, all sorts of letters in no order, and no digest, identifier or path.

    Between two letters or digits, a random text changes from small to capital to digit at six of ten places; `Llama-4-Maverick-17B-128E-Instruct` at two.
    """
    if not 24 <= len(text) <= 256:
        return False
    sorts = [0 if letter.islower() else 1 if letter.isupper() else 2 if letter.isdigit() else 3 for letter in text]
    counts = Counter(sorts)
    if min(counts[0], counts[1], counts[2]) < 2 or counts[3] > len(text) // 6:
        return False
    pairs = [(one, other) for one, other in itertools.pairwise(sorts) if 3 not in (one, other)]
    return sum(one != other for one, other in pairs) >= 0.42 * len(pairs) and entropy(text) >= min(4.3, 0.86 * math.log2(len(text)))


def entropy(text: str) -> float:
    """Shannon's entropy in bits a letter."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())
