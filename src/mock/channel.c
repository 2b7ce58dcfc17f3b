/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/channel.h"

_Static_assert(PQ_TLS_BINDING_COUNT <= PQ_CHANNEL_BINDINGS_MAX, "there is room for each binding");
_Static_assert(PQ_TLS_BINDING_MAX <= PQ_SASL_BINDING_MAX, "SCRAM can carry each binding");

/* The account that one of the names is. */
static const struct pq_account *find_owner(const struct pq_tls *t, const struct pq_store *store)
{
    const struct pq_account *found = NULL;
    uint8_t memory[PQ_STORE_NAME_MAX];
    struct pq_buf name;
    pq_buf_init(&name, memory, sizeof(memory));
    for (size_t i = 0; !found && pq_tls_peer_name(t, i, &name); i++, name.len = 0)
        found = pq_store_find(store, pq_buf_slice(&name));
    return found;
}

void pq_channel_tell(const struct pq_tls *t, const struct pq_store *store, struct pq_server *s)
{
    uint8_t memory[PQ_TLS_BINDING_COUNT][PQ_TLS_BINDING_MAX], unique[PQ_TLS_BINDING_MAX];
    struct pq_channel channel = {.owner = find_owner(t, store)};
    for (int i = 0; i < PQ_TLS_BINDING_COUNT; i++) {
        struct pq_buf data;
        pq_buf_init(&data, memory[i], sizeof(memory[i]));
        if (pq_tls_binding(t, (enum pq_tls_binding)i, &data))
            channel.bindings[channel.bindings_len++] = (struct pq_sasl_binding){
                .name = pq_slice_text(pq_tls_binding_name((enum pq_tls_binding)i)),
                .data = pq_buf_slice(&data)};
    }
    struct pq_buf first, none;
    pq_buf_init(&first, unique, sizeof(unique));
    pq_buf_init(&none, memory[PQ_TLS_BINDING_UNIQUE], sizeof(memory[0]));
    if (!pq_tls_binding(t, PQ_TLS_BINDING_UNIQUE, &none) && pq_tls_first_finished(t, &first))
        channel.wrong = (struct pq_sasl_binding){
            .name = pq_slice_text(pq_tls_binding_name(PQ_TLS_BINDING_UNIQUE)),
            .data = pq_buf_slice(&first)};
    pq_server_on_channel(s, &channel);
}
