"""Failures: calls that cannot go on."""

from allot.core.failure import Failure, Kind


def test_a_failure_reads_as_its_details():
    """A failure reads as its sentences, or as its message when it has none."""
    assert str(Failure.invalid("One.", "Two.")) == "One.; Two."
    assert str(Failure(Kind.INTERNAL, "Broken")) == "Broken"


def test_failures_are_made_by_kind():
    """Each way to make a failure gives its kind and keeps the sentence."""
    made = {
        Kind.INVALID: Failure.invalid,
        Kind.NOT_FOUND: Failure.not_found,
        Kind.FORBIDDEN: Failure.forbidden,
        Kind.CONFLICT: Failure.conflict,
    }
    for kind, make in made.items():
        failure = make("What it is.")
        assert (failure.kind, failure.details, failure.retry_after) == (kind, ("What it is.",), None)
