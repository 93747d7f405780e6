"""What every test may ask for: the real servers, and readers of the audit log that aren't ours."""

pytest_plugins = (
    "tests.compiled_once",
    "tests.deadlines",
    "tests.interop.readers",
    "tests.order",
    "tests.scratch",
    "tests.servers.commands",
    "tests.servers.engines",
    "tests.servers.forks",
    "tests.servers.gateway_server",
    "tests.servers.object_store",
    "tests.servers.opa_server",
    "tests.servers.policy_bundles",
    "tests.servers.postgres_server",
    "tests.servers.redis_server",
)
