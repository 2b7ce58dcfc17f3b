/* SPDX-License-Identifier: Apache-2.0 */
#include "popquiz/capa.h"

#include <assert.h>

#include "popquiz/command.h"

static const struct pq_capability_row rows[PQ_CAPA_COUNT] = {
    [PQ_CAPA_OTHER] = {PQ_SLICE_INIT(""), 0, 0, 255},
#define X(name, text, rfc, least, most) [PQ_CAPA_##name] = {PQ_SLICE_INIT(text), rfc, least, most},
    PQ_CAPABILITY_LIST(X)
#undef X
};

const struct pq_capability_row *pq_capability_row(enum pq_capability_tag tag)
{
    assert(tag < PQ_CAPA_COUNT);
    return &rows[tag];
}

struct pq_slice pq_capability_param(struct pq_slice *params)
{
    return pq_slice_cut(params, ' ');
}

static enum pq_capability_tag tag_of(struct pq_slice name)
{
    for (int tag = PQ_CAPA_OTHER + 1; tag < PQ_CAPA_COUNT; tag++)
        if (pq_slice_equal_nocase(name, rows[tag].text))
            return (enum pq_capability_tag)tag;
    return PQ_CAPA_OTHER;
}

/* Counts the parameters; false when one is empty or holds an octet that it may not. */
static bool count_params(struct pq_slice params, size_t *count)
{
    *count = 0;
    while (params.len > 0) {
        size_t before = params.len;
        struct pq_slice param = pq_capability_param(&params);
        bool blank_at_end = param.len < before && params.len == 0;
        if (param.len == 0 || !pq_slice_is_visible(param) || blank_at_end)
            return false;
        (*count)++;
    }
    return true;
}

/* A number (or NEVER), and USER behind it: LOGIN-DELAY and EXPIRE (RFC 2449 sections 6.5, 6.7). */
static bool is_number_or(struct pq_slice params, struct pq_slice word)
{
    uint64_t number;
    struct pq_slice first = pq_capability_param(&params);
    if (!pq_slice_equal_nocase(first, word) && pq_parse_u64(first, &number) != PQ_STATUS_OK)
        return false;
    return params.len == 0 || pq_slice_equal_nocase(params, PQ_SLICE("USER"));
}

static bool are_mechanisms(struct pq_slice params)
{
    while (params.len > 0)
        if (!pq_mechanism_is_valid(pq_capability_param(&params)))
            return false;
    return true;
}

static bool params_suit(enum pq_capability_tag tag, struct pq_slice params)
{
    if (tag == PQ_CAPA_LOGIN_DELAY)
        return is_number_or(params, PQ_SLICE("\0"));
    if (tag == PQ_CAPA_EXPIRE)
        return is_number_or(params, PQ_SLICE("NEVER"));
    if (tag == PQ_CAPA_SASL)
        return are_mechanisms(params);
    if (tag == PQ_CAPA_UTF8)
        return params.len == 0 || pq_slice_equal_nocase(params, PQ_SLICE("USER"));
    return true;
}

enum pq_status pq_capability_parse(struct pq_slice line, struct pq_capability *c)
{
    struct pq_capability got = {.params = line};
    size_t count = 0;
    got.name = pq_slice_cut(&got.params, ' ');
    got.tag = tag_of(got.name);
    bool blank_at_end = got.name.len < line.len && got.params.len == 0;
    if (got.name.len == 0 || !pq_slice_is_visible(got.name) || blank_at_end ||
        pq_slice_index(got.name, '.') < got.name.len || !count_params(got.params, &count))
        return PQ_STATUS_SYNTAX;
    const struct pq_capability_row *row = pq_capability_row(got.tag);
    if (count < row->least || (row->most != 255 && count > row->most) ||
        !params_suit(got.tag, got.params))
        return PQ_STATUS_SYNTAX;
    *c = got;
    return PQ_STATUS_OK;
}

enum pq_status pq_capability_write(const struct pq_capability *c, struct pq_buf *out)
{
    size_t start = out->len;
    struct pq_slice name = c->tag == PQ_CAPA_OTHER ? c->name : pq_capability_row(c->tag)->text;
    bool fits = pq_buf_put(out, name);
    if (fits && c->params.len > 0)
        fits = pq_buf_put_octet(out, ' ') && pq_buf_put(out, c->params);
    if (fits && pq_buf_put_text(out, "\r\n"))
        return PQ_STATUS_OK;
    out->len = start;
    return PQ_STATUS_NO_ROOM;
}
