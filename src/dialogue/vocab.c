/* SPDX-License-Identifier: Apache-2.0
 * Words, keys, needs and types. The directives are in directives.c. */
#include "dialogue/vocab.h"

#include <assert.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define X(name, text) PQ_SLICE_INIT(text),
static const struct pq_slice kinds[] = {PQ_DLG_KIND_LIST(X)};
static const struct pq_slice states[] = {PQ_DLG_STATE_LIST(X)};
static const struct pq_slice roles[] = {PQ_DLG_ROLE_LIST(X)};
static const struct pq_slice verdicts[] = {PQ_DLG_VERDICT_LIST(X)};
static const struct pq_slice levels[] = {PQ_DLG_LEVEL_LIST(X)};
static const struct pq_slice cuts[] = {PQ_DLG_CUT_LIST(X)};
static const struct pq_slice versions[] = {PQ_DLG_VERSION_LIST(X)};
static const struct pq_slice hellos[] = {PQ_DLG_HELLO_LIST(X)};
#undef X
static const struct pq_slice yes_no[] = {PQ_SLICE_INIT("no"), PQ_SLICE_INIT("yes")};
static const struct pq_slice events[] = {PQ_SLICE_INIT("no-crash")};
static const struct pq_slice milestones[] = {PQ_SLICE_INIT("tls"), PQ_SLICE_INIT("auth")};
/* Versions as they stand in the head of a record: 3.1 is TLS 1.0. */
static const struct pq_slice records[] = {PQ_SLICE_INIT("3.0"), PQ_SLICE_INIT("3.1"),
                                          PQ_SLICE_INIT("3.2"), PQ_SLICE_INIT("3.3"),
                                          PQ_SLICE_INIT("3.4")};
static const struct pq_slice builtins[] = {
    PQ_SLICE_INIT("user"), PQ_SLICE_INIT("pw"),   PQ_SLICE_INIT("user2"), PQ_SLICE_INIT("pw2"),
    PQ_SLICE_INIT("host"), PQ_SLICE_INIT("port"), PQ_SLICE_INIT("nonce"),
};
static const struct pq_slice fields[] = {PQ_SLICE_INIT("size"), PQ_SLICE_INIT("octets"),
                                         PQ_SLICE_INIT("lines"), PQ_SLICE_INIT("text")};

const struct pq_dlg_words pq_dlg_kinds = {kinds, COUNT(kinds)};
const struct pq_dlg_words pq_dlg_states = {states, COUNT(states)};
const struct pq_dlg_words pq_dlg_roles = {roles, COUNT(roles)};
const struct pq_dlg_words pq_dlg_verdicts = {verdicts, COUNT(verdicts)};
const struct pq_dlg_words pq_dlg_levels = {levels, COUNT(levels)};
const struct pq_dlg_words pq_dlg_cuts = {cuts, COUNT(cuts)};
const struct pq_dlg_words pq_dlg_versions = {versions, COUNT(versions)};
const struct pq_dlg_words pq_dlg_yes_no = {yes_no, COUNT(yes_no)};
const struct pq_dlg_words pq_dlg_events = {events, COUNT(events)};
const struct pq_dlg_words pq_dlg_milestones = {milestones, COUNT(milestones)};
const struct pq_dlg_words pq_dlg_hellos = {hellos, COUNT(hellos)};
const struct pq_dlg_words pq_dlg_records = {records, COUNT(records)};
const struct pq_dlg_words pq_dlg_builtins = {builtins, COUNT(builtins)};
const struct pq_dlg_words pq_dlg_fields = {fields, COUNT(fields)};

size_t pq_dlg_word_of(const struct pq_dlg_words *words, struct pq_slice word)
{
    size_t i = 0;
    while (i < words->count && !pq_slice_equal(words->at[i], word))
        i++;
    return i;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const struct pq_dlg_key_row keys[PQ_DLG_KEY_COUNT] = {
#define X(name, text, form, words, crash, help)                                                    \
    [PQ_DLG_KEY_##name] = {PQ_SLICE_INIT(text), words, help, PQ_DLG_VALUE_##form, crash},
    PQ_DLG_KEY_LIST(X)
#undef X
};

const struct pq_dlg_key_row *pq_dlg_key_row(enum pq_dlg_key key)
{
    assert(key < PQ_DLG_KEY_COUNT);
    return &keys[key];
}

enum pq_dlg_key pq_dlg_key_of(struct pq_slice name)
{
    int key = 0;
    while (key < PQ_DLG_KEY_COUNT && !pq_slice_equal(keys[key].name, name))
        key++;
    return (enum pq_dlg_key)key;
}

/* ---- needs ----------------------------------------------------------------------------------- */

#define NEED(name, form, help)                                                                     \
    {                                                                                              \
        PQ_SLICE_INIT(name), PQ_DLG_NEED_##form, help                                              \
    }

static const struct pq_dlg_need_row needs[] = {
    NEED("capa", LIST, "a capability line: its tag, then parameters that it must have"),
    NEED("capabilities", NONE, "the command CAPA"),
    NEED("messages", LEAST, "so many messages in the maildrop"),
    NEED("accounts", LEAST, "so many accounts"),
    NEED("deliver", NONE, "an adapter that can add mail"),
    NEED("reset", NONE, "an adapter that can restore the maildrop"),
    NEED("peek", NONE, "an adapter that can list the store"),
    NEED("restart", NONE, "an adapter that can restart the target"),
    NEED("tls", NONE, "TLS, by STLS or on a port of its own"),
    NEED("implicit-tls", NONE, "TLS on a port of its own"),
    NEED("client-certificate", NONE,
         "a certificate of the account, to show where TLS asks for one"),
    NEED("cleartext", NONE, "login without TLS"),
    NEED("login", LIST, "ways to log in: user, apop, or names of SASL mechanisms"),
    NEED("wrong-login", NONE, "logins that fail, which some servers answer slowly"),
    NEED("destructive", NONE, "leave to remove mail"),
    NEED("slow", NONE, "leave to take more than ten seconds"),
    NEED("config", LIST, "settings of the target, by the names that its profile gives them"),
};

const struct pq_dlg_need_row *pq_dlg_need_row(size_t n)
{
    return n < COUNT(needs) ? &needs[n] : NULL;
}

const struct pq_dlg_need_row *pq_dlg_need_of(struct pq_slice name)
{
    for (size_t i = 0; i < COUNT(needs); i++)
        if (pq_slice_equal(needs[i].name, name))
            return &needs[i];
    return NULL;
}

/* ---- types ----------------------------------------------------------------------------------- */

static const struct pq_dlg_type_row types[PQ_DLG_TYPE_COUNT] = {
#define X(name, text, emit, help)                                                                  \
    [PQ_DLG_TYPE_##name] = {PQ_SLICE_INIT(text), PQ_SLICE_INIT(emit), help},
    PQ_DLG_TYPE_LIST(X)
#undef X
};

const struct pq_dlg_type_row *pq_dlg_type_row(enum pq_dlg_type type)
{
    assert(type < PQ_DLG_TYPE_COUNT);
    return &types[type];
}

enum pq_dlg_type pq_dlg_type_of(struct pq_slice name)
{
    int type = 0;
    while (type < PQ_DLG_TYPE_COUNT && !pq_slice_equal(types[type].name, name))
        type++;
    return (enum pq_dlg_type)type;
}
