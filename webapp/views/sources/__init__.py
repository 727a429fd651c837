"""Where spans come from: files that are loaded or sent by the page, and receivers."""
