/* SPDX-License-Identifier: Apache-2.0
 * An mbox as a maildrop: where messages begin, what stays the same, and what is lost when something
 * fails, which is nothing. */
#define _GNU_SOURCE
#include "mock/testing.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "mock/mbox.h"

/* ---- a file ---------------------------------------------------------------------------------- */

struct drop {
    char folder[64], path[80], beside[96], lock[96];
    struct pq_mock mock;
    struct pq_why why;
};

static void write_file(const char *path, struct pq_slice octets, const char *mode)
{
    FILE *f = fopen(path, mode);
    assert_non_null(f);
    assert_int_equal(fwrite(octets.at, 1, octets.len, f), octets.len);
    assert_int_equal(fclose(f), 0);
}

static struct pq_slice read_back(const char *path)
{
    static uint8_t memory[1u << 20];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(memory, 1, sizeof(memory), f);
    assert_int_equal(fclose(f), 0);
    return pq_slice_of(memory, n);
}

static struct pq_account *account(struct drop *d)
{
    return pq_store_find(&d->mock.store, PQ_SLICE("tim"));
}

static enum pq_status drop_open(struct drop *d, struct pq_slice octets)
{
    (void)snprintf(d->folder, sizeof(d->folder), "/tmp/popquiz-mbox-XXXXXX");
    assert_non_null(mkdtemp(d->folder));
    (void)snprintf(d->path, sizeof(d->path), "%s/tim", d->folder);
    (void)snprintf(d->beside, sizeof(d->beside), "%s.popquiz", d->path);
    (void)snprintf(d->lock, sizeof(d->lock), "%s.lock", d->path);
    write_file(d->path, octets, "w");
    mock_begin(&d->mock);
    d->why.text[0] = 0;
    return pq_mbox_load(&d->mock.store, account(d), d->path, &d->why);
}

static void drop_close(struct drop *d)
{
    assert_int_equal(access(d->lock, F_OK), -1);
    pq_mock_free(&d->mock);
    (void)unlink(d->path);
    (void)unlink(d->beside);
    assert_int_equal(rmdir(d->folder), 0);
}

/* The content of all messages, each with a "|" behind it. */
static struct pq_slice contents(const struct pq_account *a)
{
    static uint8_t memory[4096];
    struct pq_buf text;
    pq_buf_init(&text, memory, sizeof(memory));
    for (size_t i = 0; i < a->count; i++) {
        if (a->messages[i]->gone)
            continue;
        pq_buf_put(&text, a->messages[i]->content);
        pq_buf_put_octet(&text, '|');
    }
    return pq_buf_slice(&text);
}

/* ---- reading --------------------------------------------------------------------------------- */

static const struct {
    const char *name, *file, *contents;
} files[] = {
    {"nothing", "", ""},
    {"two", "From a\nX: 1\n\none\n\nFrom b\nX: 2\n\ntwo\n\n",
     "X: 1\r\n\r\none\r\n|X: 2\r\n\r\ntwo\r\n|"},
    {"CRLF", "From a\r\nX: 1\r\n\r\none\r\n\r\nFrom b\r\nX: 2\r\n",
     "X: 1\r\n\r\none\r\n|X: 2\r\n|"},
    {"no line end at the end", "From a\nX: 1\n\nlast", "X: 1\r\n\r\nlast|"},
    {"no empty line at the end", "From a\nX: 1\n\nlast\n", "X: 1\r\n\r\nlast\r\n|"},
    {"two empty lines at the end", "From a\nX: 1\n\nlast\n\n\n", "X: 1\r\n\r\nlast\r\n\r\n|"},
    {"From in a paragraph", "From a\nX: 1\n\none\nFrom here on\n",
     "X: 1\r\n\r\none\r\nFrom here on\r\n|"},
    {"quoted", "From a\nX\n\n>From b\n>>From c\n> From\n>from\n",
     "X\r\n\r\nFrom b\r\n>From c\r\n> From\r\n>from\r\n|"},
    {"Content-Length is no length", "From a\nContent-Length: 999\n\n1\n\nFrom b\nY\n\n2\n",
     "Content-Length: 999\r\n\r\n1\r\n|Y\r\n\r\n2\r\n|"},
    {"a header alone", "From a\nX: 1\n\nFrom b\nX: 2\n\n", "X: 1\r\n|X: 2\r\n|"},
    {"no content", "From a\n\nFrom b\n", "||"},
    {"a lone mark", "From ", "|"},
};

