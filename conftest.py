"""What every test folder shares: one Hypothesis profile."""

from __future__ import annotations

import os

try:
    import hypothesis
except ImportError:  # a distribution whose tests do without it
    pass
else:
    # No deadline, for a busy machine is not a fault. In CI the same examples each time: a red run is
    # then about the change that it tests. New examples are searched for where somebody is looking.
    hypothesis.settings.register_profile(
        "tornado",
        deadline=None,
        derandomize=bool(os.environ.get("CI")),
        print_blob=True,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tornado"))
