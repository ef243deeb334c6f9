"""Memorable names. (The library for it takes 44 ms to import, more than a first tracked cell may cost.)"""

from __future__ import annotations

import secrets

_HOW = "able amber bold brave bright brisk calm clear clever cosy crisp deft eager early fair fleet fresh gentle glad golden happy hardy keen kind light lively loyal lucky mellow merry mild neat noble patient plain proud quick quiet ready rosy sharp shy silver sleek smooth snug steady still sunny swift tidy true vivid warm wise witty young"  # noqa: E501
_WHO = "ant badger bear beaver bee bison carp cat crab crane crow deer dove duck eagle eel elk falcon ferret finch fox frog goose gull hare hawk heron horse ibis jay kite koala lark lion lynx magpie marten mole moose moth mouse newt otter owl panda perch pike plover puffin quail raven robin salmon seal shrew sparrow squid stork swan tern thrush tiger toad trout turtle vole whale wolf wren yak"  # noqa: E501


def memorable_name() -> str:
    """Two words and two digits, such as `calm-otter-42`."""
    return f"{secrets.choice(_HOW.split())}-{secrets.choice(_WHO.split())}-{secrets.randbelow(90) + 10}"
