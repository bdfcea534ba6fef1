"""The command line: arguments in, text or JSON out, nothing decided here."""
