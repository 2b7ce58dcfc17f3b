/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "base/testing.h"

static struct pq_slice buf_of(struct pq_buf *b, uint8_t *memory, size_t cap)
{
    pq_buf_init(b, memory, cap);
    return pq_buf_slice(b);
}

static const struct number_case {
    const char *text;
    enum pq_status status;
    uint64_t value;
} number_cases[] = {
    {"0", PQ_STATUS_OK, 0},
    {"1", PQ_STATUS_OK, 1},
    {"18446744073709551615", PQ_STATUS_OK, UINT64_MAX},
    {"18446744073709551616", PQ_STATUS_NUMBER_RANGE, 0},
    {"340282366920938463463374607431768211457", PQ_STATUS_NUMBER_RANGE, 0},
    {"", PQ_STATUS_NOT_NUMBER, 0},
    {"01", PQ_STATUS_NOT_NUMBER, 0},
    {"+1", PQ_STATUS_NOT_NUMBER, 0},
    {"-1", PQ_STATUS_NOT_NUMBER, 0},
    {" 1", PQ_STATUS_NOT_NUMBER, 0},
    {"1 ", PQ_STATUS_NOT_NUMBER, 0},
    {"1x", PQ_STATUS_NOT_NUMBER, 0},
    {"0x1", PQ_STATUS_NOT_NUMBER, 0},
    {"99999999999999999999x", PQ_STATUS_NOT_NUMBER, 0},
};

static void test_numbers_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(number_cases) / sizeof(number_cases[0]); i++) {
        const struct number_case *c = &number_cases[i];
        uint64_t got = 77;
        assert_int_equal(pq_parse_u64(guard_slice(pq_slice_text(c->text)), &got), c->status);
        assert_true(got == (c->status == PQ_STATUS_OK ? c->value : 77));
    }
    uint32_t small = 77;
    assert_int_equal(pq_parse_u32(PQ_SLICE("4294967295"), &small), PQ_STATUS_OK);
    assert_int_equal(small, UINT32_MAX);
    assert_int_equal(pq_parse_u32(PQ_SLICE("4294967296"), &small), PQ_STATUS_NUMBER_RANGE);
    uint64_t zeros = 0;
    assert_int_equal(pq_parse_u64_zeros(PQ_SLICE("010"), &zeros), PQ_STATUS_OK);
    assert_int_equal(zeros, 10);
}

static const struct base64_case {
    const char *data, *text;
} base64_cases[] = {/* RFC 4648 section 10 */
                    {"", ""},
                    {"f", "Zg=="},
                    {"fo", "Zm8="},
                    {"foo", "Zm9v"},
                    {"foob", "Zm9vYg=="},
                    {"fooba", "Zm9vYmE="},
                    {"foobar", "Zm9vYmFy"}};

static void test_base64_vectors(void **state)
{
    (void)state;
    uint8_t memory[16];
    struct pq_buf b;
    for (size_t i = 0; i < sizeof(base64_cases) / sizeof(base64_cases[0]); i++) {
        struct pq_slice data = pq_slice_text(base64_cases[i].data);
        struct pq_slice text = pq_slice_text(base64_cases[i].text);
        buf_of(&b, memory, text.len);
        assert_int_equal(pq_base64_encode(guard_slice(data), &b), PQ_STATUS_OK);
        assert_true(pq_slice_equal(pq_buf_slice(&b), text));
        buf_of(&b, memory, data.len);
        assert_int_equal(pq_base64_decode(guard_slice(text), &b), PQ_STATUS_OK);
        assert_true(pq_slice_equal(pq_buf_slice(&b), data));
        if (data.len > 0) {
            buf_of(&b, memory, data.len - 1);
            assert_int_equal(pq_base64_decode(text, &b), PQ_STATUS_NO_ROOM);
            assert_int_equal(b.len, 0);
        }
    }
}

