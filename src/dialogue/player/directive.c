/* SPDX-License-Identifier: Apache-2.0
 * What each directive does in the client role. */
#include "dialogue/player/play_internal.h"

static void do_nothing(struct pq_play *p, const struct pq_dlg_item *item)
{
    (void)p;
    (void)item;
}

static void do_connection(struct pq_play *p, const struct pq_dlg_item *item)
{
    static const enum pq_wire_end ends[] = {
        [PQ_DLG_DO_CLOSE] = PQ_WIRE_CLOSE,
        [PQ_DLG_DO_DROP] = PQ_WIRE_DROP,
        [PQ_DLG_DO_TLSCUT] = PQ_WIRE_CUT,
    };
    unsigned conn = play_conn(p, pq_dlg_conn(&item->directive));
    if (play_is_open(p, item, conn))
        pq_conns_end(&p->conns, conn, ends[item->directive.what]);
}

static void do_halfclose(struct pq_play *p, const struct pq_dlg_item *item)
{
    unsigned conn = play_conn(p, pq_dlg_conn(&item->directive));
    if (play_is_open(p, item, conn))
        (void)pq_conns_half_close(&p->conns, conn, play_patience(p));
}

static void do_corrupt(struct pq_play *p, const struct pq_dlg_item *item)
{
    unsigned conn = play_conn(p, pq_dlg_conn(&item->directive));
    if (!play_is_open(p, item, conn))
        return;
    p->run->wire->corrupt(p->run->wire->ctx, conn);
    pq_conns_event(&p->conns, conn, "one octet of the next write will be changed");
}

static void do_segment(struct pq_play *p, const struct pq_dlg_item *item)
{
    const struct pq_dlg_arg *cut = pq_dlg_arg(&item->directive, PQ_DLG_ARG_CUT);
    p->cut = (struct pq_cut){.kind = cut->cut, .octets = (size_t)cut->number};
    p->cut_said = true;
}

/* @pass @note @warn @fail @inconclusive */
static void do_verdict(struct pq_play *p, const struct pq_dlg_item *item)
{
    struct line why;
    line_clear(&why);
    line_put_slice(&why, pq_dlg_arg(&item->directive, PQ_DLG_ARG_WHY)->text);
    play_verdict(p, item, pq_verdict_said(&item->directive), why.at, NULL);
    /* A prelude has logged in where it ends, and nowhere before. */
    if (item->directive.what == PQ_DLG_DO_PASS && !p->login.active)
        p->over = true;
}

static void do_bound(struct pq_play *p, const struct pq_dlg_item *item)
{
    uint64_t ms = pq_dlg_arg(&item->directive, PQ_DLG_ARG_TIME)->number;
    if (item->directive.what == PQ_DLG_DO_WITHIN)
        p->bounds.within_ms = ms;
    else
        p->bounds.notbefore_ms = ms;
}

/* NULL: it means nothing in the client role, or stands inside of another one. */
static void (*const directives[PQ_DLG_DO_COUNT])(struct pq_play *, const struct pq_dlg_item *) = {
    [PQ_DLG_DO_CONNECT] = play_do_connect, [PQ_DLG_DO_LOGIN] = play_do_login,
    [PQ_DLG_DO_CLOSE] = do_connection,     [PQ_DLG_DO_DROP] = do_connection,
    [PQ_DLG_DO_HALFCLOSE] = do_halfclose,  [PQ_DLG_DO_TLSCUT] = do_connection,
    [PQ_DLG_DO_EOF] = play_do_eof,         [PQ_DLG_DO_TLS] = play_do_tls,
    [PQ_DLG_DO_FACTS] = play_do_facts,     [PQ_DLG_DO_CORRUPT] = do_corrupt,
    [PQ_DLG_DO_SEGMENT] = do_segment,      [PQ_DLG_DO_BATCH] = play_group_begin,
    [PQ_DLG_DO_RACE] = play_group_begin,   [PQ_DLG_DO_MATCH] = play_do_match,
    [PQ_DLG_DO_IF] = play_do_if,           [PQ_DLG_DO_PASS] = do_verdict,
    [PQ_DLG_DO_NOTE] = do_verdict,         [PQ_DLG_DO_WARN] = do_verdict,
    [PQ_DLG_DO_FAIL] = do_verdict,         [PQ_DLG_DO_INCONCLUSIVE] = do_verdict,
    [PQ_DLG_DO_ASSERT] = play_do_assert,   [PQ_DLG_DO_BODY] = play_do_body,
    [PQ_DLG_DO_REQ] = do_nothing, /* each item knows the @req that covers it */
    [PQ_DLG_DO_WITHIN] = do_bound,         [PQ_DLG_DO_NOTBEFORE] = do_bound,
    [PQ_DLG_DO_FENCE] = play_do_fence,     [PQ_DLG_DO_SILENCE] = play_do_silence,
    [PQ_DLG_DO_EXPECT] = play_do_expect,   [PQ_DLG_DO_WAIT] = play_do_wait,
    [PQ_DLG_DO_SETTLE] = play_do_settle,   [PQ_DLG_DO_DELIVER] = play_do_deliver,
    [PQ_DLG_DO_RESET] = play_do_reset,     [PQ_DLG_DO_PEEK] = play_do_peek,
    [PQ_DLG_DO_AS] = do_nothing, /* what a server sends */
};

void play_directive(struct pq_play *p, const struct pq_dlg_item *item)
{
    void (*run)(struct pq_play *, const struct pq_dlg_item *) = directives[item->directive.what];
    if (run)
        run(p, item);
    else
        play_verdict(p, item, PQ_VERDICT_ERROR,
                     "the directive means nothing when the player is the client", NULL);
}
