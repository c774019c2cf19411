"""Those who forecast the site's load or sun; a new one is a new file, as ``_blueprint.py`` shows."""
