from shared.pulling.platform_facts import platform_facts


def test_python_and_memory_are_told_of_azure_alone() -> None:
    assert {"host", "python"} <= {*platform_facts("4.1047.100")}
    assert platform_facts("") == {}


def test_what_is_no_version_is_not_kept() -> None:
    assert "host" not in platform_facts("4 of c4n4ry")
