/* SPDX-License-Identifier: Apache-2.0
 * What the client sends: steps become writes, writes of a group are joined, and all are cut. */
#include "dialogue/player/play_internal.h"

/* A made secret that is shorter hides more of the transcript than it protects. */
#define SECRET_MIN 4u

/* ---- secrets that a step makes --------------------------------------------------------------- */

static bool uses_secret(const struct pq_play *p, const struct pq_expr *e)
{
    struct pq_slice name;
    struct pq_value value;
    for (size_t n = 0; pq_expr_name(e, n, &name); n++)
        if (pq_bindings_value(&p->names, name, &value) && value.secret)
            return true;
    return false;
}

/* Tells the mask of every digest and SASL response that the step is about to send. */
static bool mask_made_secrets(struct pq_play *p, const struct pq_dlg_step *step)
{
    for (const struct pq_dlg_part *part = step->parts; part; part = part->next) {
        if (part->kind != PQ_DLG_PART_EXPR || !uses_secret(p, part->expr))
            continue;
        /* The step itself will draw the same random octets again. */
        struct pq_rand before = p->names.rand;
        struct pq_expr_result r;
        bool ok = pq_expr_eval(part->expr, &p->names.env, &r);
        p->names.rand = before;
        if (!ok || r.value.kind != PQ_VALUE_OCTETS || r.value.octets.len < SECRET_MIN)
            continue;
        if (pq_mask_add(p->mask, r.value.octets) != PQ_STATUS_OK)
            return false;
    }
    return true;
}

/* ---- outbox ---------------------------------------------------------------------------------- */

/* Puts what the outbox holds behind its last write into a write. In a @batch there are no
 * boundaries: everything goes out together. */
static bool add_write(struct pq_play *p, unsigned conn, bool boundary)
{
    struct outbox *o = &p->outbox;
    if (o->count == o->room) {
        size_t room = o->room == 0 ? 16 : o->room * 2;
        struct pq_alloc alloc = p->run->alloc;
        struct write *bigger = room > PQ_RUN_WRITES_MAX
                                   ? NULL
                                   : alloc.resize(alloc.ctx, o->writes, room * sizeof(*bigger));
        if (!bigger)
            return false;
        o->writes = bigger;
        o->room = room;
    }
    o->writes[o->count++] = (struct write){.end = (uint32_t)o->octets.len,
                                           .group = o->group,
                                           .conn = (uint8_t)conn,
                                           .boundary = boundary && p->batches == 0};
    return true;
}

static bool belongs(const struct write *w, const struct write *first)
{
    return w->group == first->group && w->conn == first->conn;
}

/* Puts into `octets` what the group of the write `first` sends on its connection, from that write
 * on, and if `parted` only up to a boundary. Returns the first write that is left, or the count;
 * zero when there is no memory. */
static size_t gather(const struct outbox *o, size_t first, bool parted, struct pq_bytes *octets)
{
    pq_bytes_clear(octets);
    for (size_t i = first; i < o->count; i++) {
        const struct write *w = &o->writes[i];
        if (!belongs(w, &o->writes[first]))
            continue;
        if (i > first && w->boundary && parted)
            return i;
        size_t begin = i > 0 ? o->writes[i - 1].end : 0;
        struct pq_slice piece = pq_slice_of(o->octets.at + begin, w->end - begin);
        if (pq_bytes_put(octets, piece) != PQ_STATUS_OK)
            return 0;
    }
    return o->count;
}

static bool has_boundary(const struct outbox *o, size_t first)
{
    for (size_t i = first; i < o->count; i++)
        if (o->writes[i].boundary && belongs(&o->writes[i], &o->writes[first]))
            return true;
    return false;
}

/* Whether a write before `i` belongs with it: then it was sent together with that one. */
static bool is_sent(const struct outbox *o, size_t i)
{
    for (size_t before = 0; before < i; before++)
        if (belongs(&o->writes[before], &o->writes[i]))
            return true;
    return false;
}

/* Sends what the write `first` and those that belong with it amount to. Boundaries part it; what is
 * between them is cut as @segment says, and without boundaries as the run says. */
static bool send_from(struct pq_play *p, size_t first, struct pq_slice hello)
{
    const struct outbox *o = &p->outbox;
    const struct pq_wire *wire = p->run->wire;
    unsigned conn = o->writes[first].conn;
    bool parted = has_boundary(o, first);
    struct pq_payload payload = {.patience_ms = play_patience(p)};
    if (p->cut_said)
        payload.cut = p->cut;
    else if (!parted)
        payload.cut = p->run->cut;
    struct pq_bytes octets;
    pq_bytes_init(&octets, p->run->alloc, PQ_RUN_OUTBOX_MAX);
    size_t next = gather(o, first, parted, &octets);
    while (next > 0) {
        payload.octets = pq_bytes_slice(&octets);
        payload.hello = next == o->count ? hello : pq_slice_of(NULL, 0);
        pq_conns_send(&p->conns, conn, &payload);
        if (next == o->count)
            break;
        wire->gap(wire->ctx, conn);
        next = gather(o, next, parted, &octets);
    }
    pq_bytes_free(&octets);
    return next > 0;
}