static void test_base64_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",      "Zg",   "Zg=",  "Zh==",  "Zm9=", "Zg==Zg==", "=Zg=", "====",
        "Zm9v\n", "Zm 9", "Zm9!", "Zm9v=", "Z===", "Zm9-",     "Zm9_", "Zg=a"};
    uint8_t memory[16];
    struct pq_buf b;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        buf_of(&b, memory, sizeof(memory));
        assert_int_equal(pq_base64_decode(guard_slice(pq_slice_text(bad[i])), &b),
                         PQ_STATUS_NOT_BASE64);
        assert_int_equal(b.len, 0);
    }
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t memory[8];
    struct pq_buf b;
    buf_of(&b, memory, 8);
    assert_int_equal(pq_hex_encode(PQ_SLICE("\x00\xffz"), &b), PQ_STATUS_OK);
    assert_true(pq_slice_equal(pq_buf_slice(&b), PQ_SLICE("00ff7a")));
    assert_int_equal(pq_hex_encode(PQ_SLICE("xy"), &b), PQ_STATUS_NO_ROOM);
    buf_of(&b, memory, 8);
    assert_int_equal(pq_hex_decode(PQ_SLICE("00Ff7a"), &b), PQ_STATUS_OK);
    assert_true(pq_slice_equal(pq_buf_slice(&b), PQ_SLICE("\x00\xffz")));
    assert_int_equal(pq_hex_decode(PQ_SLICE("0"), &b), PQ_STATUS_NOT_HEX);
    assert_int_equal(pq_hex_decode(PQ_SLICE("0g"), &b), PQ_STATUS_NOT_HEX);
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "abc",
                                       "\xC3\xA9",
                                       "\xE2\x82\xAC",
                                       "\xF0\x9F\x98\x80",
                                       "\xED\x9F\xBF",
                                       "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\xAF",
                                      "\xC1\xBF",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xC3",
                                      "\xE2\x82",
                                      "\xF0\x9F\x98",
                                      "a\xFF"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(pq_slice_is_utf8(guard_slice(pq_slice_text(good[i]))));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(pq_slice_is_utf8(guard_slice(pq_slice_text(bad[i]))));
}

/* The published values of FNV-1a, folded. */
static void test_a_hash_is_of_all_octets(void **state)
{
    (void)state;
    assert_true(pq_slice_hash(PQ_SLICE("")) == (0xCBF29CE484222325u ^ 0xCBF29CE4u));
    assert_true(pq_slice_hash(PQ_SLICE("a")) == (0xAF63DC4C8601EC8Cu ^ 0xAF63DC4Cu));
    assert_true(pq_slice_hash(PQ_SLICE("foobar")) == (0x85944171F73967E8u ^ 0x85944171u));
}

static void test_slices(void **state)
{
    (void)state;
    struct pq_slice rest = PQ_SLICE("a b  c");
    assert_true(pq_slice_equal(pq_slice_cut(&rest, ' '), PQ_SLICE("a")));
    assert_true(pq_slice_equal(pq_slice_cut(&rest, ' '), PQ_SLICE("b")));
    assert_true(pq_slice_equal(pq_slice_cut(&rest, ' '), PQ_SLICE("")));
    assert_true(pq_slice_equal(pq_slice_cut(&rest, ' '), PQ_SLICE("c")));
    assert_int_equal(rest.len, 0);
    assert_true(pq_slice_equal_nocase(PQ_SLICE("QuIt"), PQ_SLICE("qUiT")));
    assert_false(pq_slice_equal_nocase(PQ_SLICE("@"), PQ_SLICE("`")));
    assert_true(pq_slice_starts(PQ_SLICE("+OK x"), PQ_SLICE("+OK")));
    assert_false(pq_slice_starts(PQ_SLICE("+O"), PQ_SLICE("+OK")));
    assert_int_equal(pq_slice_after(pq_slice_of(NULL, 0), 3).len, 0);
}

static void test_octet_classes(void **state)
{
    (void)state;
    assert_int_equal(pq_slice_octets(PQ_SLICE("plain text")), 0);
    assert_int_equal(pq_slice_octets(PQ_SLICE("a\rb\nc\0d\x1b\xe9\t")),
                     PQ_OCTETS_CR | PQ_OCTETS_LF | PQ_OCTETS_NUL | PQ_OCTETS_CONTROL |
                         PQ_OCTETS_8BIT | PQ_OCTETS_TAB);
    assert_int_equal(pq_slice_octets(PQ_SLICE("\x7f")), PQ_OCTETS_CONTROL);
}

