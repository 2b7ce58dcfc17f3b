/* SPDX-License-Identifier: Apache-2.0
 * What only the runner can do, and pauses. */
#include "dialogue/player/play_internal.h"

/* Asks, and judges an answer that is not what was hoped for. */
static bool ask(struct pq_play *p, const struct pq_dlg_item *item, const struct pq_ask *what,
                struct pq_answer *answer)
{
    *answer = (struct pq_answer){.arena = &p->names.arena};
    p->run->wire->ask(p->run->wire->ctx, what, answer);
    switch (answer->kind) {
    case PQ_ANSWER_DONE:
        return true;
    case PQ_ANSWER_UNABLE:
        play_skip(p, item, PQ_SKIP_ADAPTER, answer->why);
        break;
    case PQ_ANSWER_FAILED:
        play_verdict(p, item, PQ_VERDICT_INCONCLUSIVE, "the adapter failed", answer->why);
        break;
    case PQ_ANSWER_SPENT:
    case PQ_ANSWER_COUNT:
        play_ended(p, item, 1, PQ_WIRE_SPENT);
        break;
    }
    return false;
}

static void peek(struct pq_play *p, const struct pq_dlg_item *item)
{
    static const struct pq_ask what = {.what = PQ_ASK_PEEK};
    struct pq_answer answer;
    p->names.store = PQ_STORE_UNABLE;
    if (!ask(p, item, &what, &answer))
        return;
    p->names.store = PQ_STORE_SEEN;
    p->names.messages = answer.messages;
    p->names.messages_count = answer.count;
}

void play_peek(void *play)
{
    struct pq_play *p = play;
    peek(p, p->item);
}

void play_do_peek(struct pq_play *p, const struct pq_dlg_item *item)
{
    peek(p, item);
}

void play_do_deliver(struct pq_play *p, const struct pq_dlg_item *item)
{
    struct pq_slice name = pq_dlg_arg(&item->directive, PQ_DLG_ARG_NAME)->text;
    const struct pq_dlg_section *message = pq_dlg_message(p->run->what.dlg, name);
    struct pq_ask what = {.what = PQ_ASK_DELIVER, .name = name};
    struct pq_answer answer;
    if (message)
        what.octets = message->octets;
    p->names.store = PQ_STORE_UNSEEN;
    if (message)
        (void)ask(p, item, &what, &answer);
    else
        play_verdict(p, item, PQ_VERDICT_ERROR, "the file has no [message] of that name", NULL);
}

void play_do_reset(struct pq_play *p, const struct pq_dlg_item *item)
{
    static const struct pq_ask what = {.what = PQ_ASK_RESET};
    struct pq_answer answer;
    p->names.store = PQ_STORE_UNSEEN;
    (void)ask(p, item, &what, &answer);
}

void play_do_wait(struct pq_play *p, const struct pq_dlg_item *item)
{
    uint64_t ms = pq_dlg_arg(&item->directive, PQ_DLG_ARG_TIME)->number;
    struct pq_ask what = {.what = PQ_ASK_ADVANCE, .ms = ms};
    struct pq_answer answer;
    if (p->run->ask_clock)
        (void)ask(p, item, &what, &answer);
    else
        p->run->wire->wait(p->run->wire->ctx, ms);
}
