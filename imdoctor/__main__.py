"""`python -m imdoctor`."""

from imdoctor.cli import main

if __name__ == "__main__":
    main()
