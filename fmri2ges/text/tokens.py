"""Words as the tokens of a language model.

Transcripts are lower case without punctuation. Each word is tokenised on its own, with the space that
stands before it, so a text is the tokens of its words one after another. A word that is one token only
with a capital ("Alice") gets the capital; clitics that stand alone ("'ll") join the word before them.

Only words of a single token are proposed: then all hypotheses have the same number of tokens, and the
probability of a word is read from one distribution. Of the running words of the real Alice story 97 %
are single tokens of SmolLM2. Any word can be heard or trained on: its features are those of its last token.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import UserError

SEPARATORS = ("<|endoftext|>", "</s>")  # what stands between documents, where a model knows one of them


class WordTokens:
    """Tokens of words, remembered.

    Parameters
    ----------
    tokenizer : a tokenizer of transformers, with byte-level ("Ġthe") or sentencepiece ("▁the") pieces
    """

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self._cache: dict[str, tuple[int, ...]] = {}
        # Sentencepiece adds the space by itself; with one more it would be a token of its own.
        self._space = "" if self._pieces("the")[0].startswith("▁") else " "

    def _ids(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text, add_special_tokens=False).input_ids)

    def _pieces(self, text: str) -> list[str]:
        return self.tokenizer.convert_ids_to_tokens(list(self._ids(text))) or [""]

    def of(self, word: str) -> tuple[int, ...]:
        """Token ids of one word of a text, at least one."""
        if word not in self._cache:
            self._cache[word] = self._tokenise(word.replace("’", "'"))
        return self._cache[word]

    def _tokenise(self, word: str) -> tuple[int, ...]:
        if word == "i" or word.startswith("i'"):
            word = "I" + word[1:]
        if self._space and (word.startswith("'") or word == "n't"):
            return self._ids(word)
        lower = self._ids(self._space + word)
        if len(lower) > 1:
            capital = self._ids(self._space + word.capitalize())
            if len(capital) == 1:
                return capital
        return lower or (self.start_token(),)

    def start_token(self) -> int:
        """The token in front of every context."""
        for name in SEPARATORS:
            token = self.tokenizer.get_vocab().get(name)
            if token is not None:
                return token
        known = (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id)
        return next((t for t in known if t is not None), 0)

    def single(self, words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The distinct words that are one token each, and those that are not, in order of appearance.

        Of two words with the same token ("its", "Its") the first is kept.
        """
        kept, left_out = {}, []
        for word in dict.fromkeys(words):
            tokens = self.of(word)
            if len(tokens) == 1 and tokens[0] not in kept:
                kept[tokens[0]] = word
            else:
                left_out.append(word)
        if not kept:
            raise UserError(
                f"language model: none of the {len(left_out)} words of the vocabulary is a single token of it; "
                "take a model with a larger vocabulary of English words"
            )
        return tuple(kept.values()), tuple(left_out)

    def spellings(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Every token that spells a word in lower case or with a capital: their mass is the word's.

        Returns
        -------
        tokens : array (n,), int
        words : array (n,), int, rising; index of the word that each token spells
        """
        pairs = {(self.of(word)[0], k) for k, word in enumerate(words)}
        own = {t for t, _ in pairs}
        for k, word in enumerate(words):
            other = self._ids(self._space + word.capitalize())
            if len(other) == 1 and other[0] not in own:
                pairs.add((other[0], k))
        tokens, index = np.array(sorted(pairs, key=lambda pair: pair[::-1])).T
        return tokens, index
