"""A stand-in for Microsoft Graph on one machine: tokens, usage reports, their downloads, and an API to steer it.

Four HTTP listeners on loopback: three take the place of the App Service identity endpoint, Microsoft Graph and its
download host, the fourth is the control API. The protocol is the documented one
(https://learn.microsoft.com/graph/api/resources/report) with the details that public issues on GitHub show; each module
names its sources. The tenant behind it is made up from a seed and has any number of people. The package needs nothing
but the standard library and shares no code with the product. README.md shows how to use it, as a program or in a test:

    with Simulator(users=250) as simulator:
        requests.get(f"{simulator.graph_endpoint}/v1.0/reports/...")

`protocol` is what the listeners answer, `tenant` makes the reports, `faults` makes things go wrong.
"""

from simulator.simulator import Simulator

__all__ = ["Simulator"]
