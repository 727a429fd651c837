"""What is wrong with recorded traces and with how they are made: the counts of the data-quality report."""
