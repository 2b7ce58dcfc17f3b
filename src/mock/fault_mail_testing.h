/* SPDX-License-Identifier: Apache-2.0
 *
 * What the unit tests of faults say and hear about one maildrop of four messages. Included by
 * faults_*_test.c only, with _DEFAULT_SOURCE defined.
 */
#ifndef PQ_MOCK_FAULT_MAIL_TESTING_H
#define PQ_MOCK_FAULT_MAIL_TESTING_H

#include "mock/fault_testing.h"

#define IN LOGIN
/* Messages 1 to 4 have 3, 4, 5 and 6 octets, 18 together. */
#define FOUR                                                                                       \
    {                                                                                              \
        MAIL("a\r\n"), MAIL("bb\r\n"), MAIL("ccc\r\n"), MAIL("dddd\r\n")                           \
    }
#define SEND "+OK send PASS\r\n"
#define OPEN "+OK maildrop has 4 messages (18 octets)\r\n"
#define OUT SEND OPEN
#define DELE "+OK message marked as deleted\r\n"
#define RETR "+OK message follows\r\n"
#define LIST "+OK scan listing follows\r\n"
#define UIDL "+OK unique-id listing follows\r\n"
#define RSET "+OK no message is marked\r\n"
#define TOP "+OK top of message follows\r\n"
#define BYE "+OK bye\r\n"
#define OK "+OK\r\n"
#define STATE "-ERR the command is not valid in this state\r\n"
#define SEQUENCE "-ERR PASS must follow USER immediately, and USER only stands first\r\n"
#define REFUSED "-ERR [AUTH] invalid name or password\r\n"
#define IN_USE "-ERR [IN-USE] the maildrop is open in another session\r\n"
#define NONE_SUCH "-ERR no such message\r\n"

#define DELE_123 IN "DELE 1\r\nDELE 2\r\nDELE 3\r\n"
#define DELE_123_OUT OUT DELE DELE DELE
/* Everything that asks about marks, while there are none, and about a message without. */
#define UNMARKED                                                                                   \
    IN "LIST\r\nUIDL\r\nSTAT\r\nRETR 1\r\nRSET\r\nDELE 2\r\nRSET\r\nSTAT\r\nRETR 2\r\nRETR 5\r\n"  \
       "DELE 5\r\nLIST 5\r\nTOP 1 0\r\n"

/* What a fault whose constants make no difference answers, whatever the seed. */
#define SAME(answers)                                                                              \
    {                                                                                              \
        answers, answers, answers                                                                  \
    }

static inline void check_faults(const struct fault_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_fault(&cases[i]);
}

/* ---- several sessions of one server ---------------------------------------------------------- */

/* A session that stays open behind the answers to `input`, which `r` has. */
static inline struct pq_server *open_session(struct pq_mock *m, const char *input,
                                             struct received *r)
{
    struct pq_server *s = pq_server_new(m, PQ_TLS_NONE, 0);
    assert_non_null(s);
    drain(s, SIZE_MAX, 0, r);
    r->len = 0;
    (void)talk(s, pq_slice_text(input), SIZE_MAX, 0, r);
    return s;
}

/* What is answered to `input` in a session of its own, behind the login. */
static inline void expect_session(struct pq_mock *m, const char *what, const char *input,
                                  const char *answers)
{
    static struct received r;
    pq_server_free(open_session(m, input, &r));
    expect_octets(what, received_slice(&r), pq_slice_text(answers));
}

#endif
