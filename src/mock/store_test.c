/* SPDX-License-Identifier: Apache-2.0
 * Mail in memory: what becomes of content, accounts, reset. */
#define _DEFAULT_SOURCE
#include "mock/testing.h"

/* ---- content --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    struct pq_slice given, kept;
    uint64_t octets; /* as RETR sends it, without stuffing and terminator */
    bool header_8bit;
} contents[] = {
    {"CRLF", PQ_SLICE_INIT("a\r\n\r\nb\r\n"), PQ_SLICE_INIT("a\r\n\r\nb\r\n"), 8, false},
    {"LF", PQ_SLICE_INIT("a\n\nb\n"), PQ_SLICE_INIT("a\r\n\r\nb\r\n"), 8, false},
    {"mixed", PQ_SLICE_INIT("a\n\r\nb\r\n\n"), PQ_SLICE_INIT("a\r\n\r\nb\r\n\r\n"), 10, false},
    {"bare CR", PQ_SLICE_INIT("a\rb\r\n"), PQ_SLICE_INIT("a\rb\r\n"), 5, false},
    {"CR at the end", PQ_SLICE_INIT("a\r"), PQ_SLICE_INIT("a\r"), 4, false},
    {"CR CRLF", PQ_SLICE_INIT("a\r\r\n"), PQ_SLICE_INIT("a\r\r\n"), 4, false},
    {"NUL", PQ_SLICE_INIT("a\0b\n"), PQ_SLICE_INIT("a\0b\r\n"), 5, false},
    {"no line end", PQ_SLICE_INIT("a"), PQ_SLICE_INIT("a"), 3, false},
    {"line end only", PQ_SLICE_INIT("\n"), PQ_SLICE_INIT("\r\n"), 2, false},
    {"empty", PQ_SLICE_INIT(""), PQ_SLICE_INIT(""), 0, false},
    {"8-bit body", PQ_SLICE_INIT("a\n\n\xC3\xA9\n"), PQ_SLICE_INIT("a\r\n\r\n\xC3\xA9\r\n"), 9,
     false},
    {"8-bit header", PQ_SLICE_INIT("\xC3\xA9\n\nb\n"), PQ_SLICE_INIT("\xC3\xA9\r\n\r\nb\r\n"), 9,
     true},
    {"8-bit behind LF CR", PQ_SLICE_INIT("a\n\r\x80\n"), PQ_SLICE_INIT("a\r\n\r\x80\r\n"), 7, true},
    {"8-bit body, no header", PQ_SLICE_INIT("\n\xC3\xA9\n"), PQ_SLICE_INIT("\r\n\xC3\xA9\r\n"), 6,
     false},
    {"8-bit in the last header", PQ_SLICE_INIT("a\n\x80"), PQ_SLICE_INIT("a\r\n\x80"), 6, true},
};

static void test_content_is_normalised(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(contents); i++) {
        struct pq_store s;
        pq_store_init(&s, pq_alloc_default());
        struct pq_account *a = pq_store_add(&s, PQ_SLICE("a"), PQ_SLICE("b"));
        struct pq_slice given = guard_slice(contents[i].given);
        assert_int_equal(pq_store_deliver(&s, a, PQ_SLICE("x"), given), PQ_STATUS_OK);
        const struct pq_stored *m = a->messages[0];
        expect_octets(contents[i].name, m->content, contents[i].kept);
        assert_int_equal(m->octets, contents[i].octets);
        assert_int_equal(m->header_8bit, contents[i].header_8bit);
        pq_store_free(&s);
    }
}

/* LIST tells exactly what RETR sends, for every content. */
static void test_sizes_are_what_is_sent(void **state)
{
    (void)state;
    static struct received r;
    for (size_t i = 0; i < COUNT(contents); i++) {
        struct pq_mock m;
        mock_begin(&m);
        m.config.utf8 = false;
        add_mail(&m, "tim", contents[i].given);
        uint64_t octets = contents[i].octets;
        converse(&m, PQ_SLICE(LOGIN), 4096, &r);
        size_t login_len = r.len;
        converse(&m, PQ_SLICE(LOGIN "RETR 1\r\n"), 4096, &r);
        /* status line and terminator besides; no line here begins with a dot */
        assert_int_equal(r.len - login_len, 21 + octets + 3);
        pq_mock_free(&m);
    }
}

static void test_unique_ids(void **state)
{
    (void)state;
    struct pq_store s;
    pq_store_init(&s, pq_alloc_default());
    struct pq_account *a = pq_store_add(&s, PQ_SLICE("a"), PQ_SLICE("b"));
    static const struct {
        const char *label, *content;
    } mail[] = {{"1", "a"}, {"1", "b"}, {"2", "a"}, {"1", "a\n"}};
    for (size_t i = 0; i < COUNT(mail); i++) {
        struct pq_slice content = pq_slice_text(mail[i].content);
        assert_int_equal(pq_store_deliver(&s, a, pq_slice_text(mail[i].label), content), 0);
        struct pq_slice uid = pq_slice_of(a->messages[i]->uid, PQ_STORE_UID_LEN);
        assert_true(pq_slice_is_visible(uid));
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(a->messages[k]->uid, uid.at, uid.len);
    }
    assert_int_equal(pq_store_deliver(&s, a, PQ_SLICE("1"), PQ_SLICE("a")), 0);
    assert_memory_equal(a->messages[4]->uid, a->messages[0]->uid, PQ_STORE_UID_LEN);
    pq_store_free(&s);
}

