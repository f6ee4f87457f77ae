"""Writes the Power BI project in `powerbi/`: `python3 -m local powerbi`."""
