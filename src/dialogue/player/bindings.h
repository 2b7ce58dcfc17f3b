/* SPDX-License-Identifier: Apache-2.0
 *
 * What names mean in a run: what the run was given, what lines have bound, fixtures, and the store
 * of the target as the runner sees it. Becomes the environment of expressions and templates.
 */
#ifndef PQ_DIALOGUE_PLAYER_BINDINGS_H
#define PQ_DIALOGUE_PLAYER_BINDINGS_H

#include "dialogue/dlg.h"
#include "dialogue/expr.h"
#include "dialogue/player/wire.h"

#define PQ_BINDINGS_MAX 512u               /* names of a run */
#define PQ_BINDINGS_MEMORY_MAX (64u << 20) /* octets of their values and of the store */

struct pq_binding {
    struct pq_slice name;
    struct pq_value value;
};

enum pq_store_state { PQ_STORE_UNSEEN, PQ_STORE_SEEN, PQ_STORE_UNABLE };

struct pq_bindings {
    struct pq_binding each[PQ_BINDINGS_MAX];
    size_t count;
    size_t given; /* the first ones: they are known everywhere */
    size_t scope; /* of the others, those from here on are known */
    struct pq_arena arena;
    struct pq_arena scratch; /* for one step; pq_bindings_step() empties it */
    struct pq_rand rand;
    struct pq_env env;
    /* Called when m[n] is needed and the store is UNSEEN; sets it, and the messages. */
    void (*peek)(void *ctx);
    void *ctx;
    enum pq_store_state store;
    const struct pq_peeked *messages;
    size_t messages_count;
};

/* `n` must stay where it is: its environment points into it. */
void pq_bindings_init(struct pq_bindings *n, uint64_t seed, struct pq_alloc alloc);
void pq_bindings_free(struct pq_bindings *n);

/* Gives `name` a value that is known everywhere, before anything is bound. `name` is borrowed, the
 * value is copied. False: no room. */
PQ_NODISCARD bool pq_bindings_give(struct pq_bindings *n, struct pq_slice name,
                                   struct pq_value value);
/* Binds `name`, or gives it another value; both are copied. False: no room. */
PQ_NODISCARD bool pq_bindings_bind(struct pq_bindings *n, struct pq_slice name,
                                   struct pq_value value);
/* The value that `name` has; false when it has none. */
bool pq_bindings_value(const struct pq_bindings *n, struct pq_slice name, struct pq_value *out);

/* Hides what was bound so far; the result restores it, and forgets what was bound since. */
struct pq_bindings_mark {
    size_t count, scope;
};
struct pq_bindings_mark pq_bindings_enter(struct pq_bindings *n);
void pq_bindings_leave(struct pq_bindings *n, struct pq_bindings_mark mark);

/* Gives back what evaluations of the last step left. */
void pq_bindings_step(struct pq_bindings *n);

#endif