/* ---- accounts -------------------------------------------------------------------------------- */

static void test_the_number_of_accounts_is_limited(void **state)
{
    (void)state;
    struct pq_store s;
    char name[16];
    pq_store_init(&s, pq_alloc_default());
    for (unsigned i = 0; i < PQ_STORE_ACCOUNTS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "%u", i);
        assert_non_null(pq_store_add(&s, pq_slice_text(name), PQ_SLICE("p")));
    }
    assert_null(pq_store_add(&s, PQ_SLICE("one more"), PQ_SLICE("p")));
    assert_int_equal(s.count, PQ_STORE_ACCOUNTS_MAX);
    assert_null(pq_store_find(&s, PQ_SLICE("one more")));
    for (unsigned i = 0; i < PQ_STORE_ACCOUNTS_MAX; i += 97) {
        (void)snprintf(name, sizeof(name), "%u", i);
        expect_octets("name", pq_store_find(&s, pq_slice_text(name))->name, pq_slice_text(name));
    }
    assert_null(pq_store_find(&s, PQ_SLICE("")));
    assert_null(pq_store_find(&s, PQ_SLICE("1 ")));
    pq_store_free(&s);
}

static void test_memory_that_runs_out(void **state)
{
    (void)state;
    size_t n = 1;
    for (bool clean = false; !clean; n++) {
        struct nth_fault f = {.fail_at = n, .lasts = true};
        struct pq_store s;
        pq_store_init(&s, fault_alloc(&f));
        struct pq_account *a = pq_store_add(&s, PQ_SLICE("a"), PQ_SLICE("b"));
        size_t delivered = 0;
        static uint8_t large[10000];
        for (size_t i = 0; a && i < 5; i++)
            delivered += pq_store_deliver(&s, a, PQ_SLICE("x"), pq_slice_of(large, i * 2500)) ==
                         PQ_STATUS_OK;
        assert_true(!a || a->count == delivered);
        clean = f.calls < n;
        assert_true(!clean || delivered == 5);
        pq_store_free(&s);
    }
    assert_in_range(n, 6, 20);
}

/* ---- reset ----------------------------------------------------------------------------------- */

static void deliver(struct pq_store *s, struct pq_account *a, bool delivered)
{
    assert_int_equal(pq_store_deliver(s, a, PQ_SLICE("x"), PQ_SLICE("y")), PQ_STATUS_OK);
    a->messages[a->count - 1]->delivered = delivered;
}

/* Delivers `more`, removes every second message, and resets. */
static void check_reset(struct pq_store *s, struct pq_account *a, size_t more)
{
    size_t loaded = a->count;
    for (size_t i = 0; i < more; i++)
        deliver(s, a, true);
    for (size_t i = 0; i < a->count; i++)
        a->messages[i]->gone = i % 2;
    a->logged_in_before = true;
    pq_store_reset(s);
    assert_int_equal(a->count, loaded);
    assert_false(a->logged_in_before);
    for (size_t i = 0; i < a->count; i++)
        assert_false(a->messages[i]->gone);
}

static void test_reset(void **state)
{
    (void)state;
    struct pq_store s;
    pq_store_init(&s, pq_alloc_default());
    struct pq_account *a = pq_store_add(&s, PQ_SLICE("a"), PQ_SLICE("b"));
    for (size_t loaded = 0; loaded < 9; loaded++) {
        for (size_t more = 0; more < 9; more++)
            check_reset(&s, a, more);
        deliver(&s, a, false);
    }
    pq_store_free(&s);
}

/* A session that is open keeps its view: what was delivered and forgotten can still be read. */
static void test_reset_under_an_open_session(void **state)
{
    (void)state;
    static struct received r;
    struct pq_mock m;
    mock_begin(&m);
    add_mail(&m, "tim", PQ_SLICE("one\n"));
    add_mail(&m, "tim", PQ_SLICE("two\n"));
    struct pq_account *a = pq_store_find(&m.store, PQ_SLICE("tim"));
    a->messages[1]->delivered = true;
    struct pq_server *s = pq_server_new(&m, PQ_TLS_NONE, 0);
    (void)talk(s, PQ_SLICE(LOGIN), 4096, 0, &r);
    pq_store_reset(&m.store);
    r.len = 0;
    (void)talk(s, PQ_SLICE("RETR 2\r\nDELE 2\r\nQUIT\r\n"), 4096, 0, &r);
    expect_octets("after reset", received_slice(&r),
                  PQ_SLICE("+OK message follows\r\ntwo\r\n.\r\n+OK message marked as deleted\r\n"
                           "+OK bye\r\n"));
    pq_server_free(s);
    assert_int_equal(a->count, 1);
    pq_mock_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_is_normalised),
        cmocka_unit_test(test_sizes_are_what_is_sent),
        cmocka_unit_test(test_unique_ids),
        cmocka_unit_test(test_the_number_of_accounts_is_limited),
        cmocka_unit_test(test_memory_that_runs_out),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_reset_under_an_open_session),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
