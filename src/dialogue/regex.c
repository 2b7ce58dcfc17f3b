/* SPDX-License-Identifier: Apache-2.0 */
#include "dialogue/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

struct pq_regex {
    struct pq_slice source;
    pcre2_code *code;
    PCRE2_SPTR names; /* a table of `name_count` entries: number (2 octets), name, NUL */
    uint32_t name_count, name_len;
};

static void *arena_malloc(size_t size, void *arena)
{
    return pq_arena_get(arena, size);
}

static void arena_free(void *at, void *arena)
{
    (void)at;
    (void)arena;
}

/* ---- compiling ------------------------------------------------------------------------------- */

static enum pq_status refuse(struct pq_regex_problem *problem, int error, size_t offset)
{
    problem->offset = offset;
    problem->why[0] = 0;
    if (error == PCRE2_ERROR_HEAP_FAILED || error == PCRE2_ERROR_NOMEMORY)
        return PQ_STATUS_NO_MEMORY;
    (void)pcre2_get_error_message(error, (PCRE2_UCHAR *)problem->why, sizeof(problem->why));
    return PQ_STATUS_SYNTAX;
}

static pcre2_compile_context *compile_context(pcre2_general_context *general)
{
    pcre2_compile_context *c = pcre2_compile_context_create(general);
    if (!c)
        return NULL;
    (void)pcre2_set_max_pattern_length(c, PQ_REGEX_TEXT_MAX);
    (void)pcre2_set_parens_nest_limit(c, PQ_REGEX_NESTING_MAX);
    return c;
}

static void read_names(struct pq_regex *r)
{
    (void)pcre2_pattern_info(r->code, PCRE2_INFO_NAMECOUNT, &r->name_count);
    (void)pcre2_pattern_info(r->code, PCRE2_INFO_NAMEENTRYSIZE, &r->name_len);
    (void)pcre2_pattern_info(r->code, PCRE2_INFO_NAMETABLE, &r->names);
}

enum pq_status pq_regex_compile(struct pq_arena *arena, struct pq_slice source,
                                const struct pq_regex **out, struct pq_regex_problem *problem)
{
    static const uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL |
                                    PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
                                    PCRE2_NEVER_BACKSLASH_C;
    pcre2_general_context *general = pcre2_general_context_create(arena_malloc, arena_free, arena);
    pcre2_compile_context *context = general ? compile_context(general) : NULL;
    struct pq_regex *r = pq_arena_get(arena, sizeof(*r));
    if (!context || !r)
        return refuse(problem, PCRE2_ERROR_NOMEMORY, 0);
    int error = 0;
    size_t offset = 0;
    r->source = source;
    r->code = pcre2_compile(source.at, source.len, options, &error, &offset, context);
    if (!r->code)
        return refuse(problem, error, offset);
    read_names(r);
    *out = r;
    return PQ_STATUS_OK;
}

struct pq_slice pq_regex_source(const struct pq_regex *r)
{
    return r->source;
}

bool pq_regex_name(const struct pq_regex *r, size_t n, struct pq_slice *name)
{
    if (n >= r->name_count)
        return false;
    PCRE2_SPTR entry = r->names + n * r->name_len + 2;
    *name = pq_slice_of(entry, strlen((const char *)entry));
    return true;
}

/* ---- matching -------------------------------------------------------------------------------- */

static pcre2_match_context *match_context(pcre2_general_context *general)
{
    pcre2_match_context *c = pcre2_match_context_create(general);
    if (!c)
        return NULL;
    (void)pcre2_set_match_limit(c, PQ_REGEX_STEPS_MAX);
    (void)pcre2_set_depth_limit(c, PQ_REGEX_DEPTH_MAX);
    (void)pcre2_set_heap_limit(c, PQ_REGEX_HEAP_MAX_KIB);
    return c;
}

static enum pq_regex_outcome outcome_of(int result)
{
    if (result >= 0)
        return PQ_REGEX_YES;
    if (result == PCRE2_ERROR_NOMATCH)
        return PQ_REGEX_NO;
    return result == PCRE2_ERROR_NOMEMORY ? PQ_REGEX_NO_MEMORY : PQ_REGEX_LIMIT;
}

void pq_regex_match(const struct pq_regex *r, struct pq_slice line, struct pq_arena *scratch,
                    struct pq_regex_match *m)
{
    static const uint8_t nothing[1] = {0};
    *m = (struct pq_regex_match){.outcome = PQ_REGEX_NO_MEMORY, .line = line};
    pcre2_general_context *general =
        pcre2_general_context_create(arena_malloc, arena_free, scratch);
    pcre2_match_context *context = general ? match_context(general) : NULL;
    pcre2_match_data *data =
        context ? pcre2_match_data_create_from_pattern(r->code, general) : NULL;
    if (!data)
        return;
    int result =
        pcre2_match(r->code, line.len > 0 ? line.at : nothing, line.len, 0, 0, data, context);
    m->outcome = outcome_of(result);
    m->groups = pcre2_get_ovector_pointer(data);
}

bool pq_regex_group(const struct pq_regex *r, const struct pq_regex_match *m, size_t n,
                    struct pq_slice *out)
{
    if (n >= r->name_count)
        return false;
    PCRE2_SPTR entry = r->names + n * r->name_len;
    size_t group = (size_t)entry[0] << 8 | entry[1];
    size_t from = m->groups[2 * group], to = m->groups[2 * group + 1];
    if (from == PCRE2_UNSET || to == PCRE2_UNSET || from > to)
        return false;
    *out = pq_slice_first(pq_slice_after(m->line, from), to - from);
    return true;
}
