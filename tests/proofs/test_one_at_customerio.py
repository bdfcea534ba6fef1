"""Two people who turn out to be one are one at Customer.io too, whatever was known here before."""

from __future__ import annotations

import pytest

from support.stories import event, identify, said, tell
from truthpoint.core.decision import Outcome

ANA = {"email": "ana@example.org"}


@pytest.mark.parametrize("cuts", [[1, 2], [2], []])
def test_a_guest_who_was_identified_becomes_part_of_an_id_that_exists(cuts):
    """Laws 3 and 10: the identify with both is sent although the email is no news here."""
    told = tell(
        [
            identify(ANA, first_name="Ana", email_opt_in=True),
            event("order_paid", "42", order_id="A-1", total="9.00", currency="USD"),
            identify("42", email="ana@example.org"),
        ],
        cuts=cuts,
    )

    assert told.profile("42") == told.profile("ana@example.org", by="email") is not None
    assert [end for end, _ in told.outcomes()] == [Outcome.DELIVERED] * 3


def test_who_is_erased_again_behind_their_readmission_stays_erased(tmp_path):
    """Law 20: in one batch as in two, in either store."""
    for folder in (None, tmp_path):
        told = tell(
            [
                said("erase", "42"),
                said("readmit", "42"),
                said("erase", "42"),
                event("order_paid", "42", order_id="A-1", total="9.00", currency="USD"),
            ],
            cuts=[1, 3],
            folder=folder,
        )

        assert told.outcomes()[-1] == (Outcome.WITHHELD, "erased")
