"""What the partner files ask of a conversion: its plan, in short."""

import aria_array_bridge as ab


def traced(call):
    """What a call makes, and the plan of its last conversion."""
    with ab.trace() as hops:
        made = call()
    return made, hops[-1]


def outcome(plan):
    """Outcome, copied bytes and the codes of the reasons."""
    return (plan.outcome, plan.copied_bytes, [reason.code for reason in plan.reasons])
