/* SPDX-License-Identifier: Apache-2.0
 * The words of the wire. */
#include "dialogue/player/wire.h"

#include <assert.h>

#define X(tag, word, text) word,
static const char *const result_words[] = {PQ_WIRE_RESULT_LIST(X)};
#undef X
#define X(tag, word, text) text,
static const char *const result_texts[] = {PQ_WIRE_RESULT_LIST(X)};
#undef X
#define X(tag, word) word,
static const char *const tls_words[] = {PQ_WIRE_TLS_LIST(X)};
static const char *const ask_words[] = {PQ_ASK_LIST(X)};
static const char *const answer_words[] = {PQ_ANSWER_LIST(X)};
#undef X

/* The index of `word`, or `count`. */
static int word_index(const char *const *words, int count, struct pq_slice word)
{
    int i = 0;
    while (i < count && !pq_slice_equal(pq_slice_text(words[i]), word))
        i++;
    return i;
}

const char *pq_wire_result_word(enum pq_wire_result result)
{
    assert(result < PQ_WIRE_RESULT_COUNT);
    return result_words[result];
}

const char *pq_wire_result_text(enum pq_wire_result result)
{
    assert(result < PQ_WIRE_RESULT_COUNT);
    return result_texts[result];
}

const char *pq_wire_tls_word(enum pq_wire_tls result)
{
    assert(result < PQ_WIRE_TLS_COUNT);
    return tls_words[result];
}

enum pq_wire_result pq_wire_result_of(struct pq_slice word)
{
    return (enum pq_wire_result)word_index(result_words, PQ_WIRE_RESULT_COUNT, word);
}

enum pq_wire_tls pq_wire_tls_of(struct pq_slice word)
{
    return (enum pq_wire_tls)word_index(tls_words, PQ_WIRE_TLS_COUNT, word);
}

const char *pq_ask_word(enum pq_ask_what what)
{
    assert(what < PQ_ASK_COUNT);
    return ask_words[what];
}

enum pq_ask_what pq_ask_of(struct pq_slice word)
{
    return (enum pq_ask_what)word_index(ask_words, PQ_ASK_COUNT, word);
}

const char *pq_answer_word(enum pq_answer_kind kind)
{
    assert(kind < PQ_ANSWER_COUNT);
    return answer_words[kind];
}

enum pq_answer_kind pq_answer_of(struct pq_slice word)
{
    return (enum pq_answer_kind)word_index(answer_words, PQ_ANSWER_COUNT, word);
}
