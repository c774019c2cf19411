"""What a monitoring system sees of the service, in the form of Prometheus."""
