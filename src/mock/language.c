/* SPDX-License-Identifier: Apache-2.0
 * LANG, and what the server says, once for each language. */
#include "mock/language.h"

#include "mock/language_texts.h"
#include "mock/server_internal.h"

#include <assert.h>

static const struct pq_language_row rows[PQ_LANGUAGE_COUNT] = {
#define X(id, tag, name) {PQ_SLICE_INIT(tag), PQ_SLICE_INIT(name)},
    PQ_LANGUAGE_LIST(X)
#undef X
};

static const struct text {
    struct pq_slice in[PQ_LANGUAGE_COUNT];
} texts[] = {
#define X(english, german, spanish)                                                                \
    {{PQ_SLICE_INIT(english), PQ_SLICE_INIT(german), PQ_SLICE_INIT(spanish)}},
    PQ_TEXT_LIST(X)
#undef X
};

const struct pq_language_row *pq_language_row(enum pq_language language)
{
    assert(language < PQ_LANGUAGE_COUNT);
    return &rows[language];
}

enum pq_language pq_language_of(struct pq_slice range)
{
    int language = 0;
    while (language < PQ_LANGUAGE_COUNT && !pq_language_range_matches(range, rows[language].tag))
        language++;
    return (enum pq_language)language;
}

struct pq_slice pq_language_text(enum pq_language language, const char *english)
{
    struct pq_slice text = pq_slice_text(english);
    if (language == PQ_LANGUAGE_ENGLISH)
        return text;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (pq_slice_equal(texts[i].in[PQ_LANGUAGE_ENGLISH], text))
            return texts[i].in[language];
    return text;
}

void server_say(const struct pq_server *s, struct pq_buf *to, const char *english)
{
    pq_buf_put(to, pq_language_text(s->language, english));
}

/* ---- the command ----------------------------------------------------------------------------- */

bool server_lang_line(struct pq_server *s, size_t index, struct pq_buf *line)
{
    (void)s;
    if (index >= PQ_LANGUAGE_COUNT)
        return false;
    pq_buf_put(line, rows[index].tag);
    pq_buf_put_octet(line, ' ');
    pq_buf_put(line, rows[index].name);
    return true;
}

static void choose(struct pq_server *s, enum pq_language language)
{
    uint8_t memory[PQ_REPLY_LINE_MAX];
    struct pq_buf text;
    s->language = language;
    pq_buf_init(&text, memory, sizeof(memory));
    pq_buf_put(&text, rows[language].tag);
    pq_buf_put_octet(&text, ' ');
    server_say(s, &text, "this language is used");
    server_ok_text(s, pq_buf_slice(&text));
}

void server_lang(struct pq_server *s, const struct pq_command *c)
{
    if (!s->mock->config.lang) {
        server_err(s, "", "LANG is not offered");
        return;
    }
    if (c->argc == 0) {
        s->job = (struct job){.kind = JOB_LANG, .verb = PQ_VERB_LANG};
        server_ok(s, "languages follow");
        return;
    }
    enum pq_language language = pq_language_of(c->args[0]);
    if (language == PQ_LANGUAGE_COUNT)
        server_err(s, "", "no such language");
    else
        choose(s, language);
}
