"""The door to detect-secrets: its plugins' patterns as rules. Importing it costs a quarter of a second, so a kernel's foreground does not.

Left out are what is no secret (public IP addresses), its keyword and entropy plugins, which our own rules do for notebooks, and Artifactory's
passwords, whose pattern any word that begins with AP fits, and JSON Web Tokens, whose pattern leaves the signature and takes minutes for a long
run of letters. The plugins' `verify`, which asks the services, is never called.
"""

from __future__ import annotations

import importlib
import re
from functools import cache

from nbtrack.secrets import values
from nbtrack.secrets.rules import Rule

_TABLE: tuple[tuple[str, str, str, tuple[str, ...], bool], ...] = (
    ("artifactory", "ArtifactoryDetector", "Artifactory Credentials", ("akc",), False),
    ("aws", "AWSKeyDetector", "AWS Access Key", ("akia", "asia", "abia", "acca", "a3t", "aws"), True),
    ("azure_storage_key", "AzureStorageKeyDetector", "Azure Storage Account access key", ("accountkey=",), False),
    ("basic_auth", "BasicAuthDetector", "Basic Auth Credentials", ("://",), True),
    ("cloudant", "CloudantDetector", "Cloudant Credentials", ("cloudant",), True),
    ("discord", "DiscordBotTokenDetector", "Discord Bot Token", (), False),
    ("github_token", "GitHubTokenDetector", "GitHub Token", ("gh",), False),
    ("gitlab_token", "GitLabTokenDetector", "GitLab Token", ("gl", "gr1348941"), False),
    ("ibm_cloud_iam", "IbmCloudIamDetector", "IBM Cloud IAM Key", ("ibm", "iam"), True),
    ("ibm_cos_hmac", "IbmCosHmacDetector", "IBM COS HMAC Credentials", ("secret",), True),
    ("mailchimp", "MailchimpDetector", "Mailchimp Access Key", ("-us",), False),
    ("npm", "NpmDetector", "NPM tokens", ("_authtoken",), True),
    ("openai", "OpenAIDetector", "OpenAI Token", ("t3blbkfj",), False),
    ("pypi_token", "PypiTokenDetector", "PyPI Token", ("pypi-",), False),
    ("sendgrid", "SendGridDetector", "SendGrid API Key", ("sg.",), False),
    ("slack", "SlackDetector", "Slack Token", ("xox", "hooks.slack.com"), False),
    ("softlayer", "SoftlayerDetector", "SoftLayer Credentials", ("softlayer", "sl_", "sl-"), True),
    ("square_oauth", "SquareOAuthDetector", "Square OAuth Secret", ("sq0csp-",), False),
    ("stripe", "StripeDetector", "Stripe Access Key", ("k_live_",), False),
    (
        "telegram_token",
        "TelegramBotTokenDetector",
        "Telegram Bot Token",
        (":aa",),
        False,
    ),  # what Telegram gives out begins so; without it every clock in a log is looked at
    ("twilio", "TwilioKeyDetector", "Twilio API Key", (), False),
)
"""Module, class, its `secret_type`, hints as `Rule` has them, and whether a group of the pattern is the secret rather than all of it."""
KINDS = tuple(kind for _, _, kind, _, _ in _TABLE)


@cache
def plugin_rules() -> tuple[Rule, ...]:
    """A rule for each pattern of each plugin."""
    found = []
    for module, name, kind, hints, is_group in _TABLE:
        plugin = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)
        patterns = list(plugin.denylist)[:1] if module == "artifactory" else list(plugin.denylist)
        found += [Rule(kind, _grouped(pattern, is_group), hints, _is_no_placeholder) for pattern in patterns]
    return tuple(found)


def _is_no_placeholder(text: str) -> bool:
    return not values.is_placeholder(text)


def _grouped(pattern: re.Pattern[str], is_group: bool) -> re.Pattern[str]:
    """The pattern with its last group named `value`, where that is the secret."""
    at = _last_group(pattern.pattern) if is_group else -1
    if at < 0:
        return pattern
    return re.compile(f"{pattern.pattern[:at]}(?P<value>{pattern.pattern[at + 1 :]}", pattern.flags)


def _last_group(source: str) -> int:
    """Where the last capturing group opens; -1 where there is none."""
    in_class, at, found = False, 0, -1
    while at < len(source):
        if source[at] == "\\":
            at += 1
        elif source[at] == "[" and not in_class:
            in_class = True
        elif source[at] == "]" and in_class:
            in_class = False
        elif source[at] == "(" and not in_class and source[at + 1 : at + 2] != "?":
            found = at
        at += 1
    return found
