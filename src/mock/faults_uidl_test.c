/* SPDX-License-Identifier: Apache-2.0
 * Faults of sizes and of unique-ids, over messages and over sessions. */
#define _DEFAULT_SOURCE
#include "mock/fault_testing.h"

#define S(text) PQ_SLICE_INIT(text)
#define LIST "+OK scan listing follows\r\n"
#define UIDL "+OK unique-id listing follows\r\n"
#define MARKED "+OK message marked as deleted\r\n"
#define BYE "+OK bye\r\n"
#define TWO                                                                                        \
    {                                                                                              \
        MAIL("a\r\n"), MAIL("bb\r\n")                                                              \
    }

static const struct fault_brief sizes[] = {
    {"stat-total-skips-last", TWO, "STAT\r\nDELE 2\r\nSTAT\r\nLIST 1\r\n",
     S("+OK 2 7\r\n" MARKED "+OK 1 3\r\n+OK 1 3\r\n"),
     S("+OK 2 3\r\n" MARKED "+OK 1 0\r\n+OK 1 3\r\n")},
    {"list-size-includes-terminator(messages=2)", TWO, "LIST\r\nLIST 2\r\nSTAT\r\n",
     S(LIST "1 3\r\n2 4\r\n.\r\n+OK 2 4\r\n+OK 2 7\r\n"),
     S(LIST "1 3\r\n2 7\r\n.\r\n+OK 2 7\r\n+OK 2 10\r\n")},
    {"list-size-wraps-65536(octets=4)", TWO, "LIST\r\nLIST 2\r\nSTAT\r\n",
     S(LIST "1 3\r\n2 4\r\n.\r\n+OK 2 4\r\n+OK 2 7\r\n"),
     S(LIST "1 3\r\n2 0\r\n.\r\n+OK 2 0\r\n+OK 2 3\r\n")},
};

static void test_sizes(void **state)
{
    (void)state;
    check_briefs(sizes, COUNT(sizes));
}

/* ---- unique-ids ------------------------------------------------------------------------------ */

/* The unique-ids of TWO, and of what is delivered later. */
#define A_TAIL "86019afce5ad9b1904074ddb"
#define B_TAIL "8601a015b2fcd19bb7c99136"
#define A "af63ac4c" A_TAIL
#define B "af63af4c" B_TAIL
#define C "af63ae4c86019e62a4636090def395a0"

/* Up to three sessions with one server; a session ends by itself or breaks. */
static const struct sessions {
    const char *fault;
    const char *inputs[3]; /* behind LOGIN; NULL: no session */
    bool delivery;         /* before the second one */
    const char *right, *wrong;
} sessions[] = {
    {"uidl-changes-per-session(messages=2)",
     {"UIDL\r\nUIDL 2\r\nQUIT\r\n", "UIDL 1\r\nUIDL 2\r\n"},
     false,
     UIDL "1 " A "\r\n2 " B "\r\n.\r\n+OK 2 " B "\r\n" BYE "+OK 1 " A "\r\n+OK 2 " B "\r\n",
     UIDL "1 " A "\r\n2 hggggggg" B_TAIL "\r\n.\r\n+OK 2 hggggggg" B_TAIL "\r\n" BYE "+OK 1 " A
          "\r\n+OK 2 iggggggg" B_TAIL "\r\n"},
    {"uidl-changes-after-drop",
     {"UIDL 1\r\nQUIT\r\n", "UIDL 1\r\n", "UIDL 1\r\n"},
     false,
     "+OK 1 " A "\r\n" BYE "+OK 1 " A "\r\n+OK 1 " A "\r\n",
     "+OK 1 " A "\r\n" BYE "+OK 1 " A "\r\n+OK 1 hggggggg" A_TAIL "\r\n"},
    {"uidl-changes-after-retr",
     {"RETR 1\r\nUIDL 1\r\nQUIT\r\n", "UIDL 1\r\nUIDL 2\r\nRETR 2\r\n", "UIDL 2\r\n"},
     false,
     "+OK message follows\r\na\r\n.\r\n+OK 1 " A "\r\n" BYE "+OK 1 " A "\r\n+OK 2 " B
     "\r\n+OK message follows\r\nbb\r\n.\r\n+OK 2 " B "\r\n",
     "+OK message follows\r\na\r\n.\r\n+OK 1 " A "\r\n" BYE "+OK 1 iggggggg" A_TAIL "\r\n+OK 2 " B
     "\r\n+OK message follows\r\nbb\r\n.\r\n+OK 2 " B "\r\n"},
    {"uidl-reuses-id",
     {"DELE 2\r\nQUIT\r\n", "UIDL\r\nQUIT\r\n", "UIDL 2\r\n"},
     true,
     MARKED BYE UIDL "1 " A "\r\n2 " C "\r\n.\r\n" BYE "+OK 2 " C "\r\n",
     MARKED BYE UIDL "1 " A "\r\n2 " B "\r\n.\r\n" BYE "+OK 2 " B "\r\n"},
    {"uidl-collides-same-size",
     {"UIDL\r\n"},
     false,
     UIDL "1 " A "\r\n2 " B "\r\n.\r\n",
     UIDL "1 size-3\r\n2 size-4\r\n.\r\n"},
    {"uidl-shifts-after-dele",
     {"DELE 1\r\nUIDL\r\nUIDL 2\r\nLIST\r\n"},
     false,
     MARKED UIDL "2 " B "\r\n.\r\n+OK 2 " B "\r\n" LIST "2 4\r\n.\r\n",
     MARKED UIDL "1 " B "\r\n.\r\n+OK 2 " B "\r\n" LIST "2 4\r\n.\r\n"},
    {"uidl-single-differs",
     {"UIDL 1\r\nUIDL 2\r\nUIDL\r\n"},
     false,
     "+OK 1 " A "\r\n+OK 2 " B "\r\n" UIDL "1 " A "\r\n2 " B "\r\n.\r\n",
     "+OK 1 " B "\r\n+OK 2 " A "\r\n" UIDL "1 " A "\r\n2 " B "\r\n.\r\n"},
    {"uidl-71-chars(messages=2)",
     {"UIDL 1\r\nUIDL 2\r\n"},
     false,
     "+OK 1 " A "\r\n+OK 2 " B "\r\n",
     "+OK 1 " A "\r\n+OK 2 " B "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"},
    {"uidl-has-blank-or-8bit(octet=233,messages=1)",
     {"UIDL 1\r\nUIDL 2\r\n"},
     false,
     "+OK 1 " A "\r\n+OK 2 " B "\r\n",
     "+OK 1 af63ac4c86019afc\xE9"
     "5ad9b1904074ddb\r\n+OK 2 " B "\r\n"},
};

