"""The page that shows the demo site; `page` and `chart` bring the plotting library and are imported when asked for."""
