"""Faults that take more than one pull to try, by where they strike."""

from typing import Any

from tests.reliability.faults.scenario import Scenario
from tests.reliability.faults.scenarios.content import CONTENT
from tests.reliability.faults.scenarios.graph import GRAPH
from tests.reliability.faults.scenarios.identity import IDENTITY
from tests.reliability.faults.scenarios.processes import PROCESSES
from tests.reliability.faults.scenarios.readers import READERS
from tests.reliability.faults.scenarios.runs import RUNS
from tests.reliability.faults.scenarios.size import SIZE

SCENARIOS: tuple[Scenario[Any], ...] = (*GRAPH, *CONTENT, *IDENTITY, *RUNS, *PROCESSES, *SIZE, *READERS)