static bool flush(struct pq_play *p, struct pq_slice hello)
{
    bool ok = true;
    for (size_t i = 0; i < p->outbox.count && ok; i++)
        if (!is_sent(&p->outbox, i))
            ok = send_from(p, i, hello);
    p->outbox.count = 0;
    pq_bytes_clear(&p->outbox.octets);
    return ok;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void no_room(struct pq_play *p, const struct pq_dlg_item *item)
{
    play_verdict(p, item, PQ_VERDICT_ERROR, "what is to be sent is longer than the player can hold",
                 NULL);
}

/* Puts the writes of a step into the outbox. */
static bool collect(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    struct pq_emitter e;
    bool first = true;
    pq_emitter_init(&e, &item->step, &p->names.env);
    while (pq_emitter_next(&e, &p->outbox.octets)) {
        if (!add_write(p, conn, !first)) {
            no_room(p, item);
            return false;
        }
        first = false;
    }
    if (e.error == PQ_EXPR_OK)
        return play_bind_captures(p, item, e.captures, e.count);
    play_expr_failed(p, item, e.error, e.about);
    return false;
}

/* The @tls that wants its ClientHello in the write of `item`: the next directive of the same list
 * and connection, with nothing but answers before it. */
static const struct pq_dlg_item *raw_hello(const struct pq_play *p, const struct pq_dlg_item *item)
{
    const struct pq_dlg_item *next = item->next;
    for (; next; next = next->next) {
        if (next->kind == PQ_DLG_ITEM_STEP && next->step.side == PQ_DLG_SERVER)
            continue;
        if (next->kind == PQ_DLG_ITEM_STEP || next->kind == PQ_DLG_ITEM_DIRECTIVE)
            break;
    }
    bool is_tls = next && pq_dlg_item_is(next, PQ_DLG_DO_TLS) &&
                  play_conn(p, pq_dlg_conn(&next->directive)) == play_conn(p, item->step.conn);
    const struct pq_dlg_arg *hello = is_tls ? pq_dlg_arg(&next->directive, PQ_DLG_ARG_HELLO) : NULL;
    return hello && hello->number == PQ_DLG_HELLO_RAW ? next : NULL;
}

#define HELLO_MAX 4096u

/* Sends a step that stands alone. */
static bool send_alone(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    uint8_t memory[HELLO_MAX];
    struct pq_buf hello;
    pq_buf_init(&hello, memory, sizeof(memory));
    const struct pq_dlg_item *tls = raw_hello(p, item);
    if (tls) {
        const struct pq_wire *wire = p->run->wire;
        struct pq_wire_tls_options options = play_tls_options(tls);
        if (!wire->hello(wire->ctx, conn, &options, &hello)) {
            play_verdict(p, tls, PQ_VERDICT_ERROR, wire->why(wire->ctx, conn), NULL);
            return true;
        }
    }
    return flush(p, pq_buf_slice(&hello));
}

void play_send_step(struct pq_play *p, const struct pq_dlg_item *item)
{
    unsigned conn = play_conn(p, item->step.conn);
    if (!play_is_open(p, item, conn))
        return;
    if (!mask_made_secrets(p, &item->step)) {
        play_verdict(p, item, PQ_VERDICT_ERROR, "the case makes more secrets than can be masked",
                     NULL);
        return;
    }
    if (p->batches == 0)
        p->outbox.group++;
    if (!collect(p, item, conn)) {
        p->outbox.count = 0;
        pq_bytes_clear(&p->outbox.octets);
        return;
    }
    if (p->groups == 0 && !send_alone(p, item, conn))
        no_room(p, item);
}

void play_group_begin(struct pq_play *p, const struct pq_dlg_item *item)
{
    p->groups++;
    p->batches += pq_dlg_item_is(item, PQ_DLG_DO_BATCH) ? 1 : 0;
    p->outbox.group++;
    play_enter(p, FRAME_GROUP, item->directive.body, item);
}

void play_group_end(struct pq_play *p, const struct pq_dlg_item *item)
{
    p->groups--;
    p->batches -= pq_dlg_item_is(item, PQ_DLG_DO_BATCH) ? 1 : 0;
    if (p->groups == 0 && !flush(p, pq_slice_of(NULL, 0)))
        no_room(p, item);
}

void play_send_text(struct pq_play *p, unsigned conn, const char *line)
{
    struct pq_payload payload = {
        .octets = pq_slice_text(line), .cut = p->run->cut, .patience_ms = play_patience(p)};
    pq_conns_send(&p->conns, conn, &payload);
}
