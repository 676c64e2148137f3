"""Rows are found by their texts, though the texts are not kept."""

import random
from typing import Any

import numpy as np
import pytest

from allot.bulk.desired import keys
from allot.bulk.desired.keys import Keys

TEXTS = [f"person{number}@example.com" for number in range(2_000)]


def sorted_keys(*texts: str) -> Keys:
    """Keys of rows with these texts."""
    made = Keys()
    made.extend(texts)
    made.sort()
    return made


@pytest.mark.parametrize("count", [1, 2, 3, 1_000, 2_000])
def test_every_row_is_found_and_nothing_else(count: int):
    """Whoever has a row is found in it, in whatever order they are looked for, and others are not."""
    made = sorted_keys(*TEXTS[:count])
    shuffled = random.Random(count).sample(range(len(TEXTS)), len(TEXTS))
    found = made.find([TEXTS[row] for row in shuffled]).tolist()
    assert found == [row if row < count else -1 for row in shuffled]
    assert made.find([]).tolist() == []
    assert list(made.repeated()) == []


def test_rows_of_the_same_text_are_told():
    """Each row whose text was there before is told, with the first one that has it."""
    made = sorted_keys("a", "b", "a", "c", "a", "c")
    assert list(made.repeated()) == [(2, 0), (4, 0), (5, 3)]


def test_texts_of_the_same_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch):
    """Texts that share the hash by which they are searched for have rows of their own."""
    same = {text: number % 50 % 3 for number, text in enumerate(TEXTS)}

    def hashes(texts: list[str]) -> tuple[Any, Any]:
        return np.array([same[text] for text in texts], np.uint64), np.arange(len(texts), dtype=np.uint32) % 50

    monkeypatch.setattr(keys, "_hashes", hashes)
    made = sorted_keys(*TEXTS[:50], TEXTS[0])
    assert made.find(TEXTS[:50]).tolist()[1:] == [*range(1, 50)]
    assert list(made.repeated()) == [(50, 0)]
