"""Many tenants at once: processes that die, messages that come twice, tenants that throttle or have not consented."""
