"""What two sets of traces are compared by. The comparison is `analysis/cohorts/`."""
