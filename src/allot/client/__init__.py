"""Speaking to a Webex-compatible API, ours or Cisco's."""
