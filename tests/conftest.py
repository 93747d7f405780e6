"""What every test may ask for: the real servers."""

pytest_plugins = (
    "tests.servers.engines",
    "tests.servers.gateway_server",
    "tests.servers.opa_server",
    "tests.servers.policy_bundles",
    "tests.servers.postgres_server",
    "tests.servers.redis_server",
)
