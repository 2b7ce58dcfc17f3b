/* SPDX-License-Identifier: Apache-2.0
 *
 * What active faults remember of a session. All zero at its beginning; the reference looks at none
 * of it.
 */
#ifndef PQ_MOCK_FAULT_MEMORY_H
#define PQ_MOCK_FAULT_MEMORY_H

#include "popquiz/base.h"
#include "popquiz/command.h"

struct fault_memory {
    /* ---- the commands before ---- */
    enum pq_verb previous; /* the last one that was obeyed with +OK */
    unsigned failures;     /* logins that failed */
    unsigned noops;
    bool mute;       /* nothing is answered any more */
    bool quitting;   /* QUIT was answered, and what came behind it is still obeyed */
    uint64_t eaten;  /* so many lines are still taken for responses */
    bool took_lock;  /* by a login that failed */
    bool blank_stls; /* the last STLS had a blank behind it */
    bool overrun;    /* the next command gets an answer that is not its own */
    unsigned freed;  /* commands so far of those that make RETR read what was freed */
    uint64_t number; /* the last one that a command had for its argument */

    /* ---- marks ---- */
    bool marked;          /* DELE was obeyed, and no RSET since */
    bool unmarked;        /* ... and then RSET, and no DELE since */
    bool twice;           /* the next command is answered twice */
    bool shifted;         /* RETR takes a number for the next one */
    uint64_t lost_octets; /* that STAT leaves out */
    bool counted;         /* `count` and `octets` are what STAT said */
    uint64_t count, octets;

    /* ---- the last TOP ---- */
    size_t top_number; /* zero: none */
    size_t top_end;    /* octets of the message up to where it ended */
    uint64_t top_lines;

    /* ---- time and room ---- */
    uint64_t sent_ms;     /* when something was sent last */
    bool stalled;         /* an answer was given up */
    struct pq_bytes line; /* as many octets as an unfinished line has */
};

#endif
