/* SPDX-License-Identifier: Apache-2.0
 *
 * The conventions of the whole library, stated once; every other header relies on them.
 *
 * Octets. Wire data is never a C string: a `struct pq_slice` lends octets that somebody else owns.
 *   A slice is valid until the call that its giver names. Lengths are in octets unless a name says
 *   otherwise (`_ms`, `_lines`). A slice of length zero may have a null pointer.
 * Memory. The core (base to conn) allocates nothing: every context and every buffer belongs to the
 *   caller. `_init` cannot fail. What must allocate takes a `struct pq_alloc` and a maximum.
 * Errors. Peers make errors: a status, or an outcome, that must be looked at. Callers make
 *   mistakes, which are asserted; no assertion depends on octets from outside.
 * Outcomes. A `_next` function gives an event, asks for data, or reports an error that stays. A bad
 *   line of a peer is an event and not an error.
 * Clock, randomness, sockets. The core has none; they are passed in.
 * Names. `pq_<noun>_<verb>`, where the noun is the type of the first parameter.
 */
#ifndef POPQUIZ_POPQUIZ_H
#define POPQUIZ_POPQUIZ_H

#include "popquiz/base.h"
#include "popquiz/wire.h"
#include "popquiz/verb.h"
#include "popquiz/command.h"
#include "popquiz/reply.h"
#include "popquiz/capa.h"
#include "popquiz/sasl.h"
#include "popquiz/maildrop.h"
#include "popquiz/session.h"
#include "popquiz/conn.h"
#include "popquiz/referee.h"

#endif