static void test_buf_refuses_what_does_not_fit(void **state)
{
    (void)state;
    uint8_t memory[8];
    struct pq_buf b;
    buf_of(&b, memory, sizeof(memory));
    assert_true(pq_buf_put_u64(&b, 1234567));
    assert_false(pq_buf_put_u64(&b, 10));
    assert_true(b.overflowed);
    assert_true(pq_slice_equal(pq_buf_slice(&b), PQ_SLICE("1234567")));
    pq_buf_drop(&b, 3);
    assert_true(pq_slice_equal(pq_buf_slice(&b), PQ_SLICE("4567")));
    pq_buf_clear(&b);
    assert_true(pq_buf_put_u64(&b, 0) && !b.overflowed);
}

static void test_buf_takes_octets_up_to_its_room(void **state)
{
    (void)state;
    uint8_t memory[2];
    struct pq_buf b;
    buf_of(&b, memory, sizeof(memory));
    assert_true(pq_buf_put_octet(&b, 'a') && pq_buf_put_octet(&b, 0));
    assert_false(b.overflowed);
    assert_false(pq_buf_put_octet(&b, 'c'));
    assert_true(b.overflowed);
    assert_true(pq_slice_equal(pq_buf_slice(&b), PQ_SLICE("a\0")));
}

static bool memory_scenario(struct pq_alloc alloc)
{
    struct pq_bytes bytes;
    struct pq_arena arena;
    pq_bytes_init(&bytes, alloc, 1000);
    pq_arena_init(&arena, alloc, 100000);
    bool ok = true;
    for (size_t i = 0; i < 100 && ok; i++)
        ok = pq_bytes_put(&bytes, PQ_SLICE("0123456789")) == PQ_STATUS_OK;
    for (size_t i = 0; i < 9 && ok; i++)
        ok = pq_arena_get(&arena, 4000) != NULL;
    if (ok) {
        assert_int_equal(pq_bytes_put(&bytes, PQ_SLICE("x")), PQ_STATUS_NO_MEMORY);
        assert_int_equal(bytes.len, 1000);
        assert_null(pq_arena_get(&arena, 64001));
    }
    pq_bytes_free(&bytes);
    pq_arena_free(&arena);
    return ok;
}

static void test_memory_survives_every_fault(void **state)
{
    (void)state;
    size_t faults = 0;
    for (;; faults++) {
        struct nth_fault f = {.fail_at = faults + 1, .lasts = true};
        if (memory_scenario(fault_alloc(&f)))
            break;
    }
    assert_int_equal(faults, 10); /* 64 .. 1000 octets in five steps, and five arena blocks */
}

static void test_rand_is_reproducible(void **state)
{
    (void)state;
    struct pq_rand a, b;
    pq_rand_init(&a, 1);
    pq_rand_init(&b, 1);
    for (int i = 0; i < 1000; i++) {
        uint64_t n = pq_rand_below(&a, 10);
        assert_true(n < 10 && n == pq_rand_below(&b, 10));
    }
    pq_rand_init(&b, 2);
    assert_true(pq_rand_next(&a) != pq_rand_next(&b));
}

static void test_status_texts(void **state)
{
    (void)state;
    assert_string_equal(pq_status_name(PQ_STATUS_NOT_BASE64), "NOT_BASE64");
    assert_string_equal(pq_status_text(PQ_STATUS_OK), "no error");
    assert_string_equal(pq_status_name((enum pq_status)9999), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_exact),
        cmocka_unit_test(test_base64_vectors),
        cmocka_unit_test(test_base64_is_strict),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_a_hash_is_of_all_octets),
        cmocka_unit_test(test_octet_classes),
        cmocka_unit_test(test_buf_refuses_what_does_not_fit),
        cmocka_unit_test(test_buf_takes_octets_up_to_its_room),
        cmocka_unit_test(test_memory_survives_every_fault),
        cmocka_unit_test(test_rand_is_reproducible),
        cmocka_unit_test(test_status_texts),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
