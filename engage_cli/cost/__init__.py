"""What a run cost and what the month will: a pure core (`model`, `estimate`) and a thin reader.

    usage document (written by the meter) ── reader ──> Usage
    prices.json ── pricebook ──> PriceBook
    Usage + PriceBook ── model.cost_report ──> CostReport ── render ──> table or JSON

Nothing here writes, and nothing here turns an unknown into a zero.
"""
