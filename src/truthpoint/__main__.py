"""`python -m truthpoint` is the command line."""

from truthpoint.cli.main import run

if __name__ == "__main__":
    run()
