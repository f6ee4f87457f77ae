"""The products that the tenant has bought, with the ids and plans that Microsoft gives them.

Source: learn.microsoft.com/entra/identity/users/licensing-service-plan-reference.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """One product: its ids, and its service plans by name."""

    sku: str
    part_number: str
    plans: dict[str, str]
    spare: int = 0
    """Licences bought beyond those that are needed."""


_EXCHANGE = {"EXCHANGE_S_ENTERPRISE": "efb87545-963c-4e0d-99df-69c6916d9eb0"}
_TEAMS = {"TEAMS1": "57ff2da0-773e-42df-b2af-ffb7a2317929"}
_OFFICE = {
    "SHAREPOINTENTERPRISE": "5dbe027f-2339-4123-9542-606e4d348a72",
    "OFFICESUBSCRIPTION": "43de0ff5-c92c-492b-9116-175376d08c38",
    "YAMMER_ENTERPRISE": "7547a3fe-08ee-4ccb-b430-5077c5041653",
}
_SECURITY = {"AAD_PREMIUM_P2": "eec0eb4f-6444-4f95-aba0-50c24d67f998"}

PRODUCTS = {
    "MICROSOFT 365 F3": Product(
        "66b55226-6b4f-492c-910c-a3b7a3c9d993",
        "SPE_F1",
        {
            "EXCHANGE_S_DESKLESS": "4a82b400-a79f-41a4-b4e2-e94f5787b113",
            "SHAREPOINTDESKLESS": "902b47e5-dcb2-4fdc-858b-c63a90a2bdb9",
            **_TEAMS,
        },
    ),
    "OFFICE 365 E3": Product(
        "6fd2c87f-b296-42f0-b197-1e91e994b900", "ENTERPRISEPACK", {**_EXCHANGE, **_OFFICE, **_TEAMS}, spare=4
    ),
    "MICROSOFT 365 E5": Product(
        "06ebc4ee-1bb5-47dd-8120-11324bc54e06", "SPE_E5", {**_EXCHANGE, **_OFFICE, **_TEAMS, **_SECURITY}, spare=9
    ),
    "MICROSOFT 365 COPILOT": Product(
        "639dec6b-bb19-468b-871c-c5c441c4b0cb",
        "Microsoft_365_Copilot",
        {"M365_COPILOT_APPS": "a62f8878-de10-42f3-b68f-6149a25ceb97"},
        spare=15,
    ),
    "POWER BI (FREE)": Product(
        "a403ebcc-fae0-4ca2-8c8c-7a907fd6c235",
        "POWER_BI_STANDARD",
        {"BI_AZURE_P0": "2049e525-b859-401b-b2a0-e0a31c4b1fe4"},
        spare=999_000,
    ),
    "ENTERPRISE MOBILITY + SECURITY E5": Product("b05e124f-c7cc-45a0-a6aa-8cf78c946968", "EMSPREMIUM", _SECURITY),
    "VISIO PLAN 2": Product(
        "c5928f49-12ba-48f7-ada3-0d743a3601d5",
        "VISIOCLIENT",
        {"VISIO_CLIENT_SUBSCRIPTION": "663a804f-1c30-4ff0-9915-9db84f0d1cea"},
        spare=10,
    ),
}
"""By the name that reports give a product; nobody has the last one."""
