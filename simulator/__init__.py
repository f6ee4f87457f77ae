"""A Microsoft Graph for one machine: tokens, usage reports, their downloads, and a door to steer it.

Four HTTP listeners on loopback: three stand for the App Service identity endpoint, Microsoft Graph and its download
host, one is for control. The protocol is the documented one (https://learn.microsoft.com/graph/api/resources/report)
with the details that public threads on GitHub show; each module names its sources. The tenant behind it is made up,
seeded and of any size. The package needs the standard library alone and shares no code with the product.

    python -m simulator --users 250        prints its addresses as one JSON line

    with Simulator(users=250) as simulator:      gives them as attributes
        simulator.graph_endpoint

Whatever is known to go wrong with these reports can be made to: faults.py is the table, rules.py says when, and the
control address or a scenario file (`--scenario`) takes the rules. A run is its seed.
"""

from simulator.simulator import Simulator

__all__ = ["Simulator"]