static void finds_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        static struct drop d;
        assert_int_equal(drop_open(&d, pq_slice_text(files[i].file)), PQ_STATUS_OK);
        expect_octets(files[i].name, contents(account(&d)), pq_slice_text(files[i].contents));
        drop_close(&d);
    }
}

static void tells_what_is_no_mbox(void **state)
{
    static const char *const bad[] = {"x", "\nFrom a\n", "from a\n", "From", ">From a\n"};
    char want[256];
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        static struct drop d;
        assert_int_equal(drop_open(&d, pq_slice_text(bad[i])), PQ_STATUS_FILE);
        (void)snprintf(want, sizeof(want),
                       "%s:1: is no mbox: its first line must begin with \"From \"", d.path);
        assert_string_equal(d.why.text, want);
        drop_close(&d);
    }
}

/* ---- sessions -------------------------------------------------------------------------------- */

#define THREE                                                                                      \
    "From a\nX: 1\n\n>From one\n\n"                                                                \
    "From b\nX: 2\n\ntwo\n\n"                                                                      \
    "From c\nX: 3\n\nthree\n\n"
#define FOUR "From d\nX: 4\n\nfour"

static struct received got;

static struct pq_server *begin(struct drop *d)
{
    struct pq_server *s = pq_server_new(&d->mock, PQ_TLS_NONE, 0);
    assert_non_null(s);
    drain(s, 4096, 0, &got);
    (void)talk(s, PQ_SLICE(LOGIN), 4096, 0, &got);
    got.len = 0;
    return s;
}

static void say(struct pq_server *s, const char *lines)
{
    (void)talk(s, pq_slice_text(lines), 4096, 0, &got);
}

static void run_session(struct drop *d, const char *lines)
{
    struct pq_server *s = begin(d);
    say(s, lines);
    pq_server_free(s);
}

static void removes_at_quit_only(void **state)
{
    static struct drop d;
    (void)state;
    assert_int_equal(drop_open(&d, PQ_SLICE(THREE)), PQ_STATUS_OK);
    run_session(&d, "DELE 1\r\nDELE 3\r\n");
    expect_octets("dropped", read_back(d.path), PQ_SLICE(THREE));
    run_session(&d, "DELE 1\r\nDELE 3\r\nRSET\r\nDELE 2\r\nQUIT\r\n");
    expect_octets("one", read_back(d.path),
                  PQ_SLICE("From a\nX: 1\n\n>From one\n\nFrom c\nX: 3\n\nthree\n\n"));
    run_session(&d, "DELE 1\r\nDELE 2\r\nQUIT\r\n");
    expect_octets("all", read_back(d.path), PQ_SLICE(""));
    drop_close(&d);
}

