"""No property test fails for being slow: the machine is shared, and an example's time says nothing."""

from hypothesis import HealthCheck, settings

settings.register_profile("regent", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("regent")
