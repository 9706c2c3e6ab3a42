"""Run the command line as ``python -m pyro_neurovae``."""

from .cli import main

if __name__ == "__main__":
    main()
