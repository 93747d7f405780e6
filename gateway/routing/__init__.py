"""Which deployments exist and in what order they are tried; knows no provider's wire format and no policy."""
