/* SPDX-License-Identifier: Apache-2.0 */
#include "mock/mask.h"

#include <string.h>

#include "popquiz/sasl.h"

/* The longest keyword that is shown though nobody knows it: those of POP3 have 3 or 4 letters
 * (RFC 1939 section 3), and words of base64 have more than a few. */
#define KEYWORD_MAX 4u

static const struct pq_slice hidden = PQ_SLICE_INIT("****");

/* Which octets of a text are to be hidden. */
struct marks {
    struct pq_slice text;
    uint8_t at[PQ_MASK_MAX]; /* of the first text.len octets; not zero: hidden */
};

/* ---- secrets in a text ----------------------------------------------------------------------- */

static bool contains(struct pq_slice text, struct pq_slice secret)
{
    for (size_t i = 0; secret.len > 0 && i + secret.len <= text.len; i++)
        if (memcmp(text.at + i, secret.at, secret.len) == 0)
            return true;
    return false;
}

static void mark_raw(struct marks *m, struct pq_slice secret)
{
    for (size_t i = 0; secret.len > 0 && i + secret.len <= m->text.len; i++)
        if (memcmp(m->text.at + i, secret.at, secret.len) == 0)
            memset(m->at + i, 1, secret.len);
}

static bool is_base64(uint8_t octet)
{
    return pq_ascii_is_alpha(octet) || pq_ascii_is_digit(octet) || octet == '+' || octet == '/';
}

/* Decodes from octet `from` of the word on, as if it went on with zero bits: so its own end, padded
 * or not, is decoded too. */
static struct pq_slice decode(struct pq_slice word, size_t from, uint8_t *memory, size_t cap)
{
    uint8_t text[PQ_MASK_MAX + 3];
    struct pq_buf padded, out;
    pq_buf_init(&padded, text, sizeof(text));
    pq_buf_init(&out, memory, cap);
    pq_buf_put(&padded, pq_slice_after(word, from));
    pq_buf_put_text(&padded, "AAA");
    enum pq_status status =
        pq_base64_decode(pq_slice_first(pq_buf_slice(&padded), padded.len / 4 * 4), &out);
    return status == PQ_STATUS_OK ? pq_buf_slice(&out) : pq_slice_of(NULL, 0);
}

static bool contains_secret(struct pq_slice text, const struct pq_store *store)
{
    for (size_t i = 0; i < store->count; i++)
        if (contains(text, store->accounts[i].password))
            return true;
    return false;
}

/* Whether the word is base64 of something with a secret in it. It may begin anywhere: a client can
 * have glued something in front. */
static bool encodes_secret(struct pq_slice word, const struct pq_store *store)
{
    uint8_t memory[PQ_MASK_MAX];
    for (size_t from = 0; from < 4 && from < word.len; from++)
        if (contains_secret(decode(word, from, memory, sizeof(memory)), store))
            return true;
    return false;
}

static void mark_encoded(struct marks *m, const struct pq_store *store)
{
    size_t begin = 0;
    for (size_t end = 0; end <= m->text.len; end++) {
        if (end < m->text.len && is_base64(m->text.at[end]))
            continue;
        struct pq_slice word = pq_slice_after(pq_slice_first(m->text, end), begin);
        if (word.len > 0 && encodes_secret(word, store))
            memset(m->at + begin, 1, word.len);
        begin = end + 1;
    }
}

/* Appends the text with each stretch that is marked replaced. */
static void put_marked(const struct marks *m, struct pq_buf *shown)
{
    for (size_t i = 0; i < m->text.len; i++) {
        if (!m->at[i])
            pq_buf_put_octet(shown, m->text.at[i]);
        else if (i == 0 || !m->at[i - 1])
            pq_buf_put(shown, hidden);
    }
}

static void put_masked(struct pq_slice octets, const struct pq_store *store, struct pq_buf *shown)
{
    struct marks m = {.text = pq_slice_first(octets, PQ_MASK_MAX)};
    for (size_t i = 0; i < store->count; i++)
        mark_raw(&m, store->accounts[i].password);
    mark_encoded(&m, store);
    put_marked(&m, shown);
}

void pq_mask_answer(struct pq_slice octets, const struct pq_store *store, struct pq_buf *shown)
{
    put_masked(octets, store, shown);
}

/* ---- commands -------------------------------------------------------------------------------- */

/* How many words of a command may be read by anybody; the rest of the line may not. A password can
 * hold a blank, so that a word of it may stand where a name or a mechanism should. */
static size_t public_words(const struct pq_event *e)
{
    const struct pq_command *c = &e->command;
    bool known = c->argc > 0 && pq_mechanism_of(c->args[0]) != PQ_MECHANISM_UNKNOWN;
    if (e->verb == PQ_VERB_UNKNOWN || e->too_long || e->verb == PQ_VERB_PASS)
        return 1;
    if (e->verb == PQ_VERB_APOP)
        return c->flaw == PQ_FLAW_NONE ? 2 : 1;
    if (e->verb == PQ_VERB_AUTH)
        return known ? 2 : 1;
    return SIZE_MAX;
}

/* The octets of the first `words` words. */
static size_t words_len(struct pq_slice line, size_t words)
{
    struct pq_slice rest = line;
    for (size_t i = 0; i < words && rest.len > 0; i++)
        (void)pq_slice_cut(&rest, ' ');
    return line.len - rest.len;
}

static size_t public_len(const struct pq_event *e)
{
    struct pq_slice line = e->octets;
    if (e->kind == PQ_EVENT_RESPONSE)
        return pq_slice_equal(line, PQ_SLICE("*")) ? line.len : 0;
    size_t len = words_len(line, public_words(e));
    bool strange = e->verb == PQ_VERB_UNKNOWN && pq_slice_index(line, ' ') > KEYWORD_MAX;
    return strange ? 0 : len;
}

void pq_mask_event(const struct pq_event *e, const struct pq_store *store, struct pq_buf *shown)
{
    size_t len = public_len(e);
    put_masked(pq_slice_first(e->octets, len), store, shown);
    if (len < e->octets.len)
        pq_buf_put(shown, hidden);
}
