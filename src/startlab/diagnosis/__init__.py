"""Why a run of a program came out as it did."""
