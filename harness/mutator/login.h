/* SPDX-License-Identifier: Apache-2.0
 *
 * Puts a login that works in front of inputs that have none, or another one: most of what an engine
 * makes of a session loses its login, and would see nothing but the AUTHORIZATION state.
 */
#ifndef PQ_HARNESS_MUTATOR_LOGIN_H
#define PQ_HARNESS_MUTATOR_LOGIN_H

#include "harness/mutator/script.h"

/* Of so many inputs without the login, one is played as it is. */
#define LOGIN_AS_IT_IS 4u
/* Its first octets decide, since AFL++ cuts off what is too long only behind us. */
#define LOGIN_DECIDING 256u
/* Inputs that are known as they are; what is more may be given a login. A power of two. */
#define LOGIN_KNOWN_MAX 16384u
/* Octets of a file that is read. */
#define LOGIN_FILE_MAX (1u << 20)

struct login {
    enum script_kind kind;
    struct pq_bytes text; /* what leads through the login; empty: nothing is changed */
    size_t items;         /* that the text has */
    uint64_t *known;      /* a table with open addressing; zero: free */
    size_t known_len;
    struct pq_bytes out;
    struct script script;
};

void login_init(struct login *l, enum script_kind kind);
void login_free(struct login *l);
/* The login is what the file holds. False: it cannot be read, or is empty. */
bool login_learn(struct login *l, const char *path);
/* The input in a file is played as it is from now on: a seed, or what an earlier run has kept. */
void login_leave(struct login *l, const char *path);
/* The input, or what is played instead, which is valid until the next call. The same input gives
 * the same, and what was given is given back as it is. */
struct pq_slice login_put(struct login *l, struct pq_slice input);

#endif
