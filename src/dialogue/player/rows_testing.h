/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of dialogues, what the server does, and what the judge must make of it. Included by
 * *_test.c only.
 */
#ifndef PQ_DIALOGUE_PLAYER_ROWS_TESTING_H
#define PQ_DIALOGUE_PLAYER_ROWS_TESTING_H

#include "dialogue/player/testing.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Events of a record: a line of the server on connection `n`. */
#define ON(n, text) "< " n " \"" text "\\r\\n\"\n"
#define S(text) ON("1", text)
#define SENT "> 1 \"x\"\n"
#define GREETS(n) "connect " n " ok\n" ON(n, "+OK hi")
#define LOGIN(n) GREETS(n) ON(n, "+OK") ON(n, "+OK")
/* What the barrier sees of a target that is alive, and whose stalled connection answers NOOP. */
#define PROBE GREETS("0")
#define NOOP S("+OK noop") "timeout 1\n"

struct row {
    const char *name;
    const char *body;   /* of [test], from line 9 on; line 3 is `req: RFC1939-3-002` */
    const char *events; /* behind the greeting */
    const char *sum;
};

/* Plays one row; says what is wrong with its outcome. */
static inline bool play_row(const char *dialogue, const char *events, const struct row *row)
{
    static struct played p;
    static char text[1u << 14];
    play_text(&p, dialogue, events);
    bool good = strcmp(p.sum, row->sum) == 0;
    if (!good) {
        show_transcript(&p.out, text, sizeof(text));
        print_error("%s:\n  got    %s\n  wanted %s\n  why: %s\n  expected: %s\n  actual: %s\n%s",
                    row->name, p.sum, row->sum, p.out.why, p.out.expected, p.out.actual, text);
    }
    play_done(&p);
    return good;
}

/* Runs rows whose body is a whole file, and whose events are all. */
static inline void check_files(const struct row *rows, size_t count)
{
    size_t good = 0;
    for (size_t i = 0; i < count; i++)
        good += play_row(rows[i].body, rows[i].events, &rows[i]) ? 1 : 0;
    assert_int_equal(good, count);
}

/* Runs rows behind a [given] that has connected and read the greeting. */
static inline void check_rows(const struct row *rows, size_t count)
{
    static char dialogue[1u << 14], events[1u << 14];
    size_t good = 0;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(dialogue, sizeof(dialogue),
                       "#!dlg 1\nid: x\nreq: RFC1939-3-002\n---\n[given]\n@connect\nS: +OK{*?}\n"
                       "[test]\n%s",
                       rows[i].body);
        (void)snprintf(events, sizeof(events), GREETS("1") "%s", rows[i].events);
        good += play_row(dialogue, events, &rows[i]) ? 1 : 0;
    }
    assert_int_equal(good, count);
}

#define PASS "pass - 0 RFC1939-3-002=pass"
#define NOTHING_PASSED "pass - 0"
#define FAIL(line) "fail test " line " RFC1939-3-002=fail"

#endif
