"""Service Quotas of the local AWS: the catalog, what applies, increase requests, enforcement."""
