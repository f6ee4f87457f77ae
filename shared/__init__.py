"""The usage archive: what the functions in `function_app.py` do."""

__version__ = "0.1.0"
