"""Places to compute off the event loop: processes that can be ended, and threads where there are none."""
