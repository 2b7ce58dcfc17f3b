/* SPDX-License-Identifier: Apache-2.0
 *
 * The control channel: JSON lines that change the mock server from outside of POP3, so that a test
 * need not wait, restart, or write files.
 *
 *     {"advance_ms": 600000}                      {"now_ms": 600000}      the manual clock
 *     {"reset": true}                             {"ok": true}            every maildrop as loaded
 *     {"deliver": "USER", "base64": "..."}        {"ok": true}            one more message
 *     {"peek": "USER"}                            {"messages": [{"base64": "...", "uid": "..."}]}
 *     {"quit": true}                              (the server ends)
 *
 * A line that is not exactly one of these is answered by {"error": "..."}.
 */
#ifndef PQ_MOCK_CONTROL_H
#define PQ_MOCK_CONTROL_H

#include "mock/mock.h"

/* The clock, and what a line asks of the event loop besides. */
struct pq_control {
    uint64_t now_ms;     /* the time before the line */
    bool manual;         /* the clock can be moved */
    uint64_t advance_ms; /* result: by how much it is to be moved */
    bool quit;           /* result: the server is to end */
};

/* Obeys `line` (without its LF) and appends the answer with its LF, unless it is quit. NO_MEMORY:
 * there is none for the answer. */
PQ_NODISCARD enum pq_status pq_control_obey(struct pq_mock *mock, struct pq_slice line,
                                            struct pq_control *control, struct pq_bytes *answer);

#endif
