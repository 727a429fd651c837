"""`python -m webapp` is the command `tailrace`."""

from webapp.cli import main

main(prog_name="tailrace")
