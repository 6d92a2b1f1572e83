"""What the evidence says about each published number and sentence (STATISTICS: the rules and their vectors).

Nothing is imported here, so that ``verdict`` and ``exit_codes`` stay cheap; the API is ``table.judge``,
``published.judge_published`` and ``plan.power_plan``.
"""
