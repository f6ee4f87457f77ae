"""How fast, how large and how dear the archive is: `python3 -m local bench`. docs/performance.md says how to read it.

One module for each question; every figure is a ratio to a limit or to what else one would use, measured in the same
run. Nothing here is deployed.
"""
