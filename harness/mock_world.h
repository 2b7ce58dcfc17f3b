/* SPDX-License-Identifier: Apache-2.0
 *
 * A mock server for targets: two accounts with the same three messages, whose challenges are always
 * the same, in memory that is counted.
 */
#ifndef PQ_HARNESS_MOCK_WORLD_H
#define PQ_HARNESS_MOCK_WORLD_H

#include "harness/support.h"

#include "mock/server.h"

/* The names are "a" and "tim", the passwords "b" and "tan staaf". The third message has a header
 * outside of ASCII, so that it is sent in UTF8 mode only. */
#define WORLD_MESSAGES 3u
extern const struct pq_slice world_contents[WORLD_MESSAGES]; /* as RETR sends them, not stuffed */

struct mock_world {
    struct pq_mock mock;
    struct fuzz_memory memory;
    size_t held; /* by the store */
};

/* The world as it is for every input: everything is offered but TLS and SCRAM, whose arithmetic
 * alone would take a millisecond. Delivering the messages takes a tenth of a run, so that is done
 * once, for the first input; all else is put back. */
struct mock_world *mock_world_open(void);
/* Asserts that the memory of this input was given back. */
void mock_world_close(struct mock_world *w);

#endif
