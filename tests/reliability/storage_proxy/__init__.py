"""Blob storage that fails on purpose: a proxy over https in front of another blob service, with rules for its faults.

    with Stack() as stack, FaultyStorage(stack.settings) as faulty:
        faulty.set([{"fault": "lost_answer", "match": {"operation": "commit"}}])
        BlobServiceClient(faulty.url, credential, connection_verify=str(faulty.ca_file))
        faulty.seen                                 every operation, in order

Rules are those of the simulator (simulator/faults/rules.py); they match operation, method, container and blob.
"""

from tests.reliability.storage_proxy.faults import FAULTS
from tests.reliability.storage_proxy.operations import Operation
from tests.reliability.storage_proxy.proxy import FaultyStorage

__all__ = ["FAULTS", "FaultyStorage", "Operation"]
