"""The messages between the Functions host and its Python worker, as plain classes instead of protobuf's.

The worker library only creates them and reads their fields, so nothing of protobuf or gRPC is needed. Names and fields:
https://github.com/Azure/azure-functions-language-worker-protobuf/blob/dev/src/proto/FunctionRpc.proto
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar


@dataclass
class RpcException:
    message: str
    stack_trace: str = ""


@dataclass
class StatusResult:
    Failure: ClassVar = 0
    Success: ClassVar = 1

    status: int
    exception: RpcException | None = None


@dataclass
class RpcHttp:
    method: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    status_code: str = ""
    body: TypedData | None = None
    cookies: list[Any] | None = None
    enable_content_negotiation: bool = False


@dataclass
class TypedData:
    string: str | None = None
    json: str | None = None
    bytes: bytes | None = None
    http: RpcHttp | None = None

    def WhichOneof(self, _: str) -> str | None:
        return next((name for name, value in vars(self).items() if value is not None), None)


@dataclass
class ParameterBinding:
    name: str
    data: TypedData

    def WhichOneof(self, _: str) -> str:
        return "data"


@dataclass
class BindingInfo:
    # The directions are those of the protocol; "in" is a word that Python keeps for itself.
    out: ClassVar = 1
    inout: ClassVar = 2
    undefined: ClassVar = 0

    type: str
    direction: int
    data_type: int | None = None


@dataclass
class RpcRetryOptions:
    max_retry_count: int
    retry_strategy: str
    delay_interval: timedelta | None = None
    minimum_interval: timedelta | None = None
    maximum_interval: timedelta | None = None


@dataclass
class RpcFunctionMetadata:
    name: str
    function_id: str
    managed_dependency_enabled: bool
    directory: str
    script_file: str
    entry_point: str
    is_proxy: bool
    language: str
    bindings: dict[str, BindingInfo]
    raw_bindings: list[str]
    retry_options: RpcRetryOptions | None
    properties: dict[str, str]


@dataclass
class FunctionMetadataResponse:
    use_default_metadata_indexing: bool
    function_metadata_results: list[RpcFunctionMetadata] | None
    result: StatusResult


@dataclass
class WorkerMetadata:
    runtime_name: str
    runtime_version: str
    worker_version: str
    worker_bitness: str
    custom_properties: dict[str, str]


@dataclass
class WorkerInitRequest:
    function_app_directory: str
    capabilities: dict[str, str] = field(default_factory=dict)


@dataclass
class WorkerInitResponse:
    capabilities: dict[str, str]
    worker_metadata: WorkerMetadata
    result: StatusResult


@dataclass
class RpcTraceContext:
    trace_parent: str = ""
    trace_state: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class RetryContext:
    retry_count: int = 0
    max_retry_count: int = 0
    exception: RpcException | None = None


@dataclass
class InvocationRequest:
    invocation_id: str
    function_id: str
    input_data: list[ParameterBinding]
    trigger_metadata: dict[str, TypedData] = field(default_factory=dict)
    trace_context: RpcTraceContext = field(default_factory=RpcTraceContext)
    retry_context: RetryContext = field(default_factory=RetryContext)


@dataclass
class InvocationResponse:
    invocation_id: str
    result: StatusResult
    return_value: TypedData | None = None
    output_data: list[ParameterBinding] = field(default_factory=list)


@dataclass
class StreamingMessage:
    worker_init_request: WorkerInitRequest | None = None
    invocation_request: InvocationRequest | None = None


@dataclass
class WorkerRequest:
    """What the worker hands to the library: a message, and the means to answer it."""

    request: StreamingMessage
    properties: dict[str, Any] = field(default_factory=dict)
