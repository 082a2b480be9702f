"""A small Slack workspace on this machine, for development, the demo and tests.

It speaks the part of Slack that SharedBox uses: the Web API (`methods/`, one file per family),
block validation (`blockkit/`), events and interactions (`delivery`, `interactions`) over HTTP
(`transport`) and in Socket Mode (`sockets`), and it has a page on which people act (`page/`).
`local.LocalSlack` is the way in. It is not Slack: what only this has seen, no one has seen work in
Slack.
"""
