"""`python -m faceindex` is the `faceindex` command."""

from faceindex.cli import main

main()
