"""waitress's connections, with its mistake about requests without a body put right."""

from __future__ import annotations

from waitress.channel import HTTPChannel


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection that does not wait for the body of a request that has none.

    boto3 sends "Expect: 100-continue" with every S3 upload, an empty object's too. waitress
    3.0.2 then takes the complete request for an unfinished one and never answers. A server
    "MAY omit sending a 100 (Continue) response" where there is nothing to wait for (RFC 9110,
    10.1.1).
    """

    def send_continue(self) -> None:
        """Say that the body may come, unless the request is complete without it."""
        if self.request.completed:
            self.request.expect_continue = False
            return
        super().send_continue()
