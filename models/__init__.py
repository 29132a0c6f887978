"""Pure statistics of scorecards: arrays and dataclasses in, dataclasses out."""
