"""What a run is shown as; always drawn from the plan, so that what is missing shows."""
