"""The words all rooms share: spans as read, columns as analysed, facts as found. No I/O and no logic beyond them."""
