"""The pages, parts and fragments of one trace: `page` and `asked` answer, the rest prepares what they show."""
