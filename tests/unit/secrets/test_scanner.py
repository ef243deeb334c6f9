"""What is taken for a secret, and what is left when it is struck out."""

from __future__ import annotations

import importlib.util
import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrack.secrets import plugins, values
from nbtrack.secrets.allowed import Allowed, hash_of, slug
from nbtrack.secrets.rules import RULES
from nbtrack.secrets.scanner import Scanner, kinds, suspects

_SPEC = importlib.util.spec_from_file_location("secrets_corpus", Path(__file__).with_name("corpus.py"))
corpus = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(corpus)

SCANNER = Scanner()


def leaks(text: str, secret: str) -> bool:
    """Whether twelve letters in a row of the secret are still there."""
    return any(secret[at : at + 12] in text for at in range(max(1, len(secret) - 11)))


def test_every_secret_of_the_corpus_is_found_and_struck_out_whole():
    missed = [text for text, secret in corpus.SECRETS if not SCANNER.find(text) or leaks(SCANNER.mask(text)[0], secret)]
    assert (len(corpus.SECRETS) > 400, missed) == (True, [])


def test_nothing_innocent_of_the_corpus_is_taken_for_a_secret():
    alarms = [text for text in corpus.INNOCENTS if SCANNER.find(text)]
    assert (len(corpus.INNOCENTS) > 190, alarms) == (True, [])


def test_the_innocents_are_innocent_together_and_in_small_letters_of_other_scripts():
    assert SCANNER.find("\n".join(corpus.INNOCENTS)) == []
    assert [it.kind for it in SCANNER.find('İİİİİİ İİ\npassword = "' + "hunter2" + '"')] == ["Password"]


def test_our_rules_alone_find_most():
    ours = Scanner(with_plugins=False)
    missed = [text for text, secret in corpus.SECRETS if leaks(ours.mask(text)[0], secret)]
    assert len(missed) < 0.05 * len(corpus.SECRETS)


def test_many_short_texts_are_looked_through_at_once():
    ours = Scanner(with_plugins=False)
    texts = [text for text, _ in corpus.SECRETS] + corpus.INNOCENTS
    passed = [text for text in texts if text not in suspects(texts)]
    assert [text for text in passed if ours.find(text)] == []
    assert len(passed) > 40
    assert all(rule.hints for rule in RULES)


_PIECES = (
    st.sampled_from([text for text, _ in corpus.SECRETS] + corpus.INNOCENTS)
    | st.text(max_size=40)
    | st.sampled_from(["\n", " ", "***", '"', "'", "\\n", "=", "://", "@"])
)


@given(st.lists(_PIECES, max_size=8).map("\n".join) | st.lists(_PIECES, max_size=4).map("".join))
@settings(max_examples=300, deadline=None)
def test_masking_is_idempotent_keeps_lines_and_leaves_no_found_secret(text):
    masked, found = SCANNER.mask(text)
    assert masked.count("\n") == text.count("\n")
    assert SCANNER.find(masked) == []
    assert SCANNER.mask(masked) == (masked, [])
    if not found:
        assert masked == text
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    for it in found:
        assert it.line == text.count("\n", 0, it.start) + 1
        secret = text[it.start : it.end]
        assert len(secret) < 12 or "\n" in secret or secret not in masked


def test_a_secret_is_struck_out_wherever_the_text_repeats_it():
    masked, _ = SCANNER.mask('pw = "x"\ndb_password = "' + "hunter22" + '"\nprint("got hunter22 here, not hunter221")')
    assert masked.endswith('"***"\nprint("got *** here, not hunter221")')


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("password", "Password"), ("DB_PASSWORD", "Password"), ("userPassword", "Password"), ("api_key", "Credential"), ("apiKey", "Credential"), ("token", "Credential"),
        ("hf_token", "Credential"), ("pad_token", ""), ("max_tokens", ""), ("n_tokens", ""), ("key", ""), ("sort_key", ""), ("primary_key", ""), ("password_field", ""), ("token_url", ""),
        ("lr", ""), ("keyboard", ""), ("passes", ""), ("compass", ""), ("tokenizer", ""), ("secretary", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_name_says_whether_it_holds_a_secret(name, kind):
    assert values.kind_of_name(name) == kind


def test_a_value_whose_name_is_a_secrets_is_concealed_unless_it_stands_for_one():
    assert values.conceal("password", "hunter2") == "***"
    assert values.conceal("password", "1234") == "***"
    assert [values.conceal("password", it) for it in ("", "None", "<password>", "***")] == ["", "None", "<password>", "***"]
    assert values.conceal("token", "hello") == "hello"
    assert values.conceal("lr", "0.1") == "0.1"
    assert SCANNER.mask_value("password", "hunter2")[0] == "***"


def test_what_the_user_allowed_passes():
    text = 'password = "' + "hunter2" + '"'
    assert Scanner(Allowed(kinds=frozenset({"password"}))).find(text) == []
    assert Scanner(Allowed(hashes=frozenset({hash_of("hunter2")}))).find(text) == []
    assert Scanner(Allowed(hashes=frozenset({hash_of("hunter3")}))).find(text) != []
    assert SCANNER.find(text + "  # pragma: allowlist secret") == []
    assert [it.line for it in SCANNER.find("# pragma: allowlist nextline secret\n" + text + "\n" + text)] == [3]


def test_a_plugins_kind_is_what_detect_secrets_calls_it():
    for module, name, kind, _, _ in plugins._TABLE:
        plugin = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)
        assert plugin.secret_type == kind
    assert {slug(kind) for kind in plugins.KINDS} <= set(kinds())


def test_a_line_of_a_megabyte_takes_no_longer_than_many_lines():
    blob = "".join(corpus.some(1000) for _ in range(300))
    found = SCANNER.find('{"font": "' + blob + '", "private key": 1, "password": "' + "hunter2" + '", "x": "' + blob + '"}')
    assert [it.kind for it in found] == ["Password"]


@pytest.mark.parametrize(
    "text",
    [
        "eyJ" * 100_000, "-----BEGIN PRIVATE KEY-----" * 10_000, ("A" * 64 + "\n") * 8_000 + "private key", "-----BEGIN PRIVATE KEY-----" + ("A" * 63 + "\n") * 8_000, "sk-" * 100_000,
        'password="' + "\\a" * 200_000, 'password="' * 40_000, "token." * 80_000, "://a:" * 100_000, "&token=" * 60_000, "password" + " " * 500_000 + "=", "//" * 200_000 + "_authToken",
    ],
    ids=lambda text: text[:16].strip(),
)  # fmt: skip
def test_a_text_made_to_be_slow_is_looked_through(text):
    masked, _ = SCANNER.mask(text)
    assert masked.count("\n") == text.count("\n")


def test_what_a_kernel_imports_loads_neither_patterns_nor_detect_secrets():
    script = "import sys, nbtrack.secrets.values, nbtrack.secrets.policy; print([name for name in sys.modules if 'detect_secrets' in name or name == 'nbtrack.secrets.rules'])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == "[]"
