"""Pages: one blueprint a page. They turn a query string into a question to the store, and the answer into HTML or JSON."""
