/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/maildrop.h"

void pq_maildrop_recount(struct pq_maildrop *m)
{
    m->live_count = 0;
    m->live_octets = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (m->messages[i].deleted)
            continue;
        m->live_count++;
        m->live_octets += m->messages[i].octets;
    }
}

void pq_maildrop_init(struct pq_maildrop *m, struct pq_message *messages, size_t count)
{
    *m = (struct pq_maildrop){.messages = messages, .count = count};
    pq_maildrop_recount(m);
}

struct pq_message *pq_maildrop_find(const struct pq_maildrop *m, uint64_t number)
{
    if (number == 0 || number > m->count || m->messages[number - 1].deleted)
        return NULL;
    return &m->messages[number - 1];
}

bool pq_maildrop_delete(struct pq_maildrop *m, uint64_t number)
{
    struct pq_message *message = pq_maildrop_find(m, number);
    if (!message)
        return false;
    message->deleted = true;
    m->live_count--;
    m->live_octets -= message->octets;
    return true;
}

void pq_maildrop_reset(struct pq_maildrop *m)
{
    for (size_t i = 0; i < m->count; i++)
        m->messages[i].deleted = false;
    pq_maildrop_recount(m);
}
