# SPDX-License-Identifier: Apache-2.0
"""Fuzz campaigns: `popquiz fuzz`.

A lane (lane.py) says what is fuzzed: one of our own targets, or a server. An engine (engine.py) is
AFL++ or libFuzzer. A campaign (campaign.py) runs instances of an engine in a lane, and makes
findings (findings.py) of what they save: judged by a replay, told apart by their signs (signs.py),
and shortened (shrink.py). Neither findings nor reports know which lane or engine they are from.
"""
