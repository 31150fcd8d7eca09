"""Why a question about similarity has no answer, named by what to do."""


class SimilarityError(Exception):
    """A question that can't be answered; a sentence for whoever asked."""


class NotReady(SimilarityError):
    """The index is still being read; ask again in a moment."""


class UnknownSeed(SimilarityError):
    """There is no such track or recording."""


class NotHeardYet(SimilarityError):
    """It waits for its turn to be heard; ask again later."""


class CannotBeHeard(SimilarityError):
    """Its audio could not be heard; the sentence says why."""
