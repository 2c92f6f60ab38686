"""A module that makes the token of its process when it is imported."""

import uuid

token = uuid.uuid4().hex
