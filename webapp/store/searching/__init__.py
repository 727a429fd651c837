"""What the search page shows: results, facets, charts, groups, completions. Which traces fit is settled in `conditions/`."""
