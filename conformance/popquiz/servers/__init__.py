# SPDX-License-Identifier: Apache-2.0
"""Servers of others, started privately as their profiles say.

server.py is the door: it starts a keeper (keeper.py), a process of its own that makes the server's
folder, starts the server and leaves nothing behind. The other modules are the keeper's.
"""
