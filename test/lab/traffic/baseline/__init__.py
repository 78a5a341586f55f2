"""`bench baseline`: the evaluation matrix that was published, run again, beside the figures that were published."""
