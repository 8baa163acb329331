"""Stems of content words: what a text should not say again at once.

English Snowball stemmer (Porter 2001) of the package snowballstemmer.
"""

from __future__ import annotations

from functools import lru_cache

# Function words may be repeated: articles, pronouns, prepositions, conjunctions, auxiliaries, common adverbs.
FUNCTION_WORDS = frozenset(
    """a an the this that these those my your his her its our their mine yours hers ours theirs i you he she it we they
    me him us them myself yourself himself herself itself ourselves yourselves themselves who whom whose which what
    one ones someone something anything everything nothing nobody everyone anyone some any each every all both few more
    most many much other another such no not nor and or but so if then than as because while although though until
    about above across after against along among around at before behind below beneath beside between beyond by down
    during for from in inside into near of off on onto out outside over past since through to toward towards under up
    upon with within without is are was were be been being am do does did doing done have has had having can could will
    would shall should may might must ought let there here where when why how now just only very too also again even
    ever never still yet already once well quite rather own same like get got go going gone went come came say said
    oh um uh yes okay s t d ll m re ve n't 's 'd 'll 'm 're 've""".split()
)


@lru_cache(maxsize=1)
def _stemmer():
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Stem of a word ("walking" -> "walk")."""
    return _stemmer().stemWord(word)


@lru_cache(maxsize=100_000)
def content_stem(word: str) -> str | None:
    """Stem of a content word ("walking" -> "walk"); None for a function word or an auxiliary with n't."""
    word = word.lower().replace("’", "'")
    head = word.split("'")[0]
    if word in FUNCTION_WORDS or head in FUNCTION_WORDS or word.endswith("n't"):
        return None
    return stem(head or word)
