"""``voltherm reporter``: a service that forecasts a site's load and sun from its meter's readings."""
