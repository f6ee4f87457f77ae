"""The app on one machine: `python -m local` runs it against Azurite and a simulated Graph. Never deployed."""