/* What is answered behind LOGIN, in all sessions. */
static struct pq_slice play(const struct sessions *c, const char *fault)
{
    static const struct fault_case mail = {.mail = TWO};
    static struct received r, all;
    struct pq_mock m;
    char input[256];
    fault_begin(&m, &mail, fault, 0);
    all.len = 0;
    for (size_t i = 0; i < COUNT(c->inputs) && c->inputs[i]; i++) {
        (void)snprintf(input, sizeof(input), LOGIN "%s", c->inputs[i]);
        converse(&m, pq_slice_text(input), SIZE_MAX, &r);
        struct pq_slice answers = received_slice(&r);
        (void)pq_slice_cut(&answers, '\n');
        (void)pq_slice_cut(&answers, '\n');
        receive(&all, answers);
        if (i == 0 && c->delivery) {
            struct pq_account *a = pq_store_find(&m.store, PQ_SLICE("tim"));
            add_mail(&m, "tim", PQ_SLICE("cc\r\n"));
            a->messages[a->count - 1]->delivered = true;
        }
    }
    pq_mock_free(&m);
    return received_slice(&all);
}

static void test_unique_ids(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sessions); i++) {
        const struct sessions *c = &sessions[i];
        expect_octets("the reference", play(c, NULL), pq_slice_text(c->right));
        expect_octets(c->fault, play(c, c->fault), pq_slice_text(c->wrong));
    }
}

/* The control channel's reset makes the mail as it was. */
static void test_a_reset_forgets_what_was_sent(void **state)
{
    (void)state;
    static const struct fault_case mail = {.mail = TWO};
    static struct received r;
    struct pq_mock m;
    fault_begin(&m, &mail, "uidl-changes-after-retr", 0);
    converse(&m, PQ_SLICE(LOGIN "RETR 1\r\nQUIT\r\n"), SIZE_MAX, &r);
    pq_store_reset(&m.store);
    converse(&m, PQ_SLICE(LOGIN "UIDL 1\r\n"), SIZE_MAX, &r);
    expect_octets("after the reset", pq_slice_after(received_slice(&r), r.len - strlen(A) - 2),
                  PQ_SLICE(A "\r\n"));
    pq_mock_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_unique_ids),
        cmocka_unit_test(test_a_reset_forgets_what_was_sent),
    };
    return cmocka_run_group_tests_name("faults_uidl", tests, NULL, NULL);
}
