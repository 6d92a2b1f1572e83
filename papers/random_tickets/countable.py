"""Ratios for which a method's way of counting has no answer, refused before a training is spent on finding out."""

from __future__ import annotations

from papers.random_tickets.ticket import BY_RATIO, Ticket


def check_count(t: Ticket) -> None:
    """Ask the rule that will prune how much it would keep of the full-size network.

    Raises:
        ReproError: the rule's own sentence: nothing would be kept or removed, or the layers that stay dense are more
            than the budget.
    """
    if t.method == "dense":
        return
    from papers.random_tickets import components, counts
    from shared.sparsity.one_shot import decimal_quota, lottery_ticket_position
    from shared.sparsity.snip import snip_quota

    if t.method in BY_RATIO:
        counts.kept(t)
        return
    sizes, linear, _ = counts.layers(t.network, t.dataset)
    total = sum(sizes)
    if t.method == "grasp" and t.variant != "corrected":
        components.grasp_position(total, t.ratio)
    elif t.variant == "corrected":
        decimal_quota(total, t.ratio)
    elif t.method == "snip" or t.variant == "answer42":
        snip_quota(total, t.ratio)
    else:  # published tickets from a trained network all count as lottery tickets do
        convolutional = sum(n for n, dense in zip(sizes, linear, strict=True) if not dense)
        lottery_ticket_position(total, total, convolutional, t.ratio)
