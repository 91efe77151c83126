"""A check in somebody's hand can go back into the queue; in the queue it is in no hand."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_BEFORE = (
    "action IN ('start', 'result_passed', 'result_failed', 'result_inconclusive', 'queue', 'take', {more}"
    "'decide_passed', 'decide_failed', 'ask', 'answer', 'object', 'overturn', 'uphold', 'invalidate')"
)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_check_moves_action"), "check_moves", type_="check")
    op.create_check_constraint(
        op.f("ck_check_moves_action"), "check_moves", _BEFORE.format(more="'give_back', 'take_back', ")
    )
    op.create_check_constraint(
        op.f("ck_checks_in_the_queue_is_in_no_hand"), "checks", "result <> 'manual_queue' OR assigned_to IS NULL"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_checks_in_the_queue_is_in_no_hand"), "checks", type_="check")
    op.drop_constraint(op.f("ck_check_moves_action"), "check_moves", type_="check")
    op.create_check_constraint(op.f("ck_check_moves_action"), "check_moves", _BEFORE.format(more=""))
