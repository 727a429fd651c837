"""What a query asks, as SQL: conditions on spans and traces, and which traces fit them. No pages, no counts."""
