"""One trace as a file to keep: `page` answers, the rest makes the files. Formats other than pages are in `formats/`."""