static void keeps_mail_that_comes_meanwhile(void **state)
{
    static struct drop d;
    struct stat before, after;
    (void)state;
    assert_int_equal(drop_open(&d, PQ_SLICE(THREE)), PQ_STATUS_OK);
    assert_int_equal(stat(d.path, &before), 0);
    struct pq_server *s = begin(&d);
    write_file(d.path, PQ_SLICE(FOUR), "a");
    say(s, "STAT\r\nDELE 2\r\nQUIT\r\n");
    assert_memory_equal(got.at, "+OK 3 ", 6);
    pq_server_free(s);
    expect_octets("file", read_back(d.path),
                  PQ_SLICE("From a\nX: 1\n\n>From one\n\nFrom c\nX: 3\n\nthree\n\n" FOUR));
    assert_int_equal(stat(d.path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    run_session(&d, "STAT\r\n");
    assert_memory_equal(got.at, "+OK 3 ", 6);
    drop_close(&d);
}

static void unique_ids_stay(void **state)
{
    static struct drop d;
    static uint8_t before[4096];
    static const char *const twins = "From a\nX\n\nFrom a\nX\n\nFrom b\nX\n\nFrom a\nX\n";
    (void)state;
    assert_int_equal(drop_open(&d, pq_slice_text(twins)), PQ_STATUS_OK);
    run_session(&d, "UIDL 1\r\nUIDL 2\r\nUIDL 3\r\nUIDL 4\r\n");
    assert_true(got.len < sizeof(before));
    memcpy(before, got.at, got.len);
    const size_t line = sizeof("+OK 1 \r\n") - 1 + PQ_STORE_UID_LEN;
    assert_int_equal(got.len, 4 * line);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(before + i * line + 6, before + k * line + 6, PQ_STORE_UID_LEN);
    pq_mock_free(&d.mock); /* another process */
    mock_begin(&d.mock);
    assert_int_equal(pq_mbox_load(&d.mock.store, account(&d), d.path, &d.why), PQ_STATUS_OK);
    run_session(&d, "UIDL 1\r\nUIDL 2\r\nUIDL 3\r\nUIDL 4\r\n");
    expect_octets("again", received_slice(&got), pq_slice_of(before, 4 * line));
    run_session(&d, "DELE 4\r\nDELE 1\r\nQUIT\r\n");
    run_session(&d, "UIDL 2\r\n"); /* the one from b, wherever it stands */
    assert_memory_equal(got.at + 6, before + 2 * line + 6, PQ_STORE_UID_LEN);
    drop_close(&d);
}

static void a_file_that_went_is_an_empty_maildrop(void **state)
{
    static struct drop d;
    (void)state;
    assert_int_equal(drop_open(&d, PQ_SLICE(THREE)), PQ_STATUS_OK);
    struct pq_server *s = begin(&d);
    assert_int_equal(unlink(d.path), 0);
    got.len = 0;
    say(s, "RETR 2\r\nDELE 2\r\nQUIT\r\n");
    assert_non_null(memmem(got.at, got.len, "two\r\n.\r\n+OK", 10));
    assert_non_null(memmem(got.at, got.len, "+OK bye", 7));
    pq_server_free(s);
    run_session(&d, "STAT\r\n");
    expect_octets("empty", received_slice(&got), PQ_SLICE("+OK 0 0\r\n"));
    drop_close(&d);
}

/* ---- locks ----------------------------------------------------------------------------------- */

static void waits_for_locks_in_vain(void **state)
{
    static struct drop d;
    (void)state;
    assert_int_equal(drop_open(&d, PQ_SLICE(THREE)), PQ_STATUS_OK);
    struct pq_server *s = begin(&d);
    write_file(d.lock, PQ_SLICE(""), "w");
    say(s, "DELE 1\r\nQUIT\r\n");
    assert_non_null(memmem(got.at, got.len, "-ERR [SYS/TEMP]", 15));
    pq_server_free(s);
    assert_int_equal(access(d.lock, F_OK), 0); /* it is not ours */
    assert_int_equal(unlink(d.lock), 0);
    expect_octets("file", read_back(d.path), PQ_SLICE(THREE));
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t other = fork(); /* locks of fcntl() are between processes */
    assert_true(other >= 0);
    if (other == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(d.path, O_RDWR);
        ssize_t told = fcntl(fd, F_SETLK, &lock) == 0 ? write(ready[1], "x", 1) : 0;
        (void)told;
        (void)pause();
        _exit(0);
    }
    char octet;
    assert_int_equal(read(ready[0], &octet, 1), 1);
    run_session(&d, "DELE 1\r\nQUIT\r\n");
    expect_octets("locked", read_back(d.path), PQ_SLICE(THREE));
    assert_int_equal(kill(other, SIGKILL), 0);
    assert_int_equal(waitpid(other, NULL, 0), other);
    (void)close(ready[0]);
    (void)close(ready[1]);
    run_session(&d, "DELE 1\r\nQUIT\r\n");
    assert_int_equal(read_back(d.path).len, sizeof(THREE) - 1 - 24);
    drop_close(&d);
}

/* ---- failures -------------------------------------------------------------------------------- */

struct nth_call {
    size_t calls, fail_at;
    bool once; /* only that one, and not all that follow */
};

static bool fails(void *ctx)
{
    struct nth_call *n = ctx;
    n->calls++;
    return n->once ? n->calls == n->fail_at : n->calls >= n->fail_at;
}

static bool holds(struct pq_slice octets, const char *text)
{
    return memmem(octets.at, octets.len, text, strlen(text)) != NULL;
}

/* Whether each message that was to stay is whole, in the file or in the one beside it. */
static bool is_there(const struct drop *d, const char *message)
{
    return holds(read_back(d->path), message) ||
           (access(d->beside, F_OK) == 0 && holds(read_back(d->beside), message));
}

/* The message that goes is shorter than the one behind it, which so is overwritten by itself. */
#define SHORT "From b\nX\n\n"
#define LONG "From c\nX: 3\n\nthree, and more than two, and still more than that\n\n"

/* Any system call fails, alone or with all that follow: QUIT says so, and what was to stay is
 * there. */
static void check_failures(bool once)
{
    bool whole = false;
    size_t fail_at = 0;
    while (!whole) {
        static struct drop d;
        struct nth_call n = {.fail_at = ++fail_at, .once = once};
        assert_int_equal(drop_open(&d, PQ_SLICE("From a\nX: 1\n\n" SHORT LONG FOUR)), PQ_STATUS_OK);
        struct pq_server *s = begin(&d);
        account(&d)->mbox->fails = fails;
        account(&d)->mbox->ctx = &n;
        account(&d)->mbox->write_max = 7;
        say(s, "DELE 2\r\nQUIT\r\n");
        account(&d)->mbox->fails = NULL;
        pq_server_free(s);
        whole = n.calls < fail_at;
        assert_true(is_there(&d, "From a\nX: 1\n\n"));
        assert_true(is_there(&d, LONG));
        assert_true(is_there(&d, FOUR));
        assert_true(holds(received_slice(&got), "+OK bye") == whole);
        if (!holds(received_slice(&got), "+OK bye"))
            assert_true(holds(received_slice(&got), "-ERR [SYS/TEMP]"));
        drop_close(&d);
    }
    assert_true(fail_at > 10);
}

static void loses_nothing(void **state)
{
    (void)state;
    check_failures(false);
    check_failures(true);
}

/* A file that a failure left is not written over. */
static void minds_what_a_failure_left(void **state)
{
    static struct drop d;
    (void)state;
    assert_int_equal(drop_open(&d, PQ_SLICE(THREE)), PQ_STATUS_OK);
    write_file(d.beside, PQ_SLICE("mail"), "w");
    run_session(&d, "DELE 1\r\nQUIT\r\n");
    assert_true(holds(received_slice(&got), "-ERR [SYS/TEMP]"));
    expect_octets("file", read_back(d.path), PQ_SLICE(THREE));
    expect_octets("beside", read_back(d.beside), PQ_SLICE("mail"));
    drop_close(&d);
}

/* Memory that runs out while the file is read again: the maildrop stays as it was. */
static void survives_without_memory(void **state)
{
    static struct drop d;
    bool whole = false;
    (void)state;
    assert_int_equal(drop_open(&d, PQ_SLICE(THREE)), PQ_STATUS_OK);
    write_file(d.path, PQ_SLICE(FOUR), "a");
    struct pq_store *store = &d.mock.store;
    struct pq_alloc real = store->alloc;
    for (size_t fail_at = 1; !whole; fail_at++) {
        struct nth_fault fault = {.fail_at = fail_at};
        store->alloc = store->arena.alloc =
            (struct pq_alloc){.resize = fault_resize, .ctx = &fault};
        whole = pq_mbox_refresh(store, account(&d), &d.why) == PQ_STATUS_OK;
        store->alloc = store->arena.alloc = real;
        assert_int_equal(account(&d)->count, whole ? 4 : 3);
    }
    drop_close(&d);
}

/* ---- many ------------------------------------------------------------------------------------ */

#define MANY 100000u

static void holds_many(void **state)
{
    static struct drop d;
    struct pq_bytes file;
    char text[64];
    (void)state;
    pq_bytes_init(&file, pq_alloc_default(), MANY * sizeof(text));
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof(text), "From x\nX: %u\n\nbody\n\n", i);
        assert_int_equal(pq_bytes_put_text(&file, text), PQ_STATUS_OK);
    }
    assert_int_equal(drop_open(&d, pq_bytes_slice(&file)), PQ_STATUS_OK);
    assert_int_equal(account(&d)->count, MANY);
    run_session(&d, "DELE 1\r\nDELE 100000\r\nQUIT\r\n");
    run_session(&d, "STAT\r\n");
    assert_memory_equal(got.at, "+OK 99998 ", 10);
    pq_bytes_free(&file);
    drop_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_messages),
        cmocka_unit_test(tells_what_is_no_mbox),
        cmocka_unit_test(removes_at_quit_only),
        cmocka_unit_test(keeps_mail_that_comes_meanwhile),
        cmocka_unit_test(unique_ids_stay),
        cmocka_unit_test(a_file_that_went_is_an_empty_maildrop),
        cmocka_unit_test(waits_for_locks_in_vain),
        cmocka_unit_test(loses_nothing),
        cmocka_unit_test(minds_what_a_failure_left),
        cmocka_unit_test(survives_without_memory),
        cmocka_unit_test(holds_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
