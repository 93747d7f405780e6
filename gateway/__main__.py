"""`python -m gateway` is `regent`."""

from gateway.cli import main

if __name__ == "__main__":
    main()
