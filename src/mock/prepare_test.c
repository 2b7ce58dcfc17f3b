/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include "mock/prepare.h"

static const struct {
    const char *text, *want; /* NULL: it is refused */
} cases[] = {
    {"", ""},
    {"user Name~", "user Name~"},
    {"I\xC2\xADX", "IX"}, /* the first example of RFC 4013 section 3 */
    {"\xC2\xAD", ""},     /* nothing is left */
    {"a\xC2\xA0"
     "b\xE3\x80\x80",
     "a b "},                                  /* spaces */
    {"\xEF\xBC\xA1\xEF\xBD\x9E", "A~"},        /* full width */
    {"u\xCC\x88", "\xC3\xBC"},                 /* u, two dots */
    {"e\xCC\x81\xCC\x81", "\xC3\xA9\xCC\x81"}, /* a mark too many */
    {"\xCC\x88u", "\xCC\x88u"},                /* a mark without a letter */
    {"b\xCC\x88", "b\xCC\x88"},                /* no such letter */
    {"\xE2\x84\xAB"
     "A\xCC\x8A",
     "\xC3\x85\xC3\x85"},
    {"c\xCC\xA7y\xCC\x88Y\xCC\x81N\xCC\x83", "\xC3\xA7\xC3\xBF\xC3\x9D\xC3\x91"},
    {"\xC3\xBC\xE2\x82\xAC\xF0\x9F\x90\xB1", "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x90\xB1"},
    {"a\x07", NULL}, /* the last two examples but for bidi */
    {"\x7F", NULL},
    {"\xC2\x9F", NULL},
    {"\xE2\x80\x8E", NULL}, /* left-to-right mark */
    {"\xEE\x80\x80", NULL}, /* private use */
    {"\xEF\xBF\xBE", NULL}, /* no character */
    {"\xF0\x9F\xBF\xBF", NULL},
    {"\xF3\xA0\x80\x81", NULL}, /* language tag */
    {"\xC3", NULL},             /* no UTF-8 */
    {"\xED\xA0\x80", NULL},
};

static void test_prepare(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t memory[64];
        struct pq_buf out;
        struct pq_slice text = pq_slice_text(cases[i].text);
        pq_buf_init(&out, memory, sizeof(memory));
        enum pq_status status = pq_prepare(guard_slice(text), &out);
        if (status != (cases[i].want ? PQ_STATUS_OK : PQ_STATUS_SYNTAX) ||
            !pq_slice_equal(pq_buf_slice(&out), pq_slice_text(cases[i].want ? cases[i].want : "")))
            fail_msg("case %zu", i);
        if (!cases[i].want || text.len == 0)
            continue;
        pq_buf_init(&out, memory, text.len);
        assert_int_equal(pq_prepare(text, &out), PQ_STATUS_OK);
        pq_buf_init(&out, memory, text.len - 1);
        assert_int_equal(pq_prepare(text, &out), PQ_STATUS_NO_ROOM);
        assert_int_equal(out.len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_prepare)};
    return cmocka_run_group_tests_name("prepare", tests, NULL, NULL);
}
