"""Makes the pages of the Power BI report from `pages.toml`: `python -m powerbi.generator`."""
