"""Our own rules: what notebooks hold and detect-secrets' plugins do not know, or know in part only."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from nbtrack.secrets import values


@dataclass(frozen=True)
class Rule:
    """One pattern and what it finds."""

    kind: str
    pattern: re.Pattern[str]
    """The secret is its group `value`, else all of the match; with a group `name`, that name decides the kind and whether there is a secret."""
    hints: tuple[str, ...] = ()
    """In small letters; every match holds one of them on its line. Without any, the pattern is looked for everywhere: it had better begin with a literal."""
    is_secret: Callable[[str], bool] = lambda _: True
    spans_lines: bool = False


def _has_digit_and_letter(text: str) -> bool:
    return any(letter.isdigit() for letter in text) and any(letter.isalpha() for letter in text)


def _is_token(text: str) -> bool:
    return not values.is_placeholder(text) and _has_digit_and_letter(text)


def _is_random(text: str) -> bool:
    return not values.is_placeholder(text) and values.looks_random(text)


def _is_key_body(text: str) -> bool:
    return len(re.findall(r"[A-Za-z0-9+/=]", text)) >= 16


def _is_url_password(text: str) -> bool:
    return not values.is_placeholder(text) and not text.isdigit()


_BEFORE, _AFTER = r"(?<![A-Za-z0-9_])", r"(?![A-Za-z0-9])"
_PREFIXES = (
    ("Hugging Face Token", "hf_", r"hf_[A-Za-z0-9]{30,}"),
    ("Hugging Face Token", "api_org_", r"api_org_[A-Za-z0-9]{30,}"),
    ("Anthropic API Key", "sk-ant-", r"sk-ant-[A-Za-z0-9_\-]{20,}"),
    ("OpenAI Token", "sk-", r"sk-(?!ant-)(?:[A-Za-z0-9]{20,}|[A-Za-z0-9_\-]{40,})"),
    ("GitHub Token", "github_pat_", r"github_pat_[A-Za-z0-9_]{36,}"),
    ("GitHub Token", "gh", r"gh[pousr]_[A-Za-z0-9]{36,}"),
    ("GitLab Token", "gl", r"gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas)-[A-Za-z0-9_\-.]{20,}"),
    ("Slack Token", "xox", r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9\-]{10,}"),
    ("Slack Token", "xapp-", r"xapp-\d-[A-Za-z0-9\-]{20,}"),
    ("Google API Key", "aiza", r"AIza[A-Za-z0-9_\-]{35}"),
    ("Google OAuth Token", "ya29.", r"ya29\.[A-Za-z0-9_\-.]{20,}"),
    ("Google OAuth Secret", "gocspx-", r"GOCSPX-[A-Za-z0-9_\-]{20,}"),
    ("Google OAuth Token", "1//0", r"1//0[A-Za-z0-9_\-]{30,}"),
    ("Azure Client Secret", "8q~", r"[A-Za-z0-9_~.\-]{3}8Q~[A-Za-z0-9_~.\-]{31,34}"),
    ("Databricks Token", "dapi", r"dapi[0-9a-f]{32}(?:-\d+)?"),
    ("Databricks Token", "dose", r"dose[0-9a-f]{32}"),
    ("Replicate Token", "r8_", r"r8_[A-Za-z0-9]{30,}"),
    ("Groq API Key", "gsk_", r"gsk_[A-Za-z0-9]{30,}"),
    ("NVIDIA API Key", "nvapi-", r"nvapi-[A-Za-z0-9_\-]{40,}"),
    ("xAI API Key", "xai-", r"xai-[A-Za-z0-9]{40,}"),
    ("Perplexity API Key", "pplx-", r"pplx-[A-Za-z0-9]{32,}"),
    ("Pinecone API Key", "pcsk_", r"pcsk_[A-Za-z0-9_]{40,}"),
    ("LangSmith API Key", "lsv2_", r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{8,}"),
    ("Tavily API Key", "tvly-", r"tvly-[A-Za-z0-9\-]{20,}"),
    ("Vault Token", "hvs.", r"hv[sb]\.[A-Za-z0-9_\-]{24,}"),
    ("Docker Token", "dckr_", r"dckr_(?:pat|oat)_[A-Za-z0-9_\-]{20,}"),
    ("Grafana Token", "gl", r"gl(?:sa|c)_[A-Za-z0-9+/=_]{32,}"),
    ("DigitalOcean Token", "_v1_", r"do[opr]_v1_[0-9a-f]{64}"),
    ("npm Token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    ("Stripe Access Key", "k_", r"[rs]k_(?:live|test)_[A-Za-z0-9]{20,}"),
    ("Stripe Access Key", "whsec_", r"whsec_[A-Za-z0-9+/=]{24,}"),
    ("Shopify Token", "shp", r"shp(?:at|ss|ca|pa)_[a-fA-F0-9]{32}"),
    ("Mapbox Token", "sk.eyj", r"sk\.eyJ[A-Za-z0-9_\-]{20,}\.[A-Za-z0-9_\-]+"),
    ("Postman API Key", "pmak-", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    ("Linear API Key", "lin_api_", r"lin_api_[A-Za-z0-9]{32,}"),
    ("Notion Token", "ntn_", r"ntn_[A-Za-z0-9]{40,}"),
    ("Airtable Token", "pat", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    ("Dynatrace Token", "dt0c01.", r"dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    ("New Relic Key", "nrak-", r"NRAK-[A-Z0-9]{27}"),
    ("age Secret Key", "age-secret-key-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    ("AWS Access Key", "akia", r"AKIA[0-9A-Z]{16}"),
    ("AWS Access Key", "asia", r"ASIA[0-9A-Z]{16}"),
    ("JSON Web Token", "eyj", r"eyJ[A-Za-z0-9_\-]{8,}\.eyJ[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*){1,3}"),
)  # fmt: skip

_QUOTED = r"""(?:[rRbBuUfF]{0,2})(?P<quote>\\?["']{3}|\\?["'])(?P<value>(?:(?!(?P=quote))(?:[^\n\\]|\\[^\n])){3,1000}?)(?P=quote)"""
_NAME = r"""(?<![\w.])(?:[\w.]+[.\[]["']?)?(?P<name>[A-Za-z_][\w\-]{0,80})"""
_SAYS = ("pass", "pwd", "secret", "token", "key", "credential", "kennwort", "_pat", "_pw", "_pin", "_otp")
_LINE = r"[A-Za-z0-9+/=]"


def _is_no_placeholder(text: str) -> bool:
    return not values.is_placeholder(text)


def _is_no_code(text: str) -> bool:
    return not values.is_code(text) and not text.startswith("-")


def _is_of_environment(text: str) -> bool:
    """In `NAME=value`: no reference to another name of a program."""
    return not values.is_code(text) and (not text.isidentifier() or (_has_digit_and_letter(text) and text.islower()))


_KEY = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
_OF_KEY = ("private key",)
_IN_QUERY = r"(?:x-amz-|x-goog-)?(?:api[_-]?key|(?:access[_-]?|auth[_-]?)?token|auth|sig|signature|credential|security-token|key|secret|password|pwd)"
_IN_CONNECTION = r"(?:(?:user )?password|pwd|accountkey|sharedaccesskey|sharedaccesssignature)"
_OF_COMMAND = r"(?:password|passwd|pass|pwd|token|api-key|api-token|secret|client-secret|access-key|secret-key)"
_EQUALS = r"""(?:\\?["'])?\s*\]?\s*(?::\s*[A-Za-z_][\w.\[\]| ]{0,40}?\s*=|!=|==|:=|=>|=|:(?!:))\s*"""
_WORD = r"""[^\s"'`,;)(\]\[}{<>|\\]"""

RULES: tuple[Rule, ...] = (
    Rule("Private Key", re.compile(rf"{_KEY}(?P<value>(?:(?!-----)(?:[\w\s+/=:,.\-()@]|\\+[nr])){{16,20000}}+)-----END"), _OF_KEY, _is_key_body, True),
    Rule("Private Key", re.compile(rf"{_KEY}(?P<value>(?:(?:\s|\\+[nr])*+{_LINE}{{40,}}+)++)"), _OF_KEY, spans_lines=True),
    Rule(
        "Private Key",
        re.compile(rf"(?<![A-Za-z0-9+/=])(?P<value>(?:{_LINE}{{40,}}+\s++){{1,80}}+{_LINE}*+)\s*-----END [A-Z0-9 ]*PRIVATE KEY"),
        _OF_KEY,
        spans_lines=True,
    ),
    *(Rule(kind, re.compile(_BEFORE + pattern + _AFTER), (hint,), _is_token) for kind, hint, pattern in _PREFIXES),
    Rule(
        "AWS Secret Key",
        re.compile(r"""(?i:aws|secret)[\w\-]{0,20}(?i:key|token)["']?\s*\]?\s*[:=,]\s*["']?(?P<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"""),
        ("secret", "aws"),
        _has_digit_and_letter,
    ),
    Rule("AWS Session Token", re.compile(r"""(?i:session_?token)["']?\s*\]?\s*[:=,]\s*["']?(?P<value>[A-Za-z0-9/+=]{100,})"""), ("session",)),
    Rule("Basic Auth Credentials", re.compile(r"""://[^\s:/@"'<>`]{0,100}:(?P<value>[^\s/@"'<>`{}]{1,200})@(?=[\w\[])"""), ("://",), _is_url_password),
    Rule("Basic Auth Credentials", re.compile(r"""://(?P<value>[^\s:/@"'<>`{}]{16,200})@(?=[\w\[])"""), ("://",), _is_random),
    Rule("URL Token", re.compile(rf"""[?&](?i:{_IN_QUERY})=(?P<value>[^&\s"'#<>`{{}}\\]{{8,}})"""), ("?", "&"), _is_random),
    Rule(
        "Connection String",
        re.compile(rf"""["';]\s*(?i:{_IN_CONNECTION})\s*=\s*(?P<value>[^;"'{{}}\n]{{3,}})(?=[;"'])"""),
        ("password", "pwd", "sharedaccess", "accountkey"),
        _is_no_placeholder,
    ),
    Rule("Authorization Header", re.compile(r"""\b(?i:bearer)\s+(?P<value>[A-Za-z0-9._~+/=\-]{16,})"""), ("bearer",), _is_random),
    Rule(
        "Authorization Header",
        re.compile(r"""(?i:authorization)["']?\]?\s*[:=,]\s*["']?(?i:basic|token|apikey|key|splunk|ssws)\s+(?P<value>[A-Za-z0-9._~+/=\-]{8,})"""),
        ("authorization",),
        _is_random,
    ),
    Rule("Weights & Biases Key", re.compile(r"""wandb(?:\.login\(|\s+login\s+)[^\n"']{0,60}["']?(?P<value>[0-9a-f]{40})(?![0-9a-f])"""), ("wandb",)),
    Rule(
        "Kaggle Key",
        re.compile(r"""\\?["']username\\?["']\s*:\s*\\?["'][^"'\\]+\\?["']\s*,\s*\\?["']key\\?["']\s*:\s*\\?["'](?P<value>[0-9a-f]{32})"""),
        ("username",),
    ),
    Rule(values.PASSWORD, re.compile(_NAME + _EQUALS + _QUOTED), _SAYS),
    Rule(values.PASSWORD, re.compile(r"""\\?["'](?P<name>[A-Za-z_][\w.\-]{0,80})\\?["']\s*,\s*""" + _QUOTED), _SAYS, lambda text: not text.isalpha()),
    Rule(
        values.PASSWORD,
        re.compile(r"""(?:^|[\s;&|"'!(+\-])(?P<name>[A-Z][A-Z0-9_]{1,60})=(?P<value>[^\s"'`;&|)<>$({\[\\][^\s"'`;&|)\\]*)""", re.MULTILINE),
        _SAYS,
        _is_of_environment,
    ),
    Rule(values.PASSWORD, re.compile(r"""%(?:set_)?env\s+(?P<name>\w+)[ \t=]+(?P<value>[^\s$]\S*)"""), ("env",)),
    Rule(values.PASSWORD, re.compile(rf"""--(?P<name>(?i:{_OF_COMMAND}))[= ]+["']?(?P<value>[^\s"'`$<{{\\][^\s"'`\\]{{2,}})"""), ("--",), _is_no_code),
    Rule(
        values.PASSWORD,
        re.compile(rf"""(?<![\w.])(?P<name>[A-Za-z_][\w\-]{{0,80}})["']?[ \t]*[:=][ \t]*(?P<value>(?![$=]){_WORD}{{6,}})(?![(\[])"""),
        _SAYS,
        lambda text: _has_digit_and_letter(text) and not values.is_code(text),
    ),
)
"""The specific ones first: where two find the same, the first names the kind."""
CERTAIN = frozenset({"Private Key", *(kind for kind, _, _ in _PREFIXES)})
"""Kinds that tell themselves by their letters, in whatever they stand."""
