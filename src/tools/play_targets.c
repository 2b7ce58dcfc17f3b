/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_targets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void play_targets_init(struct play_targets *t)
{
    memset(t, 0, sizeof(*t));
}

static void forget(struct play_target *t)
{
    if (t->used)
        pq_target_free(&t->target);
    for (size_t i = 0; i < PLAY_TARGET_TEXTS; i++)
        free(t->texts[i]);
    *t = (struct play_target){.used = false};
}

void play_targets_free(struct play_targets *t)
{
    for (size_t i = 0; i < PLAY_TARGETS_MAX; i++)
        forget(&t->each[i]);
}

/* Copies what describes the target, and when its files were changed. False: no memory. */
static bool describe(struct play_target *t, const struct pq_target_config *c)
{
    const char *const texts[PLAY_TARGET_TEXTS] = {
        c->address, c->tls_address, c->host, c->keylog, c->ca_file, c->client_cert, c->client_key};
    bool good = true;
    *t = (struct play_target){.verify = c->verify};
    for (size_t i = 0; i < PLAY_TARGET_TEXTS; i++) {
        t->texts[i] = strdup(texts[i] ? texts[i] : "");
        good = good && t->texts[i];
    }
    for (size_t i = 0; i < PLAY_TARGET_FILES && good; i++) {
        struct stat now;
        const char *path = t->texts[PLAY_TARGET_TEXTS - PLAY_TARGET_FILES + i];
        if (path[0] && stat(path, &now) == 0)
            t->stamps[i] = (struct play_target_stamp){now.st_mtim, now.st_size};
    }
    return good;
}

static bool is_same(const struct play_target *a, const struct play_target *b)
{
    bool same = a->used && a->verify == b->verify;
    for (size_t i = 0; i < PLAY_TARGET_TEXTS && same; i++)
        same = strcmp(a->texts[i], b->texts[i]) == 0;
    for (size_t i = 0; i < PLAY_TARGET_FILES && same; i++)
        same = a->stamps[i].size == b->stamps[i].size &&
               a->stamps[i].changed.tv_sec == b->stamps[i].changed.tv_sec &&
               a->stamps[i].changed.tv_nsec == b->stamps[i].changed.tv_nsec;
    return same;
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

/* Makes the target out of its own copies of the texts. */
static enum pq_status make(struct play_target *t, struct pq_why *why)
{
    const struct pq_target_config config = {
        .address = t->texts[0],
        .tls_address = or_null(t->texts[1]),
        .host = or_null(t->texts[2]),
        .keylog = or_null(t->texts[3]),
        .ca_file = or_null(t->texts[4]),
        .client_cert = or_null(t->texts[5]),
        .client_key = or_null(t->texts[6]),
        .verify = t->verify,
    };
    return pq_target_init(&t->target, &config, pq_alloc_default(), why);
}

struct pq_target *play_targets_find(struct play_targets *t, const struct pq_target_config *config,
                                    struct pq_why *why)
{
    struct play_target asked;
    bool good = describe(&asked, config);
    for (size_t i = 0; i < PLAY_TARGETS_MAX && good; i++)
        if (is_same(&t->each[i], &asked)) {
            forget(&asked);
            return &t->each[i].target;
        }
    if (!good)
        (void)pq_why_fail(why, PQ_STATUS_NO_MEMORY, "no memory for the target");
    if (!good || make(&asked, why) != PQ_STATUS_OK) {
        forget(&asked);
        return NULL;
    }
    struct play_target *place = &t->each[t->next];
    t->next = (t->next + 1) % PLAY_TARGETS_MAX;
    forget(place);
    *place = asked;
    place->used = true;
    return &place->target;
}
