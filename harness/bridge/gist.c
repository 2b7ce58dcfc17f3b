/* SPDX-License-Identifier: Apache-2.0 */
#include "harness/bridge/gist.h"

#define WORDS_MAX 3u

void pq_gist_init(struct pq_gist *g)
{
    *g = (struct pq_gist){.asked = true, .whole = true, .state = PQ_STATE_AUTHORIZATION};
}

static struct pq_slice without_end(struct pq_slice line)
{
    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    return line;
}

void pq_gist_on_line(struct pq_gist *g, struct pq_slice line)
{
    struct pq_slice rest = without_end(line);
    g->whole = line.len > 0 && line.at[line.len - 1] == '\n';
    g->asked = g->whole;
    g->asked_in = g->state;
    if (g->sasl)
        return;
    g->verb = pq_verb_of(pq_slice_cut(&rest, ' '));
    for (g->words = 0; rest.len > 0 && g->words < WORDS_MAX; g->words++)
        (void)pq_slice_cut(&rest, ' ');
}

static enum pq_gist_reply reply_of(struct pq_slice octets)
{
    if (pq_slice_starts(octets, PQ_SLICE("+OK")))
        return PQ_GIST_OK;
    if (pq_slice_starts(octets, PQ_SLICE("-ERR")))
        return PQ_GIST_ERR;
    return pq_slice_starts(octets, PQ_SLICE("+ ")) ? PQ_GIST_MORE : PQ_GIST_OTHER;
}

static bool lets_in(const struct pq_gist *g)
{
    return g->verb == PQ_VERB_PASS || g->verb == PQ_VERB_APOP ||
           (g->verb == PQ_VERB_AUTH && g->words > 0);
}

/* Where a positive reply leads. */
static enum pq_state state_after(const struct pq_gist *g)
{
    if (g->state == PQ_STATE_AUTHORIZATION || g->state == PQ_STATE_USER) {
        if (lets_in(g))
            return PQ_STATE_TRANSACTION;
        return g->verb == PQ_VERB_USER ? PQ_STATE_USER : PQ_STATE_AUTHORIZATION;
    }
    return g->verb == PQ_VERB_QUIT ? PQ_STATE_UPDATE : g->state;
}

enum pq_gist_reply pq_gist_on_reply(struct pq_gist *g, struct pq_slice octets)
{
    if (!g->asked)
        return PQ_GIST_NONE;
    enum pq_gist_reply reply = reply_of(octets);
    g->asked = false;
    g->sasl = g->verb == PQ_VERB_AUTH && reply == PQ_GIST_MORE;
    if (reply == PQ_GIST_OK)
        g->state = state_after(g);
    g->got_in = g->got_in || g->state == PQ_STATE_TRANSACTION;
    return reply;
}
