/* SPDX-License-Identifier: Apache-2.0
 * The login that inputs of AFL++ are given: which get it, where it stands, what is left alone. */
#define _DEFAULT_SOURCE
#include "base/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/file.h"

#define LOGIN "USER a\r\nPASS b\r\n"

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_post_process(void *data, uint8_t *buf, size_t size, uint8_t **out);
uint8_t afl_custom_queue_new_entry(void *data, const uint8_t *name, const uint8_t *from);
int32_t afl_custom_init_trim(void *data, uint8_t *buf, size_t size);
size_t afl_custom_trim(void *data, uint8_t **out);
int32_t afl_custom_post_trim(void *data, uint8_t success);
void afl_custom_deinit(void *data);

static void write_file(const char *path, const char *text)
{
    assert_int_equal(pq_file_replace(path, pq_slice_text(text)), PQ_STATUS_OK);
}

/* AFL++'s mutator that knows the login of `text`; NULL: it refuses. */
static void *mutator_with_login(const char *text)
{
    const char *path = "login_test.raw";
    write_file(path, text);
    assert_int_equal(setenv("POPQUIZ_LOGIN", path, 1), 0);
    void *m = afl_custom_init(NULL, 1);
    assert_int_equal(unsetenv("POPQUIZ_LOGIN"), 0);
    assert_int_equal(remove(path), 0);
    return m;
}

/* What is played instead of `text` behind a word that makes it an input of its own. */
static struct pq_slice put(void *m, const char *text, unsigned number, uint8_t *in)
{
    uint8_t *out;
    int len = snprintf((char *)in, 256, "%sTOP 1 %u\r\n", text, number);
    assert_true(len > 0 && len < 256);
    size_t got = afl_custom_post_process(m, in, (size_t)len, &out);
    return pq_slice_of(out, got);
}

static void test_most_inputs_are_given_the_login(void **state)
{
    static const char *const texts[] = {"", "STAT\r\n", "USER a\r\nPASS wrong\r\n",
                                        "APOP a 0123\r\nSTAT\r\n"};
    static const char *const ends[] = {"", "STAT\r\n", "", "STAT\r\n"};
    void *m = mutator_with_login(LOGIN);
    (void)state;
    assert_non_null(m);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        unsigned given = 0;
        for (unsigned n = 0; n < 400; n++) {
            uint8_t in[256], again[256];
            char wanted[256];
            struct pq_slice got = put(m, texts[i], n, in);
            if (got.at == in)
                continue;
            (void)snprintf(wanted, sizeof(wanted), LOGIN "%sTOP 1 %u\r\n", ends[i], n);
            assert_true(pq_slice_equal(got, pq_slice_text(wanted)));
            /* What was given is left alone. */
            memcpy(again, got.at, got.len);
            uint8_t *out;
            assert_int_equal(afl_custom_post_process(m, again, got.len, &out), got.len);
            assert_ptr_equal(out, again);
            given++;
        }
        assert_in_range(given, 270, 330);
    }
    afl_custom_deinit(m);
}

/* AFL++ cuts off behind us what is too long, and asks again for the rest. */
static void test_what_is_cut_off_decides_nothing(void **state)
{
    void *m = mutator_with_login(LOGIN);
    static uint8_t in[5000], *out;
    (void)state;
    for (unsigned n = 0; n < 40; n++) {
        memset(in, (int)('A' + n), sizeof(in));
        bool whole = afl_custom_post_process(m, in, sizeof(in), &out) == sizeof(in);
        assert_int_equal(afl_custom_post_process(m, in, 4096, &out) == 4096, whole);
    }
    afl_custom_deinit(m);
}

static void test_a_login_that_is_far_behind_is_no_login(void **state)
{
    void *m = mutator_with_login(LOGIN);
    unsigned given = 0;
    (void)state;
    for (unsigned n = 0; n < 20; n++) {
        uint8_t in[256];
        struct pq_slice got = put(m, "NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nPASS b\r\n", n, in);
        if (got.at == in)
            continue;
        assert_true(pq_slice_starts(got, PQ_SLICE(LOGIN "NOOP\r\nNOOP\r\n")));
        given++;
    }
    assert_true(given > 0);
    afl_custom_deinit(m);
}

static void test_seeds_and_all_without_a_known_login_are_left_alone(void **state)
{
    void *with = mutator_with_login(LOGIN), *without = afl_custom_init(NULL, 1);
    (void)state;
    for (unsigned n = 0; n < 50; n++) {
        uint8_t in[256], *out;
        struct pq_slice seed = pq_slice_of(in, 0);
        assert_ptr_equal(put(without, "", n, in).at, in);
        seed.len = strlen((char *)in);
        write_file("seed_test.raw", (char *)in);
        (void)afl_custom_queue_new_entry(with, (const uint8_t *)"seed_test.raw", NULL);
        assert_int_equal(afl_custom_post_process(with, in, seed.len, &out), seed.len);
        assert_ptr_equal(out, in);
    }
    assert_int_equal(remove("seed_test.raw"), 0);
    afl_custom_deinit(with);
    afl_custom_deinit(without);
}

static void test_an_empty_login_is_refused(void **state)
{
    (void)state;
    assert_null(mutator_with_login(""));
    assert_int_equal(setenv("POPQUIZ_LOGIN", "there-is-none.raw", 1), 0);
    assert_null(afl_custom_init(NULL, 1));
    assert_int_equal(unsetenv("POPQUIZ_LOGIN"), 0);
}

static void test_afl_does_not_trim_the_login(void **state)
{
    uint8_t in[] = LOGIN "NOOP\r\n", *out;
    void *m = mutator_with_login(LOGIN);
    (void)state;
    int32_t steps = afl_custom_init_trim(m, in, sizeof(in) - 1), step = 0;
    assert_true(steps > 0);
    for (size_t len = 0; step < steps; step = afl_custom_post_trim(m, true)) {
        len = afl_custom_trim(m, &out);
        assert_true(pq_slice_starts(pq_slice_of(out, len), PQ_SLICE(LOGIN)));
    }
    afl_custom_deinit(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_most_inputs_are_given_the_login),
        cmocka_unit_test(test_what_is_cut_off_decides_nothing),
        cmocka_unit_test(test_a_login_that_is_far_behind_is_no_login),
        cmocka_unit_test(test_seeds_and_all_without_a_known_login_are_left_alone),
        cmocka_unit_test(test_an_empty_login_is_refused),
        cmocka_unit_test(test_afl_does_not_trim_the_login),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
