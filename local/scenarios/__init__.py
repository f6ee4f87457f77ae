"""Faults that take more than one pull to try, by where they strike."""

from local.scenario import Scenario
from local.scenarios.content import CONTENT
from local.scenarios.graph import GRAPH
from local.scenarios.identity import IDENTITY
from local.scenarios.processes import PROCESSES
from local.scenarios.readers import READERS
from local.scenarios.runs import RUNS
from local.scenarios.size import SIZE

SCENARIOS: tuple[Scenario, ...] = (*GRAPH, *CONTENT, *IDENTITY, *RUNS, *PROCESSES, *SIZE, *READERS)
