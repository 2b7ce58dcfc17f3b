/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/play_watch.h"

#include <stdio.h>

#include "dialogue/escape.h"

/* ---- findings -------------------------------------------------------------------------------- */

void play_findings_add(struct play_findings *list, const struct pq_finding *f,
                       const struct pq_mask *mask, uint64_t start_ms)
{
    list->total++;
    if (list->count == PLAY_FINDINGS_MAX)
        return;
    struct play_finding *kept = &list->each[list->count++];
    struct pq_bytes text;
    *kept = (struct play_finding){.rule = f->rule,
                                  .conn = f->conn,
                                  .from = f->from,
                                  .verb = f->verb,
                                  .state = f->state,
                                  .follows = f->follows,
                                  .offset = f->offset,
                                  .ms = f->ms - start_ms};
    (void)snprintf(kept->why, sizeof(kept->why), "%s", f->why);
    pq_bytes_init(&text, pq_alloc_default(), sizeof(kept->excerpt) - 1);
    if (pq_escape_write(f->excerpt, PQ_ESCAPE_STRING, false, &text) == PQ_STATUS_OK)
        (void)snprintf(kept->excerpt, sizeof(kept->excerpt), "%.*s", (int)text.len,
                       text.len > 0 ? (const char *)text.at : "");
    pq_bytes_free(&text);
    if (mask)
        pq_mask_text(mask, kept->excerpt, sizeof(kept->excerpt));
}

cJSON *play_findings_json(const struct play_finding *f)
{
    const char dir[2] = {f->from == PQ_FROM_CLIENT ? 'C' : 'S', 0};
    char verb[8] = "";
    struct pq_slice name = pq_verb_row(f->verb)->name;
    cJSON *o = cJSON_CreateObject();
    (void)snprintf(verb, sizeof(verb), "%.*s", (int)name.len,
                   name.len > 0 ? (const char *)name.at : "");
    bool good = cJSON_AddStringToObject(o, "rule", f->rule->id) &&
                cJSON_AddStringToObject(o, "requirement", f->rule->requirement) &&
                cJSON_AddNumberToObject(o, "conn", f->conn) &&
                cJSON_AddStringToObject(o, "dir", dir) &&
                cJSON_AddNumberToObject(o, "offset", (double)f->offset) &&
                cJSON_AddNumberToObject(o, "ms", (double)f->ms) &&
                cJSON_AddStringToObject(o, "verb", verb) &&
                cJSON_AddStringToObject(o, "state", pq_state_name(f->state)) &&
                cJSON_AddBoolToObject(o, "follows", f->follows) &&
                cJSON_AddStringToObject(o, "excerpt", f->excerpt) &&
                cJSON_AddStringToObject(o, "why", f->why);
    if (good)
        return o;
    cJSON_Delete(o);
    return NULL;
}

static void on_finding(void *ctx, const struct pq_finding *f)
{
    struct play_watch *w = ctx;
    play_findings_add(w->findings, f, w->mask, w->start_ms);
}

/* ---- the wire -------------------------------------------------------------------------------- */

static uint64_t watch_now(void *ctx)
{
    const struct play_watch *w = ctx;
    return w->inner->now_ms(w->inner->ctx);
}

static enum pq_wire_result watch_open(void *ctx, unsigned conn, bool tls, uint64_t deadline)
{
    struct play_watch *w = ctx;
    enum pq_wire_result r = w->inner->open(w->inner->ctx, conn, tls, deadline);
    w->implicit[conn] = tls;
    if (r == PQ_WIRE_OK)
        pq_referee_open(&w->referee, conn, tls ? PQ_TLS_IMPLICIT : PQ_TLS_NONE);
    return r;
}

/* An answer is received in a later call, so that it is told behind what it answers. */
static enum pq_wire_result watch_send(void *ctx, unsigned conn, struct pq_slice *rest,
                                      uint64_t deadline)
{
    struct play_watch *w = ctx;
    struct pq_slice before = *rest;
    enum pq_wire_result r = w->inner->send(w->inner->ctx, conn, rest, deadline);
    pq_referee_feed(&w->referee, conn, PQ_FROM_CLIENT,
                    pq_slice_first(before, before.len - rest->len), watch_now(w));
    return r;
}

