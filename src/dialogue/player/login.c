/* SPDX-License-Identifier: Apache-2.0
 * Logins by the prelude: a dialogue inside of the dialogue, with names and a connection of its own.
 */
#include <string.h>

#include "dialogue/player/play_internal.h"

/* Pauses between attempts while a maildrop is locked, growing from the first to the last. */
#define SETTLE_PAUSE_FIRST_MS 20u
#define SETTLE_PAUSE_LAST_MS 500u

static struct pq_dlg_section *first_section(const struct pq_dlg *dlg)
{
    return dlg->given ? dlg->given : dlg->test;
}

static const char *item_flaw(const struct pq_dlg_item *item)
{
    if (item->kind == PQ_DLG_ITEM_STEP)
        return item->step.conn == 1 ? NULL : "a prelude has connection 1 only";
    if (item->kind != PQ_DLG_ITEM_DIRECTIVE)
        return NULL;
    if (pq_dlg_conn(&item->directive) != 1)
        return "a prelude has connection 1 only";
    bool logs_in =
        item->directive.what == PQ_DLG_DO_LOGIN || item->directive.what == PQ_DLG_DO_SETTLE;
    return logs_in ? "a prelude cannot log in by a prelude" : NULL;
}

const char *pq_run_prelude_flaw(const struct pq_dlg *dlg)
{
    const char *flaw = NULL;
    if (!dlg->test)
        return "a prelude needs a [test]";
    if (dlg->axes_count > 0)
        return "a prelude cannot have a matrix";
    if (dlg->given || dlg->after)
        return "a prelude has a [test] and no other section";
    const struct pq_dlg_item *item = dlg->test->items;
    for (; item && !flaw; item = pq_dlg_item_after(item))
        flaw = item_flaw(item);
    return flaw;
}

/* ---- one login ------------------------------------------------------------------------------- */

static void begin(struct pq_play *p)
{
    p->login.active = true;
    p->login.failed = false;
    p->login.why[0] = 0;
    p->login.mark = pq_bindings_enter(&p->names);
    p->login.depth = p->depth;
    play_enter(p, FRAME_LOGIN, first_section(p->run->login.dlg)->items, NULL);
}

void play_login(struct pq_play *p, const struct pq_dlg_item *item, unsigned conn)
{
    p->login = (struct login){.conn = (uint8_t)conn, .item = item};
    begin(p);
}

void play_do_login(struct pq_play *p, const struct pq_dlg_item *item)
{
    play_login(p, item, pq_dlg_conn(&item->directive));
}

/* ---- settling -------------------------------------------------------------------------------- */

void play_do_settle(struct pq_play *p, const struct pq_dlg_item *item)
{
    p->login = (struct login){
        .settles = true,
        .item = item,
        .left_ms = pq_dlg_arg(&item->directive, PQ_DLG_ARG_TIME)->number,
        .pause_ms = SETTLE_PAUSE_FIRST_MS,
    };
    begin(p);
}

/* Logs in again after a pause. False: the time is used up. What counts is the sum of the pauses, so
 * that the number of attempts does not depend on how fast the target is. */
static bool settle_again(struct pq_play *p)
{
    struct login *l = &p->login;
    if (l->left_ms == 0)
        return false;
    uint64_t pause = l->pause_ms < l->left_ms ? l->pause_ms : l->left_ms;
    l->left_ms -= pause;
    l->pause_ms = l->pause_ms * 2 < SETTLE_PAUSE_LAST_MS ? l->pause_ms * 2 : SETTLE_PAUSE_LAST_MS;
    p->run->wire->wait(p->run->wire->ctx, pause);
    begin(p);
    return true;
}

/* Leaves the session in order, so that the next login does not meet this one's lock. */
static void leave(struct pq_play *p)
{
    struct pq_incoming line;
    play_send_text(p, 0, "QUIT\r\n");
    if (pq_conns_line(&p->conns, 0, play_patience_of(p, 0), &line) == PQ_WIRE_OK)
        pq_conns_take(&p->conns, 0, &line, false);
}

/* ---- the end of a login ---------------------------------------------------------------------- */

void play_login_end(struct pq_play *p)
{
    struct login *l = &p->login;
    l->active = false;
    p->depth = l->depth;
    pq_bindings_leave(&p->names, l->mark);
    p->conns.chans[l->conn].logged_in = !l->failed;
    if (l->settles && !l->failed)
        leave(p);
    if (l->settles)
        pq_conns_end(&p->conns, 0, PQ_WIRE_CLOSE);
    if (!l->failed || (l->settles && settle_again(p)))
        return;
    p->out->peer_gone = p->out->peer_gone || p->conns.refused;
    play_verdict(p, l->item, PQ_VERDICT_INCONCLUSIVE,
                 l->settles ? "the maildrop does not become free" : "the login failed", l->why);
}
