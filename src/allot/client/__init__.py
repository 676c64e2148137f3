"""Speaking to a Webex-compatible API, allot's or Cisco's."""