static enum pq_wire_result watch_recv(void *ctx, unsigned conn, struct pq_buf *into,
                                      uint64_t deadline)
{
    struct play_watch *w = ctx;
    size_t before = into->len;
    enum pq_wire_result r = w->inner->recv(w->inner->ctx, conn, into, deadline);
    pq_referee_feed(&w->referee, conn, PQ_FROM_SERVER, pq_slice_after(pq_buf_slice(into), before),
                    watch_now(w));
    if (r == PQ_WIRE_CLOSED || r == PQ_WIRE_RESET || r == PQ_WIRE_BROKEN)
        pq_referee_end(&w->referee, conn, PQ_ENDED_BY_SERVER, watch_now(w));
    return r;
}

static void watch_end(void *ctx, unsigned conn, enum pq_wire_end how)
{
    struct play_watch *w = ctx;
    pq_referee_end(&w->referee, conn, PQ_ENDED_BY_CLIENT, watch_now(w));
    w->inner->end(w->inner->ctx, conn, how);
}

/* When TLS fails, octets that were told may come again: that connection is watched no more. */
static enum pq_wire_tls watch_start_tls(void *ctx, unsigned conn,
                                        const struct pq_wire_tls_options *options,
                                        struct pq_slice early, uint64_t deadline)
{
    struct play_watch *w = ctx;
    enum pq_wire_tls r = w->inner->start_tls(w->inner->ctx, conn, options, early, deadline);
    if (r != PQ_WIRE_TLS_OK)
        pq_referee_end(&w->referee, conn, PQ_ENDED_UNKNOWN, watch_now(w));
    else if (!w->implicit[conn])
        pq_referee_on_tls(&w->referee, conn, true);
    w->implicit[conn] = false;
    return r;
}

static void watch_ask(void *ctx, const struct pq_ask *ask, struct pq_answer *answer)
{
    struct play_watch *w = ctx;
    w->inner->ask(w->inner->ctx, ask, answer);
    if (ask->what == PQ_ASK_DELIVER)
        pq_referee_on_delivery(&w->referee);
    else if (ask->what != PQ_ASK_PEEK)
        pq_referee_on_mail_changed(&w->referee);
}

/* ---- what only passes through ---------------------------------------------------------------- */

static void watch_gap(void *ctx, unsigned conn)
{
    const struct play_watch *w = ctx;
    w->inner->gap(w->inner->ctx, conn);
}

static enum pq_wire_result watch_half_close(void *ctx, unsigned conn, uint64_t deadline)
{
    struct play_watch *w = ctx;
    pq_referee_on_half_close(&w->referee, conn);
    return w->inner->half_close(w->inner->ctx, conn, deadline);
}

static bool watch_hello(void *ctx, unsigned conn, const struct pq_wire_tls_options *options,
                        struct pq_buf *out)
{
    const struct play_watch *w = ctx;
    return w->inner->hello(w->inner->ctx, conn, options, out);
}

static bool watch_facts(void *ctx, unsigned conn, struct pq_buf *out)
{
    const struct play_watch *w = ctx;
    return w->inner->facts(w->inner->ctx, conn, out);
}

static void watch_corrupt(void *ctx, unsigned conn)
{
    const struct play_watch *w = ctx;
    w->inner->corrupt(w->inner->ctx, conn);
}

static const char *watch_why(void *ctx, unsigned conn)
{
    const struct play_watch *w = ctx;
    return w->inner->why(w->inner->ctx, conn);
}

static void watch_wait(void *ctx, uint64_t ms)
{
    const struct play_watch *w = ctx;
    w->inner->wait(w->inner->ctx, ms);
}

static uint64_t watch_took(void *ctx, unsigned conn, uint64_t ms)
{
    const struct play_watch *w = ctx;
    return w->inner->took(w->inner->ctx, conn, ms);
}

struct pq_wire play_watch_wire(struct play_watch *w)
{
    return (struct pq_wire){.open = watch_open,
                            .send = watch_send,
                            .gap = watch_gap,
                            .recv = watch_recv,
                            .half_close = watch_half_close,
                            .end = watch_end,
                            .start_tls = watch_start_tls,
                            .hello = watch_hello,
                            .facts = watch_facts,
                            .corrupt = watch_corrupt,
                            .why = watch_why,
                            .wait = watch_wait,
                            .now_ms = watch_now,
                            .took = watch_took,
                            .ask = watch_ask,
                            .ctx = w};
}

void play_watch_init(struct play_watch *w, const struct pq_wire *inner, const struct pq_mask *mask,
                     struct play_findings *findings, struct pq_alloc alloc)
{
    *w = (struct play_watch){
        .inner = inner, .mask = mask, .findings = findings, .start_ms = inner->now_ms(inner->ctx)};
    pq_referee_init(&w->referee, alloc, on_finding, w);
}

void play_watch_free(struct play_watch *w)
{
    pq_referee_free(&w->referee);
}
